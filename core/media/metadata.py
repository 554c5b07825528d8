"""What can a file say about itself? One record for every place in which it may be said.

EXIF, XMP, IPTC, PNG texts and the keys of movies are each read into a :class:`Metadata` that holds only what was found
there; :mod:`core.media.precedence` makes one of several. Every value carries the tag it was read from. Plain records,
so that the main process can name them without loading a parser.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

#: Changes when the meaning of :class:`Metadata` does; what another version stored is read again.
METADATA_VERSION = "2"

T = TypeVar("T", covariant=True)
V = TypeVar("V")


class Said(msgspec.Struct, Generic[T], frozen=True):
    """A value and the tag it was read from: ``exif:ImageDescription``, ``xmp:dc:title``, ``iptc:Keywords``,
    ``png:Author``, ``quicktime:©day``, ``makernote:BurstUUID``.
    """

    value: T
    origin: str


def value_of(said: Said[V] | None) -> V | None:
    """The value alone, ``None`` where nothing was said."""
    return None if said is None else said.value


class Precision(StrEnum):
    """The smallest unit that a written date has; what is below it is 1 (month, day) or 0."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"
    FRACTION = "fraction"


class WrittenTime(msgspec.Struct, frozen=True):
    """A date as somebody wrote it: ``local`` the wall clock without a zone, ``offset_minutes`` east of UTC where it was
    written beside it.
    """

    local: datetime
    offset_minutes: int | None = None
    precision: Precision = Precision.SECOND


class Position(msgspec.Struct, frozen=True):
    """Signed decimal degrees, rounded to 6 places, never (0, 0)."""

    latitude: float
    longitude: float


class PersonRegion(msgspec.Struct, frozen=True):
    """Where somebody is in the picture as it is stored, before EXIF's orientation turns it.

    ``x`` and ``y`` are the centre, all four numbers shares (0–1) of the stored width and height. ``name`` is ``None``
    for a face that nobody named.
    """

    x: float
    y: float
    width: float
    height: float
    name: str | None = None


class PeopleRegions(msgspec.Struct, frozen=True):
    """The regions of people, and the pixels of the stored picture that they were drawn in, where that was said."""

    regions: tuple[PersonRegion, ...]
    applied_width: int | None = None
    applied_height: int | None = None


class EmbeddedVideo(msgspec.Struct, frozen=True):
    """The film inside a motion photo: ``length`` bytes that begin ``from_end`` bytes before the end of the file.

    ``presentation_us`` is the microsecond of the film that the picture shows, where that is known.
    """

    from_end: int
    length: int
    presentation_us: int | None = None


class Refused(msgspec.Struct, frozen=True):
    """A date that was written and is not believed: its tag, its text, and the reason as the end of a sentence."""

    origin: str
    text: str
    reason: str


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What was found, each value with its tag; ``None`` for what nobody said. No text is empty.

    ``rating`` is -1 (rejected) to 5, 0 says "none". ``keywords`` are flat, ``keyword_paths`` from the root
    (``("Places", "France", "Nice")``). ``altitude`` is in metres above sea level, ``direction`` in degrees clockwise
    from north, 0 ≤ d < 360. ``gps_time`` is in UTC. ``taken`` is when the shutter opened, ``digitized`` when the file
    was made, ``changed`` when it was edited last, ``container_time`` what a movie keeps in UTC. ``aperture`` is the
    f-number, ``exposure_time`` in seconds, ``exposure_bias`` in EV, ``focal_length`` in millimetres,
    ``focal_length_35mm`` its equivalent on film, ``subject_distance`` in metres, ``duration`` in seconds. ``flash``,
    ``white_balance``, ``exposure_mode``, ``metering_mode``, ``scene_type``, ``subject_distance_range``,
    ``color_space``, ``orientation`` and ``resolution_unit`` are EXIF's numbers. ``width`` and ``height`` are the pixels
    that the metadata claims, before orientation.

    ``content_identifier`` is what the two halves of a Live Photo share, ``burst_identifier`` the pictures of one burst,
    ``is_burst_cover`` marks the one that the camera chose. ``sequence_number`` counts within a burst or bracket,
    ``unique_id`` is the camera's for one exposure, ``document_id`` an editor's for all that derives from one file.
    """

    title: Said[str] | None = None
    description: Said[str] | None = None
    creators: Said[tuple[str, ...]] | None = None
    copyright: Said[str] | None = None
    rating: Said[int] | None = None
    label: Said[str] | None = None
    keywords: Said[tuple[str, ...]] | None = None
    keyword_paths: Said[tuple[tuple[str, ...], ...]] | None = None
    people: Said[tuple[str, ...]] | None = None
    regions: Said[PeopleRegions] | None = None

    position: Said[Position] | None = None
    altitude: Said[float] | None = None
    direction: Said[float] | None = None
    gps_time: Said[datetime] | None = None
    location: Said[str] | None = None
    city: Said[str] | None = None
    state: Said[str] | None = None
    country: Said[str] | None = None
    country_code: Said[str] | None = None

    taken: Said[WrittenTime] | None = None
    digitized: Said[WrittenTime] | None = None
    changed: Said[WrittenTime] | None = None
    container_time: Said[datetime] | None = None

    make: Said[str] | None = None
    model: Said[str] | None = None
    lens: Said[str] | None = None
    software: Said[str] | None = None
    aperture: Said[float] | None = None
    exposure_time: Said[float] | None = None
    exposure_bias: Said[float] | None = None
    iso: Said[int] | None = None
    focal_length: Said[float] | None = None
    focal_length_35mm: Said[float] | None = None
    subject_distance: Said[float] | None = None
    subject_distance_range: Said[int] | None = None
    flash: Said[int] | None = None
    white_balance: Said[int] | None = None
    exposure_mode: Said[int] | None = None
    metering_mode: Said[int] | None = None
    scene_type: Said[int] | None = None
    color_space: Said[int] | None = None
    orientation: Said[int] | None = None
    x_resolution: Said[float] | None = None
    y_resolution: Said[float] | None = None
    resolution_unit: Said[int] | None = None
    width: Said[int] | None = None
    height: Said[int] | None = None
    duration: Said[float] | None = None

    content_identifier: Said[str] | None = None
    burst_identifier: Said[str] | None = None
    is_burst_cover: Said[bool] | None = None
    sequence_number: Said[int] | None = None
    unique_id: Said[str] | None = None
    document_id: Said[str] | None = None
    embedded_video: Said[EmbeddedVideo] | None = None

    refused: tuple[Refused, ...] = ()
