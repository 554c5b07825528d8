"""Locations and hotspots on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import msgspec
from litestar.exceptions import ValidationException
from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.metadata import CombinedMetadata
from api.schemas.photo import MediaAsset
from api.schemas.raw_json import JsonOf
from api.schemas.texts import Name, Text
from api.schemas.timestamp import Timestamp, timestamp
from core.places.hotspots import Hotspot as FoundHotspot
from core.places.hotspots import HotspotPhoto as FoundPhoto
from core.places.locations import Counted

Radius = Annotated[int, Meta(ge=1, le=1_000_000)]
Degrees = Annotated[str, Meta(max_length=50)] | float

_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
"""What every client reads as the same number: no exponent, no grouping."""

_BATCH: Final = 250
"""Photos that are put together in one go: less than a millisecond."""


class Location(Struct, rename="camel"):
    """A place that somebody named. ``photoCount`` counts the photos within ``radius`` metres."""

    id: str
    name: str
    description: str | None
    latitude: str
    longitude: str
    radius: int | None
    is_user_defined: bool | None
    photo_count: int | None
    place_name: str | None
    place_type: str | None
    created_at: Timestamp
    updated_at: Timestamp


class HotspotPhoto(Struct, rename="camel", gc=False):
    """A photo at a hotspot."""

    id: str
    media_asset: MediaAsset
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]


class Hotspot(Struct, rename="camel"):
    """Where photos were taken within 100 metres of each other."""

    latitude: float
    longitude: float
    photo_count: int
    photos: list[HotspotPhoto]
    suggested_name: str


class LocationStats(Struct, rename="camel"):
    """How many locations there are, and photos with coordinates; the largest, the newest, and places without a name."""

    total_locations: int
    total_photos_with_location: int
    top_locations: list[Location]
    recent_locations: list[Location]
    hotspots: list[Hotspot]


class NewLocation(Struct, rename="camel"):
    """A location to store; ``photoCount`` is counted, whatever is sent."""

    name: Name
    latitude: Degrees
    longitude: Degrees
    description: Text | None = None
    radius: Radius = 100
    is_user_defined: bool = False
    place_name: Text | None = None
    place_type: Text | None = None


class LocationChange(Struct, rename="camel"):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    latitude: Degrees | UnsetType = UNSET
    longitude: Degrees | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    radius: Radius | UnsetType = UNSET
    is_user_defined: bool | UnsetType = UNSET
    place_name: Text | UnsetType | None = UNSET
    place_type: Text | UnsetType | None = UNSET


class Coordinates(Struct):
    """A position to make a location of."""

    latitude: Degrees
    longitude: Degrees
    name: Name | None = None
    description: Text | None = None


class LocationRemoved(Struct):
    """What was done, for people."""

    message: str


def stored_degrees(value: str | float, key: str, limit: int) -> str:
    """Decimal degrees as they are stored, text; raises :class:`ValidationException` for anything else."""
    text = value.strip() if isinstance(value, str) else f"{value:.10f}"
    if not _DECIMAL.fullmatch(text) or not abs(float(text)) <= limit:
        fault = {"key": key, "message": f"must be decimal degrees from -{limit} to {limit}"}
        raise ValidationException(f"{key} {fault['message']}.", extra=[fault])
    return text if isinstance(value, str) else text.rstrip("0").removesuffix(".")


def location_of(counted: Counted) -> Location:
    """A location as it goes over the wire."""
    row = counted.row
    return Location(
        id=row.id,
        name=row.name,
        description=row.description,
        latitude=row.latitude,
        longitude=row.longitude,
        radius=row.radius,
        is_user_defined=row.is_user_defined,
        photo_count=counted.photo_count,
        place_name=row.place_name,
        place_type=row.place_type,
        created_at=timestamp(row.created_at),
        updated_at=timestamp(row.updated_at),
    )


def encoded_hotspots(found: Iterable[FoundHotspot]) -> Iterator[bytes]:
    """A JSON array of :class:`Hotspot`, in pieces of at most :data:`_BATCH` photos."""
    before = b"["
    encode = msgspec.json.Encoder().encode
    for one in found:
        yield before + b'{"latitude":%b,"longitude":%b,"photoCount":%d,"photos":[' % (
            encode(one.latitude),
            encode(one.longitude),
            len(one.photos),
        )
        for start in range(0, len(one.photos), _BATCH):
            photos = one.photos[start : start + _BATCH]
            yield b"," * bool(start) + encode([_photo(photo) for photo in photos])[1:-1]
        yield b'],"suggestedName":%b}' % encode(one.name)
        before = b","
    yield b"[]" if before == b"[" else b"]"


def _photo(photo: FoundPhoto) -> HotspotPhoto:
    path = photo.file_path
    asset = MediaAsset(photo.media_asset_id, photo.filename, photo.asset_came, path.rpartition("/")[2], path)
    return HotspotPhoto(photo.id, asset, msgspec.Raw((photo.metadata_json or "null").encode()))
