"""What looking at a file yields: plain, frozen records.

They travel between processes, so they hold only numbers, text and bytes, and this module imports no pixel
library: the main process names these types without paying for Pillow, OpenCV or dlib.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from core.media.metadata import Metadata

#: Changes when the meaning of :class:`Look` does; results of another version are measured again.
LOOK_VERSION = "3"


#: Bits of a perceptual hash.
HASH_BITS = 64


class Kind(StrEnum):
    """The three ways a file is looked at."""

    PHOTO = "photo"
    RAW = "raw"
    VIDEO = "video"


class Format(msgspec.Struct, frozen=True):
    """A file format that Pictallion knows.

    ``extension`` is the usual one, with its dot and in lower case, for a file that comes without any.
    """

    name: str
    kind: Kind
    mime_type: str
    extension: str


class Exif(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Camera metadata in the shapes of the HTTP contract; every field is optional.

    Dates are zone-less ISO 8601 (``2024-07-26T14:30:25``, the camera's wall clock), coordinates signed decimal
    degrees rounded to 6 places, ``image_width`` and ``image_height`` pixels after orientation.
    Everything else is text as it is shown (``f/2.8``, ``1/125s``, ``50mm``).
    """

    camera: str | None = None
    lens: str | None = None
    aperture: str | None = None
    shutter: str | None = None
    shutter_speed: str | None = None
    iso: str | None = None
    focal_length: str | None = None
    date_time_original: str | None = None
    create_date: str | None = None
    modify_date: str | None = None
    date_time: str | None = None
    offset_time_original: str | None = None
    offset_time: str | None = None
    gps_latitude: float | None = None
    gps_longitude: float | None = None
    gps_altitude: float | None = None
    software: str | None = None
    flash: str | None = None
    white_balance: str | None = None
    exposure_mode: str | None = None
    metering_mode: str | None = None
    scene_type: str | None = None
    color_space: str | None = None
    orientation: str | None = None
    x_resolution: str | None = None
    y_resolution: str | None = None
    resolution_unit: str | None = None
    image_width: int | None = None
    image_height: int | None = None
    image_description: str | None = None
    gps_date_time_utc: str | None = None


class Identity(msgspec.Struct, frozen=True):
    """What one sequential read of a file tells, before any pixel is decoded.

    ``size`` in bytes; ``md5`` and ``sha256`` lower-case hex of the whole file; ``format`` ``None`` when the bytes
    are no photo or video; ``metadata`` what the file says of itself, ``exif`` the same in the shapes of the contract;
    ``warnings`` one readable sentence for each part that could not be parsed.
    """

    size: int
    md5: str
    sha256: str
    format: Format | None
    exif: Exif
    metadata: Metadata = Metadata()
    warnings: tuple[str, ...] = ()


class Box(msgspec.Struct, frozen=True):
    """A rectangle in pixels of the full-size image after orientation; origin top left."""

    x: int
    y: int
    width: int
    height: int


class Face(msgspec.Struct, frozen=True):
    """One detected face. ``confidence`` 0–1; ``embedding`` 128 floats of dlib's network, not normalised."""

    box: Box
    confidence: float
    embedding: tuple[float, ...]


class FaceFinding(msgspec.Struct, frozen=True):
    """The faces of one picture and how they were found (``centerface-640`` or ``hog-640``).

    ``error`` says in one sentence why faces could not be looked for; then ``faces`` is empty.
    """

    faces: tuple[Face, ...]
    detector: str
    error: str | None = None


class Quality(msgspec.Struct, frozen=True):
    """Technical quality, measured on the reduced image's luminance.

    ``sharpness``: variance of the Laplacian, 0 upwards, comparable between pictures as it is measured at one
    size; ``brightness`` and ``contrast``: mean and standard deviation, 0–1; ``highlights`` and ``shadows``: share
    of clipped pixels, 0–1. ``subject_sharpness`` is the sharpness where the picture is sharpest, so that a blurred
    background counts for nothing, ``face_sharpness`` that of its faces; ``None`` where none
    is large enough.
    """

    sharpness: float
    brightness: float
    contrast: float
    highlights: float
    shadows: float
    subject_sharpness: float | None = None
    face_sharpness: float | None = None


class Tag(msgspec.Struct, frozen=True):
    """A thing that a classifier saw, with its probability 0–1."""

    name: str
    confidence: float


class Tagging(msgspec.Struct, frozen=True):
    """What the built-in classifier saw: everyday ``groups`` and single ImageNet ``leaves``, most likely first."""

    groups: tuple[Tag, ...]
    leaves: tuple[Tag, ...]
    model: str


class Look(msgspec.Struct, frozen=True):
    """What the pixels of one file tell, from a single decode.

    ``width`` and ``height`` are pixels of the full-size image after orientation. ``perceptual_hash`` is the 64-bit
    DCT hash as 64 characters of 0 and 1, row by row. ``thumbnail`` is a 250-pixel square JPEG, ``preview`` a JPEG
    whose longest side is at most 1440 pixels. ``duration`` is in seconds, for videos only. ``warnings`` are readable
    sentences.
    """

    width: int
    height: int
    perceptual_hash: str
    quality: Quality
    faces: FaceFinding
    tagging: Tagging | None
    thumbnail: bytes
    preview: bytes
    duration: float | None = None
    warnings: tuple[str, ...] = ()


class CaptureSource(StrEnum):
    """Where a capture time came from, best first."""

    EXIF_ORIGINAL = "exif-original"
    EXIF_CREATED = "exif-created"
    EXIF_CHANGED = "exif-changed"
    CONTAINER = "container"
    FILENAME = "filename"
    FILE_MODIFIED = "file-modified"
    INGESTED = "ingested"


class OffsetSource(StrEnum):
    """What told the distance of a wall clock from UTC, best first."""

    OFFSET_TIME_ORIGINAL = "offset-time-original"
    OFFSET_TIME_DIGITIZED = "offset-time-digitized"
    OFFSET_TIME = "offset-time"
    #: it stands in the date itself, as XMP, IPTC and QuickTime have it
    WRITTEN = "written"
    #: the difference to the GPS receiver's clock
    GPS = "gps"
    #: the difference of a movie's clock, in UTC, to the wall clock in its name
    FILENAME = "filename"
    #: the zone of the coordinates
    COORDINATES = "coordinates"
    #: the zone that the owner said the cameras of a folder are set to
    FOLDER = "folder"
    #: the zone that the owner lives in
    HOME = "home"
    #: nothing tells the zone; the time is told in UTC
    UTC = "utc"


class Confidence(StrEnum):
    """How sure a capture time is."""

    #: wall clock and moment were written by the camera, or follow from what it measured
    CERTAIN = "certain"
    #: the camera's wall clock, whose zone was deduced or is not known
    LIKELY = "likely"
    #: from a name, a day, a change, or a clock told at home
    ESTIMATED = "estimated"
    #: nothing tells it; when the file was written or taken in stands for it
    UNKNOWN = "unknown"


class CaptureTime(msgspec.Struct, frozen=True):
    """When a picture was taken: the wall clock at the place, and what is known of its zone.

    ``local`` has no zone; its microseconds are known where they are not 0. ``offset_minutes`` is east of UTC, ``None``
    where nothing tells it, ``offset_source`` says what did. ``zone`` is an IANA name. ``origin`` is the tag that was
    believed, ``refused`` a sentence for each that was not.
    """

    local: datetime
    source: CaptureSource
    offset_minutes: int | None = None
    zone: str | None = None
    offset_source: OffsetSource | None = None
    confidence: Confidence = Confidence.UNKNOWN
    origin: str | None = None
    refused: tuple[str, ...] = ()

    @property
    def is_dated(self) -> bool:
        """Whether the picture itself, or its name, tells the time."""
        return self.source not in (CaptureSource.FILE_MODIFIED, CaptureSource.INGESTED)
