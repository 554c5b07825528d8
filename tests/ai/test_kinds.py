"""What kind of picture it is follows from what the camera wrote, the file's name and shape, and what was seen."""

from __future__ import annotations

import math
from datetime import datetime

import msgspec
import pytest

from core.ai import CameraSettings, PhotoFacts
from core.ai.kinds import exposure_value, is_blurry, is_macro, is_night, is_portrait, is_selfie, medium
from core.media.facts import CaptureSource, CaptureTime, Kind, Quality, Tag, Tagging

PHOTO = PhotoFacts(
    kind=Kind.PHOTO,
    mime_type="image/jpeg",
    width=4000,
    height=3000,
    original_filename="IMG_0042.jpg",
    camera="Apple iPhone 12",
)
PNG = msgspec.structs.replace(PHOTO, mime_type="image/png", camera=None)
QUALITY = Quality(sharpness=100.0, brightness=0.4, contrast=0.2, highlights=0.0, shadows=0.0)
DARK = Quality(sharpness=100.0, brightness=0.07, contrast=0.2, highlights=0.0, shadows=0.5)


def seen(*groups: str) -> Tagging:
    return Tagging(groups=tuple(Tag(name, 0.8) for name in groups), leaves=(), model="test")


def at(clock: str) -> CaptureTime:
    return CaptureTime(datetime.fromisoformat(f"2023-07-15T{clock}"), CaptureSource.EXIF_ORIGINAL, 120)


def photo(like: PhotoFacts = PHOTO, **known: object) -> PhotoFacts:
    return msgspec.structs.replace(like, **known)


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot_20230715-152000_Chrome.jpg",
        "Screenshot 2023-07-15 at 15.20.00.png",
        "Screen Shot 2019-01-01 at 10.00.00.png",
        "Bildschirmfoto 2023-07-15 um 15.20.00.png",
        "Capture d’écran 2023-07-15 à 15.20.00.png",
        "Captura de pantalla (3).png",
        "スクリーンショット 2023-07-15.png",
    ],
)
def test_a_screenshot_is_known_by_its_name(name: str) -> None:
    assert medium(photo(original_filename=name)) == "screenshot"


def test_a_screenshot_is_known_by_what_the_phone_wrote_into_it() -> None:
    assert medium(photo(description="Screenshot")) == "screenshot"
    assert medium(photo(description="Screenshot of the year")) == "photo"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"width": 1080, "height": 2400}, "screenshot"),
        ({"width": 1080, "height": 2400, "camera": "Nikon Z6"}, "photo"),
        ({"width": 1080, "height": 2400, "mime_type": "image/jpeg"}, "photo"),
        ({"width": 320, "height": 640}, "photo"),
        ({"width": 0, "height": 0}, "photo"),
        ({"width": 9000, "height": 2000}, "panorama"),
        ({"width": 2000, "height": 9000}, "panorama"),
        ({"width": 1920, "height": 823}, "photo"),
        ({"width": 448, "height": 172}, "photo"),
    ],
)
def test_the_shape_of_a_file_tells_screens_and_panoramas(known: dict[str, object], expected: str) -> None:
    assert medium(photo(PNG, **known)) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"camera": None, "width": 1920, "height": 1080, "tagging": seen("screenshot")}, "screenshot"),
        # a page of letters looks like a web page to the classifier
        ({"camera": "Apple iPhone 12", "tagging": seen("screenshot")}, "document"),
        ({"camera": None, "width": 2480, "height": 3508, "tagging": seen("screenshot")}, "document"),
        ({"camera": None, "width": 640, "height": 480, "tagging": seen("screenshot")}, "screenshot"),
        ({"camera": None, "tagging": seen("document", "screenshot")}, "document"),
        ({"kind": Kind.VIDEO, "tagging": seen("document")}, "video"),
        ({"tagging": seen("dog")}, "photo"),
    ],
)
def test_paper_is_told_from_screens(known: dict[str, object], expected: str) -> None:
    assert medium(photo(**known)) == expected


def test_a_portrait_is_of_one_large_face() -> None:
    assert is_portrait(photo(face_count=1, largest_face=0.3))
    assert not is_portrait(photo(face_count=1, largest_face=0.1))
    assert not is_portrait(photo(face_count=2, largest_face=0.5))


@pytest.mark.parametrize(
    ("settings", "largest_face", "expected"),
    [
        (CameraSettings(lens="iPhone 12 front TrueDepth camera 2.71mm f/2.2"), 0.2, True),
        (CameraSettings(lens="iPhone 12 back dual camera 4.2mm f/1.6", focal_length_35mm=26), 0.6, False),
        (CameraSettings(focal_length_35mm=25), 0.4, True),
        (CameraSettings(focal_length_35mm=25), 0.2, False),
        (CameraSettings(focal_length_35mm=85), 0.9, False),
        (CameraSettings(focal_length_35mm=25), 0.0, False),
        (CameraSettings(), 0.6, False),
    ],
)
def test_a_selfie_is_taken_by_the_front_camera_or_from_an_arms_length(
    settings: CameraSettings, largest_face: float, expected: bool
) -> None:
    assert is_selfie(photo(face_count=2, largest_face=largest_face, settings=settings)) is expected
    assert not is_selfie(photo(settings=settings))


SUN = CameraSettings(aperture=8.0, exposure_time=1 / 250, iso=100)
STREET_LAMPS = CameraSettings(aperture=2.0, exposure_time=1 / 15, iso=800)
FLASH = CameraSettings(aperture=4.0, exposure_time=1 / 60, iso=100, flash_fired=True)
TRIPOD = CameraSettings(aperture=2.8, exposure_time=8.0, iso=200)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"captured": at("23:00")}, True),
        ({"captured": at("23:00"), "settings": STREET_LAMPS}, True),
        # a clock that is set to another continent
        ({"captured": at("01:36"), "settings": SUN}, False),
        ({"captured": at("01:36"), "settings": msgspec.structs.replace(SUN, flash_fired=True)}, False),
        ({"captured": at("01:36"), "settings": FLASH}, True),
        ({"captured": at("01:36"), "settings": CameraSettings(flash_fired=True), "quality": QUALITY}, True),
        ({"captured": at("01:36"), "quality": QUALITY}, False),
        ({"captured": at("01:36"), "quality": msgspec.structs.replace(QUALITY, brightness=0.2)}, True),
        # the full moon
        ({"captured": at("01:45"), "settings": SUN, "quality": DARK}, True),
        ({"captured": at("20:03"), "quality": DARK}, True),
        ({"captured": at("20:03"), "settings": TRIPOD}, True),
        ({"captured": at("20:03"), "settings": STREET_LAMPS}, False),
        ({"captured": at("14:00"), "quality": DARK}, False),
        ({"captured": at("14:00"), "settings": TRIPOD}, False),
        ({"quality": DARK}, True),
        ({"quality": msgspec.structs.replace(DARK, contrast=0.0)}, False),
        ({"quality": QUALITY}, False),
        ({}, False),
    ],
)
def test_night_is_told_by_the_clock_unless_the_exposure_contradicts(known: dict[str, object], expected: bool) -> None:
    assert is_night(photo(**known)) is expected


def test_the_exposure_value_is_that_of_the_tables() -> None:
    sunny_16 = CameraSettings(aperture=16.0, exposure_time=1 / 125, iso=100)
    assert exposure_value(photo(settings=sunny_16)) == pytest.approx(15, abs=0.1)
    assert exposure_value(photo(settings=msgspec.structs.replace(sunny_16, iso=200))) == pytest.approx(14, abs=0.1)
    assert exposure_value(photo(settings=msgspec.structs.replace(sunny_16, iso=0))) is None
    assert exposure_value(photo()) is None


@pytest.mark.parametrize(
    ("aperture", "seconds"), [(math.nan, -1.0), (-8.0, math.nan), (8.0, math.nan), (8.0, 0.0), (-8.0, 1.0)]
)
def test_an_exposure_that_no_camera_has_has_no_value(aperture: float, seconds: float) -> None:
    settings = CameraSettings(aperture=aperture, exposure_time=seconds, iso=100)
    assert exposure_value(photo(settings=settings)) is None


@pytest.mark.parametrize(
    ("settings", "groups", "expected"),
    [
        (CameraSettings(subject_distance_range=1), ("mountain",), True),
        (CameraSettings(subject_distance=0.1), (), True),
        (CameraSettings(subject_distance=2.5, lens="EF100mm f/2.8 Macro USM"), (), False),
        (CameraSettings(lens="EF100mm f/2.8 Macro USM"), ("insect",), True),
        (CameraSettings(lens="AF-S VR Micro-Nikkor 105mm f/2.8G IF-ED"), (), True),
        (CameraSettings(lens="EF100mm f/2.8 Macro USM"), ("mountain",), False),
        (CameraSettings(lens="70-300mm F4-5.6 DG Macro"), ("insect",), False),
        (CameraSettings(lens="EF50mm f/1.8 II"), ("insect",), False),
    ],
)
def test_macro_is_what_the_camera_says_or_its_lens(
    settings: CameraSettings, groups: tuple[str, ...], expected: bool
) -> None:
    assert is_macro(photo(settings=settings, tagging=seen(*groups))) is expected


def test_a_portrait_with_a_macro_lens_is_none() -> None:
    assert not is_macro(photo(face_count=1, settings=CameraSettings(lens="EF100mm f/2.8 Macro USM")))


def test_blurry_is_what_has_contrast_and_no_edges() -> None:
    soft = msgspec.structs.replace(QUALITY, sharpness=4.0, subject_sharpness=8.0)
    assert is_blurry(photo(quality=soft))
    assert not is_blurry(photo(quality=msgspec.structs.replace(soft, subject_sharpness=300.0)))
    assert not is_blurry(photo(quality=msgspec.structs.replace(soft, contrast=0.01)))
    assert not is_blurry(photo(quality=QUALITY))
    assert not is_blurry(photo())
