"""Bursts and photos that are alike, on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.metadata import CombinedMetadata
from api.schemas.person import Id, Ids
from api.schemas.photo import MediaAsset, Photo
from api.schemas.raw_json import JsonOf
from api.schemas.timestamp import Timestamp, WallClock
from core.bursts.reading import Analysis, Representative
from core.errors import BadRequest

_encode: Final = msgspec.json.Encoder().encode

_BATCH: Final = 250
"""Pictures that are put together in one go: less than a millisecond."""


class BurstPhoto(Struct, rename="camel", gc=False):
    """A picture as the burst page shows it."""

    id: str
    file_path: str
    metadata: Annotated[msgspec.Raw, JsonOf(CombinedMetadata | None)]
    media_asset: MediaAsset
    created_at: Timestamp
    file_size: int
    file_hash: str
    tier: str
    processing_state: str | None


class BurstGroup(Struct, rename="camel"):
    """``averageSimilarity`` is 0–1, ``timeSpan`` in milliseconds, ``suggestedBest`` the id of a photo, and
    ``bestReason`` why.
    """

    id: str
    suggested_best: str
    average_similarity: float
    time_span: int
    group_reason: str
    best_reason: str
    photos: list[BurstPhoto]


class BurstAnalysis(Struct, rename="camel"):
    """``totalPhotos`` counts one picture for each asset."""

    groups: list[BurstGroup]
    total_photos: int
    ungrouped_photos: list[BurstPhoto]


class BurstNotice(Struct, rename="camel"):
    """A burst with whole photos; its times are those of the camera."""

    id: str
    photos: list[Photo]
    start_time: WallClock
    end_time: WallClock
    count: int


class BurstNotices(Struct, rename="camel"):
    """The bursts among the latest photos, and those in none."""

    groups: list[BurstNotice]
    total_photos: int
    ungrouped_photos: list[Photo]


class SimilarGroup(Struct, rename="camel"):
    """Photos that may be of one motif."""

    photos: list[Photo]
    similarity_score: float
    suggested: Photo


class BurstSelection(Struct, rename="camel"):
    """The photos of one burst to keep."""

    group_id: Id
    selected_photo_ids: Ids


class BurstDecision(Struct, rename="camel"):
    """``selections``, or the same as JSON text in ``body``, as the client's helper wraps it."""

    selections: list[BurstSelection] | UnsetType = UNSET
    ungrouped_photos: Ids | None = None
    body: Annotated[str, Meta(max_length=64_000_000)] | UnsetType = UNSET


class BurstsProcessed(Struct):
    """``errors``: a sentence for each photo or burst for which it did not work out."""

    processed: int
    promoted: int
    errors: list[str]


class BurstRestored(Struct):
    """``restored`` are the ids of the photos that are again what they were."""

    restored: list[str]


def unwrapped(decision: BurstDecision) -> tuple[list[BurstSelection], list[str]]:
    """Selections and ungrouped photos, from whichever form. Raises :class:`BadRequest`."""
    if isinstance(decision.selections, UnsetType) and isinstance(decision.body, str):
        try:
            decision = msgspec.json.decode(decision.body, type=BurstDecision)
        except msgspec.DecodeError as error:
            raise BadRequest(f"body holds no selections: {error}.") from error
    if isinstance(decision.selections, UnsetType):
        raise BadRequest("selections is missing: a list of bursts with the photos of each to keep.")
    return decision.selections, decision.ungrouped_photos or []


def encoded_bursts(analysis: Analysis) -> Iterator[bytes]:
    """A :class:`BurstAnalysis` piece by piece: as a whole it would keep everybody else from being answered."""
    yield b'{"totalPhotos":%d,"groups":[' % analysis.pictures
    before = b""
    for burst in analysis.bursts:
        photos = [_photo(analysis.members[frame.id]) for frame in burst.frames]
        numbers = burst.id, burst.best, burst.likeness, burst.span_ms, burst.reason, burst.best_reason
        yield before + _encode(BurstGroup(*numbers, photos))
        before = b","
    yield b'],"ungroupedPhotos":['
    for start in range(0, len(analysis.alone), _BATCH):
        photos = [_photo(picture) for picture in analysis.alone[start : start + _BATCH]]
        yield b"," * bool(start) + _encode(photos)[1:-1]
    yield b"]}"


def _photo(picture: Representative) -> BurstPhoto:
    path = picture.file_path
    name, came = path.rpartition("/")[2], picture.asset_came
    return BurstPhoto(
        picture.id,
        path,
        msgspec.Raw((picture.metadata_json or "null").encode()),
        MediaAsset(picture.media_asset_id, picture.filename, came, name, path),
        picture.came,
        picture.file_size,
        picture.file_hash,
        picture.tier,
        picture.processing_state,
    )
