"""What does an XMP packet say about a picture, inside the file or beside it?

Read as real programs write it (Lightroom, digiKam, darktable, Windows, Picasa, Google's and Apple's cameras):
properties as attributes or elements, lists as plain text, coordinates in every notation. A value that makes no sense
counts as absent. The grammar is that of :mod:`core.media.xmp`; people's regions are in :mod:`core.media.xmp_regions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TypeVar

from core.media import xmp
from core.media.coordinates import coordinates
from core.media.metadata import EmbeddedVideo, Metadata, Position, Precision, Refused, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.written_time import is_blank_date, written_time
from core.media.xmp import Node
from core.media.xmp_regions import people_regions

T = TypeVar("T")

# Keyword trees: property → what separates the levels. Lightroom, Media Pro; digiKam, Windows.
KEYWORD_PATHS = (
    ("lr:hierarchicalSubject", "|"),
    ("digiKam:TagsList", "/"),
    ("MicrosoftPhoto:LastKeywordXMP", "/"),
    ("mediapro:CatalogSets", "|"),
)

# XMP part 2, "GPSCoordinate": 48,51.504N or 48,51,30.24N. Some write decimal degrees, with a sign or a letter.
_COORDINATE = re.compile(
    r"([+-]?[0-9]{1,3})(?:,([0-9]{1,2}(?:\.[0-9]+)?)(?:,([0-9]{1,2}(?:\.[0-9]+)?))?)?\s*([NSEW])?", re.I
)
_DECIMAL_DEGREES = re.compile(r"([+-]?[0-9]{1,3}\.[0-9]+)\s*([NSEW])?", re.I)
_NUMBER = re.compile(r"\s*(?:[fF]/)?([+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?:/([0-9]+(?:\.[0-9]*)?))?")

_LAST_ELEMENT = re.compile(rb"</(?:[A-Za-z0-9_.-]+:)?(?:xmpmeta|xapmeta|RDF)\s*>")

_STARS_OF_PERCENT = ((1, 1), (13, 2), (38, 3), (63, 4), (88, 5))
"""Windows writes 1, 25, 50, 75 and 99 percent for one to five stars and reads what lies between so."""

_MOST_WORDS = 10_000
"""Keywords read of one file; the longest list met had some hundreds."""


def read_xmp(*packets: bytes, place: str = "xmp") -> Metadata:
    """What a packet says, or several that go on where the first had no more room.

    ``place`` goes before the tag names (``xmp:dc:title``). Raises ``ValueError`` if the bytes are no XMP.
    """
    nodes = [node for packet in packets for node in xmp.read_packet(_without_padding(packet))]
    return _Reader(nodes, place).metadata()


def _without_padding(packet: bytes) -> bytes:
    """Up to the end of the last element: packets are padded with blanks and NULs, and some lack their end mark."""
    ends = [match.end() for match in _LAST_ELEMENT.finditer(packet)]
    return packet[: ends[-1]] if ends else packet.strip(b"\0 \t\r\n")


class _Reader:
    """The nodes of one packet, asked for one field after the other."""

    def __init__(self, nodes: list[Node], place: str) -> None:
        self._nodes = nodes
        self._place = place
        self._refused: list[Refused] = []

    def metadata(self) -> Metadata:
        position = self._position()
        keywords, paths = self._keywords()
        taken = self._date(
            ("exif:DateTimeOriginal", "exif:SubSecTimeOriginal", "exif:OffsetTimeOriginal"),
            ("photoshop:DateCreated", None, None),
        )
        digitized = self._date(
            ("xmp:CreateDate", "exif:SubSecTimeDigitized", "exif:OffsetTimeDigitized"),
            ("exif:DateTimeDigitized", "exif:SubSecTimeDigitized", "exif:OffsetTimeDigitized"),
        )
        changed = self._date(
            ("xmp:ModifyDate", "exif:SubSecTime", "exif:OffsetTime"), ("tiff:DateTime", "exif:SubSecTime", None)
        )
        return Metadata(
            title=self._text("dc:title"),
            description=self._text("dc:description", "tiff:ImageDescription", "exif:UserComment"),
            creators=self._texts("dc:creator", "tiff:Artist"),
            copyright=self._text("dc:rights", "tiff:Copyright"),
            rating=self._rating(),
            label=self._text("xmp:Label"),
            keywords=keywords,
            keyword_paths=paths,
            people=self._texts("Iptc4xmpExt:PersonInImage"),
            regions=self._said(people_regions, "mwg-rs:Regions", "MP:RegionInfo"),
            position=position,
            altitude=self._altitude() if position else None,
            direction=self._direction(),
            gps_time=self._gps_time(),
            location=self._text("Iptc4xmpCore:Location"),
            city=self._text("photoshop:City"),
            state=self._text("photoshop:State"),
            country=self._text("photoshop:Country"),
            country_code=self._text("Iptc4xmpCore:CountryCode"),
            taken=taken,
            digitized=digitized,
            changed=changed,
            make=self._text("tiff:Make"),
            model=self._text("tiff:Model"),
            lens=self._text("exifEX:LensModel", "aux:Lens", "exif:LensModel"),
            software=self._text("xmp:CreatorTool", "tiff:Software"),
            aperture=self._positive("exif:FNumber"),
            exposure_time=self._positive("exif:ExposureTime"),
            exposure_bias=self._number("exif:ExposureBiasValue", "exif:ExposureCompensation"),
            iso=self._iso(),
            focal_length=self._positive("exif:FocalLength"),
            focal_length_35mm=self._positive("exif:FocalLengthIn35mmFilm"),
            subject_distance=self._positive("exif:SubjectDistance"),
            subject_distance_range=self._whole("exif:SubjectDistanceRange"),
            flash=self._flash(),
            white_balance=self._whole("exif:WhiteBalance"),
            exposure_mode=self._whole("exif:ExposureMode"),
            metering_mode=self._whole("exif:MeteringMode"),
            scene_type=self._whole("exif:SceneCaptureType"),
            color_space=self._whole("exif:ColorSpace"),
            orientation=self._orientation(),
            x_resolution=self._positive("tiff:XResolution"),
            y_resolution=self._positive("tiff:YResolution"),
            resolution_unit=self._whole("tiff:ResolutionUnit"),
            width=self._pixels("exif:PixelXDimension", "tiff:ImageWidth"),
            height=self._pixels("exif:PixelYDimension", "tiff:ImageLength"),
            burst_identifier=self._text("GCamera:BurstID"),
            is_burst_cover=self._is_burst_cover(),
            unique_id=self._text("exif:ImageUniqueID"),
            document_id=self._text("xmpMM:OriginalDocumentID", "xmpMM:DocumentID"),
            embedded_video=self._embedded_video(),
            refused=tuple(self._refused),
        )

    def _said(self, read: Callable[[list[Node], str], T | None], *names: str) -> Said[T] | None:
        """The first of several properties that has a value, with its name."""
        for name in names:
            value = read(self._nodes, name)
            if value is not None:
                return Said(value, f"{self._place}:{name}")
        return None

    def _text(self, *names: str) -> Said[str] | None:
        return self._said(lambda nodes, name: clean(xmp.text_of(nodes, name) or ""), *names)

    def _texts(self, *names: str) -> Said[tuple[str, ...]] | None:
        return self._said(lambda nodes, name: _texts(nodes, name) or None, *names)

    def _number(self, *names: str) -> Said[float] | None:
        return self._said(lambda nodes, name: number(xmp.text_of(nodes, name)), *names)

    def _positive(self, *names: str) -> Said[float] | None:
        found = self._number(*names)
        return found if found is not None and found.value > 0 else None

    def _whole(self, *names: str) -> Said[int] | None:
        found = self._number(*names)
        return Said(int(found.value), found.origin) if found is not None and found.value.is_integer() else None

    def _pixels(self, *names: str) -> Said[int] | None:
        found = self._whole(*names)
        return found if found is not None and found.value > 0 else None

    def _orientation(self) -> Said[int] | None:
        found = self._whole("tiff:Orientation")
        return found if found is not None and 1 <= found.value <= 8 else None

    def _rating(self) -> Said[int] | None:
        found = self._number("xmp:Rating")
        if found is not None and -1 <= found.value <= 5:
            return Said(int(found.value), found.origin)
        percent = self._number("MicrosoftPhoto:Rating")
        if percent is None or not 0 <= percent.value <= 100:
            return None
        return Said(
            max((stars for least, stars in _STARS_OF_PERCENT if percent.value >= least), default=0), percent.origin
        )

    def _keywords(self) -> tuple[Said[tuple[str, ...]] | None, Said[tuple[tuple[str, ...], ...]] | None]:
        """Flat keywords, and those with levels. A tree's leaf is a keyword even where only the tree was written."""
        flat = self._texts("dc:subject")
        trees: dict[tuple[str, ...], str] = {}
        for name, separator in KEYWORD_PATHS:
            for text in _texts(self._nodes, name):
                levels = tuple(level for part in text.split(separator) if (level := clean(part)))
                if levels:
                    trees.setdefault(levels, f"{self._place}:{name}")
        words = dict.fromkeys((*(flat.value if flat else ()), *(levels[-1] for levels in trees)))
        paths = tuple(levels for levels in trees if len(levels) > 1)
        first_tree = next(iter(trees.values()), "")
        path_origin = next((origin for levels, origin in trees.items() if len(levels) > 1), "")
        return (
            Said(tuple(words)[:_MOST_WORDS], flat.origin if flat else first_tree) if words else None,
            Said(paths[:_MOST_WORDS], path_origin) if paths else None,
        )

    def _date(self, *names: tuple[str, str | None, str | None]) -> Said[WrittenTime] | None:
        for name, fraction, offset in names:
            text = xmp.text_of(self._nodes, name)
            if text is None:
                continue
            moment = written_time(
                text,
                xmp.text_of(self._nodes, fraction) if fraction else None,
                xmp.text_of(self._nodes, offset) if offset else None,
            )
            if moment is not None:
                return Said(moment, f"{self._place}:{name}")
            self._refuse(name, text)
        return None

    def _refuse(self, name: str, text: str) -> None:
        reason = "it was left blank" if is_blank_date(text) else "it is no date"
        self._refused.append(Refused(f"{self._place}:{name}", clean(text) or "", reason))

    def _position(self) -> Said[Position] | None:
        north = degrees(xmp.text_of(self._nodes, "exif:GPSLatitude"), "NS")
        east = degrees(xmp.text_of(self._nodes, "exif:GPSLongitude"), "EW")
        place = None if north is None or east is None else coordinates(north, east)
        return Said(Position(place.latitude, place.longitude), f"{self._place}:exif:GPSLatitude") if place else None

    def _altitude(self) -> Said[float] | None:
        found = self._number("exif:GPSAltitude")
        if found is None:
            return None
        is_below = (xmp.text_of(self._nodes, "exif:GPSAltitudeRef") or "").strip() == "1"
        return Said(round(-abs(found.value) if is_below else found.value, 2), found.origin)

    def _direction(self) -> Said[float] | None:
        found = self._number("exif:GPSImgDirection")
        return Said(round(found.value % 360, 2), found.origin) if found and 0 <= found.value <= 360 else None

    def _gps_time(self) -> Said[datetime] | None:
        """XMP makes one property of EXIF's date and time stamps; without an offset it is UTC all the same."""
        written = written_time(xmp.text_of(self._nodes, "exif:GPSTimeStamp"))
        if written is None or written.precision in (Precision.YEAR, Precision.MONTH, Precision.DAY):
            return None
        utc = written.local.replace(tzinfo=UTC) - timedelta(minutes=written.offset_minutes or 0)
        return Said(utc, f"{self._place}:exif:GPSTimeStamp")

    def _iso(self) -> Said[int] | None:
        return self._said(
            lambda nodes, name: next(
                (int(value) for text in _texts(nodes, name) if (value := number(text)) is not None and value > 0), None
            ),
            "exif:ISOSpeedRatings",
            "exifEX:PhotographicSensitivity",
            "exif:PhotographicSensitivity",
        )

    def _flash(self) -> Said[int] | None:
        """The parts that XMP makes of EXIF's one number (EXIF 2.32, table 14)."""
        parts = xmp.structure_of(self._nodes, "exif:Flash")
        fired = xmp.text_of(parts, "exif:Fired")
        if fired is None:
            return None
        bits = int(fired.lower() == "true")
        for name, shift, most in (("Return", 1, 3), ("Mode", 3, 3), ("Function", 5, 1), ("RedEyeMode", 6, 1)):
            text = (xmp.text_of(parts, f"exif:{name}") or "0").lower()
            value = {"true": 1, "false": 0}.get(text, int(number(text) or 0))
            bits |= min(max(value, 0), most) << shift
        return Said(bits, f"{self._place}:exif:Flash")

    def _is_burst_cover(self) -> Said[bool] | None:
        found = self._text("GCamera:BurstPrimary")
        return Said(found.value == "1", found.origin) if found else None

    def _embedded_video(self) -> Said[EmbeddedVideo] | None:
        """Google's motion photos: format 1.0 lists what stands behind the picture, MicroVideo counts from the end."""
        shown = number(
            xmp.text_of(self._nodes, "GCamera:MotionPhotoPresentationTimestampUs")
            or xmp.text_of(self._nodes, "GCamera:MicroVideoPresentationTimestampUs")
        )
        shown_us = int(shown) if shown is not None and shown >= 0 else None
        behind, length = 0, 0
        for entry in reversed(xmp.structures_of(self._nodes, "Container:Directory")):
            inner = xmp.structure_of([entry], "Container:Item") or [entry]
            length = int(number(xmp.text_of(inner, "Item:Length")) or 0)
            behind += length + int(number(xmp.text_of(inner, "Item:Padding")) or 0)
            if xmp.text_of(inner, "Item:Semantic") == "MotionPhoto":
                if length > 0:
                    return Said(EmbeddedVideo(behind, length, shown_us), f"{self._place}:Container:Directory")
                break
        offset = int(number(xmp.text_of(self._nodes, "GCamera:MicroVideoOffset")) or 0)
        if offset > 0:
            return Said(EmbeddedVideo(offset, offset, shown_us), f"{self._place}:GCamera:MicroVideoOffset")
        return None


def number(text: str | None) -> float | None:
    """A number or a fraction (``28/10``), whatever unit stands beside it; ``None`` for words and for x/0."""
    match = _NUMBER.match(text or "")
    if match is None:
        return None
    divisor = float(match[2] or 1)
    value = float(match[1]) / divisor if divisor else float("nan")
    return value if isfinite(value) else None


def degrees(text: str | None, letters: str) -> float | None:
    """Signed degrees of a coordinate whose hemisphere is one of two ``letters``."""
    text = (text or "").strip()
    decimal = _DECIMAL_DEGREES.fullmatch(text)
    if decimal is not None:
        return _signed(float(decimal[1]), decimal[2], letters)
    match = _COORDINATE.fullmatch(text)
    if match is None or (match[2] is not None and match[4] is None):
        return None
    minutes, seconds = float(match[2] or 0), float(match[3] or 0)
    if minutes > 60 or seconds > 60:
        return None
    return _signed(float(match[1]) + minutes / 60 + seconds / 3600, match[4], letters)


def _signed(value: float, letter: str | None, letters: str) -> float | None:
    if letter is None:
        return value
    if letter.upper() not in letters:
        return None
    return -abs(value) if letter.upper() == letters[1] else value


def _texts(nodes: Iterable[Node], name: str) -> tuple[str, ...]:
    """The texts of a list, each once; a list of one that was written as plain text is one too."""
    found = xmp.texts_of(nodes, name) or (xmp.text_of(nodes, name) or "",)
    return tuple(dict.fromkeys(text for item in found if (text := clean(item))))
