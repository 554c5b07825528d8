"""What kind of picture is it: of a screen, of a page, of one face, of the night?

Told by what the camera wrote, the name and the shape of the file, and what the classifier saw.
"""

from __future__ import annotations

import math
import re

from core.ai import moment, wording
from core.ai.provider import PhotoFacts
from core.media.facts import Kind

SCREENSHOT, DOCUMENT, PANORAMA, VIDEO, PHOTO = "screenshot", "document", "panorama", "video", "photo"
PORTRAIT, SELFIE, NIGHT, MACRO, BLURRY = "portrait", "selfie", "night", "macro", "blurry"

PANORAMA_ASPECT = 2.4
"""Longer side over shorter side; the widest single frames are those that fill the screen of a phone, up to 21:9."""

PANORAMA_MIN_PIXELS = 1000
"""Longer side, in pixels: what is smaller and as wide is a strip cut out of something."""

PAGE_ASPECTS = (1.25, 1.5)
PAGE_MIN_PIXELS = 1000
"""Longer over shorter side of a sheet that was scanned (US letter 1.29, A4 1.41), and the pixels of its longer side:
what looks like a web page and has this shape is a page."""

SCREEN_ASPECTS = (1.77, 2.45)
SCREEN_MIN_WIDTH = 640
"""Height over width, and width in pixels, of the upright screens of phones (16:9 to 22:9)."""

_SCREENSHOT_NAME = re.compile(
    r"screen[ _-]?(?:shot|capture|grab)|screen recording|scr[_-]?\d{6}|bildschirm(?:foto|aufnahme)|"
    r"capture d[’']écran|captura de (?:pantalla|ecrã|tela)|schermafbeelding|schermata|istantanea|skärm(?:avbild|bild)|"
    r"skjermbilde|skærmbillede|näyttökuva|zrzut ekranu|snímek obrazovky|снимок экрана|ekran görüntüsü|"
    r"スクリーンショット|屏幕截图|截屏|螢幕截圖|스크린샷",
    re.IGNORECASE,
)
"""How phones and desktops begin the name of what they took of their screen, in the languages they speak."""

_SCREENSHOT_COMMENTS = frozenset({"screenshot", "screen shot"})
"""What iPhones write into EXIF's UserComment."""

PORTRAIT_FACE = 0.25
"""Height of the only face over the shorter side of the picture, from which it is a portrait. Of the labelled pictures
of ``bench`` all portraits of one person have it, and two other pictures of one person in thirty."""

ARMS_LENGTH = 0.65
"""Metres between the front camera of a phone and its owner's face."""

FACE_HEIGHT = 0.2
FILM_HEIGHT = 24.0
"""Height of a face as detectors draw it, in metres, and of a frame of film on its shorter side, in millimetres."""

PHONE_LENS = 35.0
"""Millimetres on film: the front cameras of phones have no longer lens."""

DAYLIGHT_EV = 9.0
"""Exposure value at ISO 100 that needs the sun: 9 to 11 are the minutes after it has set, lit streets have 8, rooms
5 to 7 (exposure tables of ANSI PH2.7-1986). Above it a clock that says night is set to another continent."""

FLASH_EV = 11.0
"""The same for a flash, which lights a face two metres away as the sky does after sunset."""

NIGHT_BRIGHTNESS = 0.35
"""Mean luminance (as in ``Quality``) below which a clock that says night is believed where no exposure is known."""

LONG_EXPOSURE = 1.0
MOONLIT_EV = 2.0
"""Seconds, and the exposure value, that nobody needs by day."""

DARK_BRIGHTNESS, DARK_SHADOWS = 0.15, 0.3
"""Mean luminance below which, and share of black pixels from which, a picture is of the dark (as in ``Quality``)."""

MACRO_DISTANCE = 0.2
"""Metres between camera and subject; the lenses of cameras that are not made for it focus from 0.3 m on."""

_MACRO_RANGE = 1
"""EXIF 2.32, SubjectDistanceRange."""

_MACRO_LENS = re.compile(r"\b(?:macro|micro|makro)", re.IGNORECASE)
_ZOOM = re.compile(r"\d\s*(?:mm)?\s*-\s*\d")
"""In the name of a lens. On a zoom the word macro is advertising."""

BLURRY_SHARPNESS, BLURRY_SMALL_SHARPNESS = 50.0, 10.0
"""Variance of the Laplacian where a picture is sharpest (as in ``Quality``) below which it is called blurry, and of the
whole where it is too small for that. Of 307 labelled pictures of ``bench`` eight lie below, none of them with a sharp
detail, and 98 % of them do once they are blurred (Gaussian, 1/200 of the longest side)."""

BLURRY_MIN_CONTRAST = 0.05
"""A picture with less contrast is blank or fog; there sharpness says nothing."""


def medium(photo: PhotoFacts) -> str:
    """Return ``video``, ``screenshot``, ``document``, ``panorama`` or, of everything else, ``photo``."""
    if photo.kind is Kind.VIDEO:
        return VIDEO
    if _is_named_screenshot(photo):
        return SCREENSHOT
    written = [tag.name for tag in photo.tagging.groups if tag.name in (SCREENSHOT, DOCUMENT)] if photo.tagging else []
    if written:
        return _written(photo, written[0])
    if _has_shape_of_screen(photo):
        return SCREENSHOT
    shorter, longer = sorted((photo.width, photo.height))
    is_wide = 0 < shorter * PANORAMA_ASPECT <= longer
    return PANORAMA if is_wide and longer >= PANORAMA_MIN_PIXELS else PHOTO


def is_portrait(photo: PhotoFacts) -> bool:
    """Whether the picture is of one person's face."""
    return photo.face_count == 1 and photo.largest_face >= PORTRAIT_FACE


def is_selfie(photo: PhotoFacts) -> bool:
    """Whether the front camera took it, or a phone that was an arm's length away from the largest face."""
    settings = photo.settings
    if photo.face_count < 1:
        return False
    if settings.lens:
        return "front" in settings.lens.lower()
    if settings.focal_length_35mm is None or not 0 < settings.focal_length_35mm <= PHONE_LENS:
        return False
    share = photo.largest_face
    return share > 0 and FACE_HEIGHT * settings.focal_length_35mm <= ARMS_LENGTH * share * FILM_HEIGHT


def is_night(photo: PhotoFacts) -> bool:
    """Whether it was dark outside: by the clock, unless the exposure was one of daylight; else by what was exposed."""
    part = moment.part_of_the_day(photo.captured)
    if part in (moment.MORNING, moment.AFTERNOON):
        return False
    # the moon is as bright as a sunlit field; what is around it is black
    if _is_dark(photo):
        return True
    return _may_be_dark(photo) if part == moment.NIGHT else _is_long_exposure(photo)


def _may_be_dark(photo: PhotoFacts) -> bool:
    """Whether the exposure, or else the picture, agrees with a clock that says night."""
    value = exposure_value(photo)
    if value is not None:
        return value < (FLASH_EV if photo.settings.flash_fired else DAYLIGHT_EV)
    if photo.settings.flash_fired:
        return True
    return photo.quality is None or photo.quality.brightness < NIGHT_BRIGHTNESS


def is_macro(photo: PhotoFacts) -> bool:
    """Whether it was taken from so near that small things fill it, as far as the camera tells."""
    settings = photo.settings
    if settings.subject_distance_range == _MACRO_RANGE:
        return True
    if settings.subject_distance is not None:
        return 0 < settings.subject_distance <= MACRO_DISTANCE
    lens = settings.lens or ""
    if photo.face_count or not _MACRO_LENS.search(lens) or _ZOOM.search(lens):
        return False
    return not any(tag.name in wording.SETTINGS for tag in photo.tagging.groups) if photo.tagging else True


def is_blurry(photo: PhotoFacts) -> bool:
    """Whether nothing in it is sharp."""
    quality = photo.quality
    if quality is None or not quality.contrast >= BLURRY_MIN_CONTRAST:
        return False
    if quality.subject_sharpness is None:
        return quality.sharpness < BLURRY_SMALL_SHARPNESS
    return quality.subject_sharpness < BLURRY_SHARPNESS


def exposure_value(photo: PhotoFacts) -> float | None:
    """The exposure value at ISO 100, log2(N² / t) − log2(ISO / 100), where the camera told all three."""
    settings = photo.settings
    aperture, seconds, iso = settings.aperture, settings.exposure_time, settings.iso
    if aperture is None or seconds is None or iso is None:
        return None
    if not (aperture > 0 and seconds > 0 and iso > 0):  # NaN is not either
        return None
    return 2 * math.log2(aperture) - math.log2(seconds) - math.log2(iso) + math.log2(100)


def _is_named_screenshot(photo: PhotoFacts) -> bool:
    comment = (photo.description or "").strip().lower()
    return _SCREENSHOT_NAME.match(photo.original_filename) is not None or comment in _SCREENSHOT_COMMENTS


def _has_shape_of_screen(photo: PhotoFacts) -> bool:
    if photo.mime_type != "image/png" or photo.camera or photo.width < SCREEN_MIN_WIDTH:
        return False
    return SCREEN_ASPECTS[0] <= photo.height / photo.width <= SCREEN_ASPECTS[1]


def _written(photo: PhotoFacts, seen: str) -> str:
    """A page or a screen. What a camera saw is paper; what has no camera and the shape of a sheet is a scan."""
    shorter, longer = sorted((photo.width, photo.height))
    is_sheet = longer >= PAGE_MIN_PIXELS and PAGE_ASPECTS[0] * shorter <= longer <= PAGE_ASPECTS[1] * shorter
    return DOCUMENT if seen == DOCUMENT or photo.camera or is_sheet else SCREENSHOT


def _is_dark(photo: PhotoFacts) -> bool:
    quality = photo.quality
    return (
        quality is not None
        and quality.brightness < DARK_BRIGHTNESS
        and quality.shadows >= DARK_SHADOWS
        and quality.contrast >= BLURRY_MIN_CONTRAST
    )


def _is_long_exposure(photo: PhotoFacts) -> bool:
    value = exposure_value(photo)
    return value is not None and value <= MOONLIT_EV and (photo.settings.exposure_time or 0) >= LONG_EXPOSURE
