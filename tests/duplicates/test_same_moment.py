from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.duplicates import Shot, is_burst
from core.media.facts import CaptureSource, CaptureTime, Exif

NOON = datetime(2024, 7, 26, 12, 0, 0)
UPLOADED = datetime(2025, 1, 1, tzinfo=UTC)
PHONE = Exif(camera="Acme One", lens="Acme wide", focal_length="24mm", iso="100", aperture="f/1.8", white_balance="0")
OTHER_CAMERA = Exif(
    camera="Bolt Z", lens="Bolt 50", focal_length="50mm", iso="800", aperture="f/4.0", white_balance="1"
)


def shot(
    name: str = "beach.jpg",
    seconds: float = 0,
    exif: Exif = PHONE,
    offset: int | None = None,
    uploaded_after: float = 0,
) -> Shot:
    """A picture of ``seconds`` after noon, uploaded ``uploaded_after`` seconds after midnight of New Year."""
    captured = CaptureTime(NOON + timedelta(seconds=seconds), CaptureSource.EXIF_ORIGINAL, offset)
    return Shot(name, UPLOADED + timedelta(seconds=uploaded_after), captured, exif)


# Rule 1


@pytest.mark.parametrize(
    "a, b",
    [
        ("20240726_120000_1a2b3c4d.jpg", "20240726_120000_1a2b3c4e.jpg"),
        ("IMG_0001.jpg", "IMG_0002.jpg"),
        ("a_HDR.jpg", "b_HDR.jpg"),
    ],
)
def test_more_than_thirty_seconds_apart_is_no_burst_whatever_the_names_say(a: str, b: str) -> None:
    assert is_burst(shot(a), shot(b, seconds=30))
    assert not is_burst(shot(a), shot(b, seconds=30.1))


def test_the_same_wall_clock_in_two_time_zones_is_two_moments() -> None:
    assert not is_burst(shot(offset=120), shot(offset=0))
    assert is_burst(shot(offset=120), shot(seconds=-7200, offset=0))


def test_a_copy_that_lost_its_time_zone_is_compared_by_the_wall_clock() -> None:
    assert is_burst(shot(offset=120), shot(offset=None))


# Rule 2


def test_frames_that_a_phone_named_after_one_second_are_a_burst() -> None:
    names = "20240726_120000_1a2b3c4d.jpg", "20240726_120000_ffffffff.jpg"
    assert is_burst(shot(names[0]), shot(names[1], seconds=20, exif=OTHER_CAMERA))


# Rule 3


def test_neighbouring_running_numbers_within_thirty_seconds_are_a_burst() -> None:
    assert is_burst(shot("IMG_0001.jpg"), shot("IMG_0011.jpg", seconds=20, exif=OTHER_CAMERA))
    assert not is_burst(shot("IMG_0001.jpg"), shot("IMG_0012.jpg", seconds=20, exif=OTHER_CAMERA))


# Rule 4


@pytest.mark.parametrize(
    "changes",
    [
        {"focal_length": "48mm", "iso": "400"},  # the same lens
        {"lens": "Acme tele", "iso": "400"},  # the same focal length
        {"lens": "Acme tele", "focal_length": "48mm"},  # the same ISO, aperture and white balance
    ],
)
def test_one_camera_with_like_settings_within_ten_seconds_is_a_burst(changes: dict[str, str]) -> None:
    like = msgspec.structs.replace(PHONE, **changes)
    assert is_burst(shot(), shot(seconds=10, exif=like))
    assert not is_burst(shot(), shot(seconds=10.1, exif=like))


@pytest.mark.parametrize(
    "changes",
    [
        {"camera": "Acme Two"},
        {"lens": "Acme tele", "focal_length": "48mm", "iso": "400"},
        {"lens": "Acme tele", "focal_length": "48mm", "aperture": "f/4.0"},
        {"lens": "Acme tele", "focal_length": "48mm", "white_balance": "1"},
    ],
)
def test_another_camera_or_other_settings_ten_seconds_later_are_no_burst(changes: dict[str, str]) -> None:
    assert not is_burst(shot(), shot(seconds=10, exif=msgspec.structs.replace(PHONE, **changes)))


def test_what_neither_picture_says_is_not_taken_for_equal() -> None:
    silent_camera = Exif(lens="Acme wide", focal_length="24mm")
    assert not is_burst(shot(exif=silent_camera), shot(seconds=10, exif=silent_camera))
    silent_settings = Exif(camera="Acme One")
    assert not is_burst(shot(exif=silent_settings), shot(seconds=10, exif=silent_settings))


# Rule 5


def test_within_five_seconds_everything_is_a_burst() -> None:
    assert is_burst(shot("a.jpg"), shot("b.png", seconds=5, exif=OTHER_CAMERA))
    assert not is_burst(shot("a.jpg"), shot("b.png", seconds=5.1, exif=OTHER_CAMERA))


# Rule 6


def test_one_brand_form_within_thirty_seconds_is_a_burst() -> None:
    assert is_burst(shot("a_HDR.jpg"), shot("b_HDR.jpg", seconds=20, exif=OTHER_CAMERA))
    assert not is_burst(shot("a_HDR.jpg"), shot("b_BRACKET.jpg", seconds=20, exif=OTHER_CAMERA))


# Without metadata on either side


def test_a_copy_without_metadata_is_compared_by_the_times_in_the_names() -> None:
    bare = shot("20240726_130000.jpg", exif=Exif(), uploaded_after=86400)
    assert is_burst(shot("20240726_130004.jpg"), bare)
    assert is_burst(bare, shot("20240726_130004.jpg"))
    assert not is_burst(shot("20240726_130100.jpg"), bare)


def test_where_a_name_has_no_time_the_uploads_are_compared() -> None:
    bare = shot("20240726_130000.jpg", exif=Exif(), uploaded_after=100)
    assert not is_burst(shot("beach.jpg"), bare)
    assert is_burst(shot("beach.jpg", uploaded_after=95), bare)


def test_the_pixel_size_is_no_metadata() -> None:
    sized = Exif(image_width=4000, image_height=3000)
    assert not is_burst(shot(exif=PHONE), shot(exif=sized, uploaded_after=3600))


def test_a_photo_whose_capture_time_nobody_resolved_is_compared_by_its_upload() -> None:
    unresolved = Shot("a.jpg", UPLOADED, None, PHONE)
    assert not is_burst(unresolved, shot("b.jpg", uploaded_after=3600))
    assert is_burst(unresolved, shot("b.jpg", uploaded_after=5))


# In general

_shots = st.builds(
    shot,
    name=st.sampled_from(
        ["a.jpg", "IMG_1.jpg", "IMG_3.jpg", "a_HDR.jpg", "20240726_120000.jpg", "20240726_120020.jpg"]
    ),
    seconds=st.floats(0, 60),
    exif=st.sampled_from([PHONE, OTHER_CAMERA, Exif()]),
    offset=st.sampled_from([None, 0, 120]),
    uploaded_after=st.floats(0, 60),
)


@given(_shots, _shots)
def test_it_does_not_matter_which_of_the_two_came_first(a: Shot, b: Shot) -> None:
    assert is_burst(a, b) == is_burst(b, a)


@given(_shots)
def test_a_picture_is_of_one_moment_with_itself(a: Shot) -> None:
    assert is_burst(a, a)
