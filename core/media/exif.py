"""What does the camera say about a picture, in EXIF?

Tags: EXIF 2.32 and 3.0 (CIPA DC-008), TIFF 6.0, and those that Windows added for its own properties. Where a file keeps
the blocks is the business of :mod:`core.media.blocks`, makers' own notes that of :mod:`core.media.maker_notes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.media import tiff
from core.media.block import DirectoryName, ExifBlock
from core.media.coordinates import from_exif
from core.media.metadata import Metadata, Position, Refused, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.text_encoding import decoded, user_comment, utf16
from core.media.tiff import Directory
from core.media.written_time import is_blank_date, written_time

# Tag → the name it goes by in EXIF's tables.
_NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0112: "Orientation",
    0x011A: "XResolution",
    0x011B: "YResolution",
    0x0128: "ResolutionUnit",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x4746: "Rating",
    0x4749: "RatingPercent",
    0x8298: "Copyright",
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8827: "ISOSpeedRatings",
    0x8832: "RecommendedExposureIndex",
    0x8833: "ISOSpeed",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9204: "ExposureBiasValue",
    0x9206: "SubjectDistance",
    0x9207: "MeteringMode",
    0x9209: "Flash",
    0x920A: "FocalLength",
    0x9286: "UserComment",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    0xA001: "ColorSpace",
    0xA002: "PixelXDimension",
    0xA003: "PixelYDimension",
    0xA402: "ExposureMode",
    0xA403: "WhiteBalance",
    0xA405: "FocalLengthIn35mmFilm",
    0xA406: "SceneCaptureType",
    0xA40C: "SubjectDistanceRange",
    0xA420: "ImageUniqueID",
    0xA434: "LensModel",
}
_TAGS = {name: tag for tag, name in _NAMES.items()}
_EXIF_POINTER, _GPS_POINTER = 0x8769, 0x8825
_MAKER_NOTE = 0x927C

# A date's own tag, its fraction of a second, its offset from UTC.
_TAKEN = ("DateTimeOriginal", 0x9291, 0x9011)
_DIGITIZED = ("DateTimeDigitized", 0x9292, 0x9012)
_CHANGED = ("DateTime", 0x9290, 0x9010)

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE, _CLOCK = range(1, 8)
_DIRECTION, _DATE_STAMP = 0x11, 0x1D
_ALTITUDE_BELOW = (1, 3)  # EXIF 3.0: below sea level, below the ellipsoid
_INFINITY = 1e6  # metres; written as 4294967295, over 1 or over another small number
_ISO_ELSEWHERE = 65_535  # EXIF 2.32, table 8: the speed did not fit and stands in another tag

_STARS_OF_PERCENT = ((1, 1), (13, 2), (38, 3), (63, 4), (88, 5))

# What cameras put where a person's caption goes.
_NO_CAPTION = re.compile(
    r"(?:(?:OLYMPUS|MINOLTA|KONICA MINOLTA|SAMSUNG|KODAK|FUJIFILM|SANYO|PENTAX|RICOH)\s*(?:DIGITAL (?:STILL )?CAMERA)?|"
    r"(?:<?Digimax|SONY DSC|DIGITAL CAMERA|Exif_JPEG_PICTURE|DCIM\\|default|charset=|binary comment).*|DSC|-+|\W*)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(slots=True)
class Tags:
    """The directories of a picture; of several blocks the first that has one."""

    image: Directory | None = None
    exif: Directory | None = None
    gps: Directory | None = None
    trouble: str | None = None
    refused: list[Refused] = field(default_factory=list)

    def of(self, tag: int) -> Directory | None:
        """The directory that has a tag: TIFF/EP files keep in the main one what EXIF keeps in its own."""
        return next((found for found in (self.image, self.exif) if found is not None and tag in found.entries), None)

    @property
    def maker_note(self) -> tuple[Directory, int] | None:
        """The directory that holds the maker's note, and the tag in it."""
        found = self.of(_MAKER_NOTE)
        return None if found is None else (found, _MAKER_NOTE)


def read_tags(blocks: Iterable[ExifBlock]) -> Tags:
    """The directories of all blocks. What cannot be read is told in ``trouble``; what stands before it is kept."""
    tags = Tags()
    for block in blocks:
        try:
            first = tiff.read_tiff(block.stream)
        except ValueError as error:
            tags.trouble = str(error)
            continue
        found: dict[DirectoryName, Directory] = {block.first: first}
        if block.first == "image":
            exif, gps = first.below(_EXIF_POINTER), first.below(_GPS_POINTER)
            if exif is not None:
                found["exif"] = exif
                gps = gps or exif.below(_GPS_POINTER)
            if gps is not None:
                found["gps"] = gps
        tags.image = tags.image or found.get("image")
        tags.exif = tags.exif or found.get("exif")
        tags.gps = tags.gps or found.get("gps")
        if any(directory.is_too_large for directory in found.values()):
            tags.trouble = "it holds more than any camera writes"
    return tags


def exif_metadata(tags: Tags) -> Metadata:
    """What the tags say. A tag of a wrong type is left out and costs no other."""
    position = _position(tags)
    return Metadata(
        title=_windows(tags, "XPTitle"),
        description=_description(tags),
        creators=_creators(tags),
        copyright=_copyright(tags),
        rating=_rating(tags),
        keywords=_keywords(tags),
        position=position,
        altitude=_altitude(tags) if position else None,
        direction=_direction(tags),
        gps_time=_gps_time(tags),
        taken=_date(tags, *_TAKEN),
        digitized=_date(tags, *_DIGITIZED),
        changed=_date(tags, *_CHANGED),
        make=_text(tags, "Make"),
        model=_text(tags, "Model"),
        lens=_text(tags, "LensModel"),
        software=_text(tags, "Software"),
        aperture=_positive(tags, "FNumber"),
        exposure_time=_positive(tags, "ExposureTime"),
        exposure_bias=_number(tags, "ExposureBiasValue"),
        iso=_iso(tags),
        focal_length=_positive(tags, "FocalLength"),
        focal_length_35mm=_positive(tags, "FocalLengthIn35mmFilm"),
        subject_distance=_subject_distance(tags),
        subject_distance_range=_whole(tags, "SubjectDistanceRange"),
        flash=_whole(tags, "Flash"),
        white_balance=_whole(tags, "WhiteBalance"),
        exposure_mode=_whole(tags, "ExposureMode"),
        metering_mode=_whole(tags, "MeteringMode"),
        scene_type=_whole(tags, "SceneCaptureType"),
        color_space=_whole(tags, "ColorSpace"),
        orientation=_whole(tags, "Orientation"),
        x_resolution=_number(tags, "XResolution"),
        y_resolution=_number(tags, "YResolution"),
        resolution_unit=_whole(tags, "ResolutionUnit"),
        width=_pixels(tags, "PixelXDimension"),
        height=_pixels(tags, "PixelYDimension"),
        unique_id=_text(tags, "ImageUniqueID"),
        refused=tuple(tags.refused),
    )


def is_caption(text: str) -> bool:
    """Whether a description is more than a camera's own name for itself."""
    return _NO_CAPTION.fullmatch(text) is None


def _said_text(name: str, text: str | None) -> Said[str] | None:
    return Said(text, f"exif:{name}") if text else None


def _text(tags: Tags, name: str) -> Said[str] | None:
    found = tags.of(_TAGS[name])
    return _said_text(name, clean(decoded(found.text(_TAGS[name])))) if found else None


def _windows(tags: Tags, name: str) -> Said[str] | None:
    """Windows' own properties: UTF-16, little-endian whatever the order of the block."""
    found = tags.of(_TAGS[name])
    return _said_text(name, clean(utf16(found.raw(_TAGS[name]), "<"))) if found else None


def _description(tags: Tags) -> Said[str] | None:
    described = _text(tags, "ImageDescription")
    if described is not None and is_caption(described.value):
        return described
    for name in ("XPComment", "XPSubject"):
        if (found := _windows(tags, name)) is not None:
            return found
    holder = tags.of(_TAGS["UserComment"])
    comment = user_comment(holder.raw(_TAGS["UserComment"]), holder.order) if holder else None
    return _said_text("UserComment", comment) if comment and is_caption(comment) else None


def _creators(tags: Tags) -> Said[tuple[str, ...]] | None:
    """Several names stand in one text, with semicolons between (Metadata Working Group, Guidelines 2.0)."""
    found = _text(tags, "Artist") or _windows(tags, "XPAuthor")
    return Said(_parts(found.value), found.origin) if found and _parts(found.value) else None


def _keywords(tags: Tags) -> Said[tuple[str, ...]] | None:
    found = _windows(tags, "XPKeywords")
    return Said(_parts(found.value), found.origin) if found and _parts(found.value) else None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for piece in text.split(";") if (part := piece.strip())))


def _copyright(tags: Tags) -> Said[str] | None:
    """The photographer's and behind a NUL the editor's (EXIF 2.32, 4.6.5); without the former a blank stands there."""
    found = tags.of(_TAGS["Copyright"])
    parts = found.raw(_TAGS["Copyright"]).split(b"\0")[:2] if found else []
    return _said_text("Copyright", "; ".join(text for part in parts if (text := clean(decoded(part)))))


def _rating(tags: Tags) -> Said[int] | None:
    stars = _whole(tags, "Rating")
    if stars is not None and 0 <= stars.value <= 5:
        return stars
    percent = _whole(tags, "RatingPercent")
    if percent is None or not 0 <= percent.value <= 100:
        return None
    value = max((stars for least, stars in _STARS_OF_PERCENT if percent.value >= least), default=0)
    return Said(value, percent.origin)


def _number(tags: Tags, name: str) -> Said[float] | None:
    found = tags.of(_TAGS[name])
    value = found.number(_TAGS[name]) if found else None
    return None if value is None else Said(value, f"exif:{name}")


def _positive(tags: Tags, name: str) -> Said[float] | None:
    found = _number(tags, name)
    return found if found is not None and found.value > 0 else None


def _subject_distance(tags: Tags) -> Said[float] | None:
    """Metres; 0 says "unknown" and a numerator of ones "infinity" (EXIF 2.32, 4.6.5)."""
    found = _positive(tags, "SubjectDistance")
    return found if found is not None and found.value < _INFINITY else None


def _whole(tags: Tags, name: str) -> Said[int] | None:
    found = _number(tags, name)
    return Said(int(found.value), found.origin) if found is not None and found.value.is_integer() else None


def _pixels(tags: Tags, name: str) -> Said[int] | None:
    found = _whole(tags, name)
    return found if found is not None and found.value > 0 else None


def _iso(tags: Tags) -> Said[int] | None:
    for name in ("ISOSpeedRatings", "RecommendedExposureIndex", "ISOSpeed"):
        found = _whole(tags, name)
        if found is not None and found.value > 0 and found.value != _ISO_ELSEWHERE:
            return found
    return None


def _date(tags: Tags, name: str, fraction: int, offset: int) -> Said[WrittenTime] | None:
    found = _text(tags, name)
    if found is None:
        return None
    digits, zone = (decoded(holder.text(tag)) if (holder := tags.of(tag)) else None for tag in (fraction, offset))
    moment = written_time(found.value, digits, zone)
    if moment is None:
        reason = "it was left blank" if is_blank_date(found.value) else "it is no date"
        tags.refused.append(Refused(found.origin, found.value, reason))
        return None
    return Said(moment, found.origin)


def _position(tags: Tags) -> Said[Position] | None:
    gps = tags.gps
    if gps is None:
        return None
    place = from_exif(
        gps.numbers(_LATITUDE),
        decoded(gps.text(_LATITUDE_REF)),
        gps.numbers(_LONGITUDE),
        decoded(gps.text(_LONGITUDE_REF)),
    )
    return Said(Position(place.latitude, place.longitude), "exif:GPSLatitude") if place else None


def _altitude(tags: Tags) -> Said[float] | None:
    metres = tags.gps.number(_ALTITUDE) if tags.gps else None
    if metres is None or tags.gps is None:
        return None
    is_below = tags.gps.number(_ALTITUDE_REF) in _ALTITUDE_BELOW
    return Said(round(-metres if is_below else metres, 2), "exif:GPSAltitude")


def _direction(tags: Tags) -> Said[float] | None:
    degrees = tags.gps.number(_DIRECTION) if tags.gps else None
    if degrees is None or not 0 <= degrees <= 360:
        return None
    return Said(round(degrees % 360, 2), "exif:GPSImgDirection")


def _gps_time(tags: Tags) -> Said[datetime] | None:
    """Date and time stamp of the GPS receiver, to the second."""
    if tags.gps is None:
        return None
    date, clock = written_time(clean(decoded(tags.gps.text(_DATE_STAMP)))), tags.gps.numbers(_CLOCK)
    if date is None or len(clock) != 3:
        return None
    hours, minutes, seconds = clock
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds <= 60):
        return None
    day = date.local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    try:
        moment = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None
    return Said(moment.replace(microsecond=0), "exif:GPSTimeStamp")
