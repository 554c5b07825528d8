"""Which photos are in a list, and in what order?

A photo is a version of an asset. Every list is one statement, faces included, and archived versions are in none. Among
versions of one tier the newest counts; those of one moment are ordered by tier and id, so that pages never overlap.

The statements are put together once, when this module is imported: that takes SQLAlchemy longer than running them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.in_batches import all_rows
from core.db.json_sql import json_array, json_object, json_text, json_value
from core.db.search_sql import FACTS, is_shown
from core.db.tables import AssetHistory, CollectionPhoto, Face, FileVersion, MediaAsset
from core.errors import NotFound
from core.library.layout import Tier

#: Rows that are handed on at once; what a reader does with them should take a few milliseconds only.
BATCH = 50

_IDS_AT_ONCE = 10_000

PhotoRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row with the columns of every photo."""

MOST = 2**31 - 1
"""Largest number that a page of a list may start at or hold."""


class Listing(StrEnum):
    """What the ``tier`` of ``GET /api/photos`` may be; the default is :attr:`BEST`."""

    #: one photo per asset: Gold, else Silver
    BEST = ""
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    #: Silver versions of assets without Gold, by when the asset came
    UNPROCESSED = "unprocessed"
    ALL_VERSIONS = "all_versions"


def faces_of_asset() -> ScalarSelect[str]:
    """The faces of the asset, whichever of its versions they were found on, without those that a person ignored."""
    version = aliased(FileVersion)
    face = json_object(
        id=Face.id,
        boundingBox=json_value(Face.bounding_box),
        confidence=Face.confidence,
        personId=Face.person_id,
    )
    return (
        select(json_array(face))
        .join(version, version.id == Face.photo_id)
        .where(version.media_asset_id == FileVersion.media_asset_id, Face.ignored.is_(False))
        .correlate(FileVersion)
        .scalar_subquery()
    )


def _is_best() -> ColumnElement[bool]:
    """No Gold version outranks this one, and no newer one of its tier."""
    other = aliased(FileVersion)
    newer = tuple_(other.created_at, other.id) > tuple_(FileVersion.created_at, FileVersion.id)
    outranks = or_(
        and_(other.tier == Tier.GOLD, FileVersion.tier != Tier.GOLD),
        and_(other.tier == FileVersion.tier, newer),
    )
    of_the_asset = and_(other.media_asset_id == FileVersion.media_asset_id, other.archived_at.is_(None))
    return ~select(literal(1)).where(of_the_asset, outranks).correlate(FileVersion).exists()


_EVERY_PHOTO = select(
    FileVersion.id,
    FileVersion.media_asset_id,
    FileVersion.tier,
    FileVersion.file_path,
    FileVersion.file_hash,
    FileVersion.file_size,
    FileVersion.mime_type,
    json_text(FileVersion.combined_metadata).label("metadata_json"),
    FileVersion.is_reviewed,
    FileVersion.rating,
    json_text(FileVersion.keywords).label("keywords_json"),
    FileVersion.location,
    FileVersion.event_type,
    FileVersion.event_name,
    FileVersion.perceptual_hash,
    FileVersion.ai_short_description,
    FileVersion.processing_state,
    FileVersion.created_at,
    FileVersion.captured_at,
    FileVersion.gps_latitude,
    FileVersion.gps_longitude,
    FileVersion.is_favorite,
    MediaAsset.original_filename,
    MediaAsset.created_at.label("asset_created_at"),
    faces_of_asset().label("faces_json"),
).join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
_PHOTOS = _EVERY_PHOTO.where(FileVersion.archived_at.is_(None))

_ASSET_OF_PHOTO = (
    select(FileVersion.media_asset_id)
    .where(FileVersion.id == bindparam("photo_id"), FileVersion.archived_at.is_(None))
    .scalar_subquery()
)

_NEWEST_FIRST = (FileVersion.created_at.desc(), FileVersion.tier.desc(), FileVersion.id.desc())


def _list(*conditions: ColumnElement[bool], order: tuple[ColumnElement[Any], ...] = _NEWEST_FIRST) -> Any:
    page = (bindparam("limit", type_=Integer()), bindparam("offset", type_=Integer()))
    return _PHOTOS.where(*conditions).order_by(*order).limit(page[0]).offset(page[1])


_LISTS = {
    # "not Bronze" rather than "Gold or Silver": SQLite would look up both in the index of tiers and sort whole rows
    Listing.BEST: _list(FileVersion.tier != Tier.BRONZE, _is_best()),
    Listing.BRONZE: _list(FileVersion.tier == Tier.BRONZE),
    Listing.SILVER: _list(FileVersion.tier == Tier.SILVER, _is_best()),
    Listing.GOLD: _list(FileVersion.tier == Tier.GOLD),
    Listing.UNPROCESSED: _list(
        FileVersion.tier == Tier.SILVER,
        _is_best(),
        order=(MediaAsset.created_at.desc(), FileVersion.id.desc()),
    ),
    Listing.ALL_VERSIONS: _list(),
}
_ALL_SILVER = _list(FileVersion.tier == Tier.SILVER)

_PHOTO = _PHOTOS.where(FileVersion.id == bindparam("photo_id"))
_PHOTO_OR_ARCHIVED = _EVERY_PHOTO.where(FileVersion.id == bindparam("photo_id"))

_VERSIONS = _PHOTOS.where(FileVersion.media_asset_id == _ASSET_OF_PHOTO).order_by(
    case((FileVersion.tier == Tier.GOLD, 0), (FileVersion.tier == Tier.SILVER, 1), else_=2),
    FileVersion.created_at.desc(),
    FileVersion.id.desc(),
)

_HISTORY = (
    select(AssetHistory.__table__)
    .where(AssetHistory.media_asset_id == _ASSET_OF_PHOTO)
    .order_by(AssetHistory.timestamp.desc(), AssetHistory.id.desc())
)

_VERSION_TO_SHOW = (
    select(FileVersion.id)
    .where(FileVersion.media_asset_id == bindparam("asset_id"), FileVersion.tier.in_((Tier.SILVER, Tier.BRONZE)))
    .order_by(FileVersion.archived_at.is_not(None), FileVersion.tier.desc())
    .limit(1)
)

_FILE = (
    select(
        FileVersion.sha256,
        FileVersion.file_hash,
        FileVersion.mime_type,
        FileVersion.undecodable,
        MediaAsset.original_filename,
    )
    .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
    .where(FileVersion.file_path == bindparam("file_path"))
)


def photo_list(listing: Listing, *, superseded: bool = False) -> Any:
    """The statement of a list, newest first; its parameters are ``limit`` and ``offset``.

    ``superseded`` lets the Silver list show versions that a Gold or newer one has replaced.
    """
    return _ALL_SILVER if superseded and listing is Listing.SILVER else _LISTS[listing]


async def recent_photos(connection: AsyncConnection, limit: int) -> Sequence[PhotoRow]:
    """The newest versions of all tiers."""
    page = {"limit": limit, "offset": 0}
    return await all_rows(connection, _LISTS[Listing.ALL_VERSIONS], page)


def best_photos(*conditions: ColumnElement[bool], order: tuple[Any, ...] = _NEWEST_FIRST) -> Any:
    """One photo for each asset, Gold before Silver, of those that fulfil the conditions."""
    return _PHOTOS.where(FileVersion.tier != Tier.BRONZE, _is_best(), *conditions).order_by(*order)


def member_photos(collection_id: str) -> Any:
    """Of each asset that was put into a collection the version that lists show, the last first."""
    version = aliased(FileVersion)
    members = (
        select(
            version.media_asset_id,
            func.max(CollectionPhoto.added_at).label("added_at"),
            func.max(CollectionPhoto.id).label("entry_id"),
        )
        .join(version, version.id == CollectionPhoto.photo_id)
        .where(CollectionPhoto.collection_id == collection_id)
        .group_by(version.media_asset_id)
        .subquery()
    )
    return (
        _PHOTOS.join(members, members.c.media_asset_id == FileVersion.media_asset_id)
        .join(FACTS, FACTS.c.version_id == FileVersion.id)
        .where(is_shown())
        .order_by(members.c.added_at.desc(), members.c.entry_id.desc())
    )


def photos_in_order(page: Subquery, *, ascending: bool) -> Any:
    """The photos of a page that something else has chosen: its ``version_id``, by its ``place`` and then by id."""
    place, version_id = page.c.place, page.c.version_id
    order = (place.asc(), version_id.asc()) if ascending else (place.desc(), version_id.desc())
    return _PHOTOS.join(page, version_id == FileVersion.id).order_by(*order)


def every_photo() -> Any:
    """The statement of all live versions with the columns of every photo, for who joins more or asks for some."""
    return _PHOTOS


async def photos_by_id(connection: AsyncConnection, photo_ids: Sequence[str]) -> Sequence[PhotoRow]:
    """Those of these photos that there are, in no order."""
    rows: list[PhotoRow] = []
    for start in range(0, len(photo_ids), _IDS_AT_ONCE):
        chosen = _PHOTOS.where(FileVersion.id.in_(photo_ids[start : start + _IDS_AT_ONCE]))
        rows += await all_rows(connection, chosen)
    return rows


async def of_tier(connection: AsyncConnection, photo_ids: Sequence[str], tier: Tier) -> set[str]:
    """The ids of those of these photos that there are in this tier."""
    found: set[str] = set()
    for start in range(0, len(photo_ids), _IDS_AT_ONCE):
        chosen = FileVersion.id.in_(photo_ids[start : start + _IDS_AT_ONCE])
        is_live = (FileVersion.tier == tier, FileVersion.archived_at.is_(None))
        found |= set((await connection.execute(select(FileVersion.id).where(chosen, *is_live))).scalars())
    return found


async def find_photo(connection: AsyncConnection, photo_id: str, *, archived: bool = False) -> PhotoRow:
    """One photo, with ``archived`` also one that is in no list; raises :class:`NotFound`."""
    statement = _PHOTO_OR_ARCHIVED if archived else _PHOTO
    row = (await connection.execute(statement, {"photo_id": photo_id})).first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    return row


async def versions_of(connection: AsyncConnection, photo_id: str) -> Sequence[PhotoRow]:
    """All versions of the photo's asset, best tier first; raises :class:`NotFound`."""
    rows = (await connection.execute(_VERSIONS, {"photo_id": photo_id})).all()
    if not rows:
        raise NotFound(f"There is no photo {photo_id}.")
    return rows


async def history_of(connection: AsyncConnection, photo_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """The history of the photo's asset, newest first; raises :class:`NotFound`."""
    rows = (await connection.execute(_HISTORY, {"photo_id": photo_id})).all()
    if not rows:
        await find_photo(connection, photo_id)
    return rows


async def version_to_show(connection: AsyncConnection, asset_id: str) -> str:
    """The id of the asset's Silver version, or of its Bronze one where there is no other."""
    version_id: str = (await connection.execute(_VERSION_TO_SHOW, {"asset_id": asset_id})).scalar_one()
    return version_id


class StoredFile(msgspec.Struct, frozen=True):
    """What is known of a stored file. ``sha256`` is that of the original, which its rendered pictures are named by."""

    sha256: str
    mime_type: str
    original_filename: str
    is_decodable: bool


async def find_file(connection: AsyncConnection, file_path: str) -> StoredFile | None:
    """The version at ``file_path``, archived ones included, or ``None``."""
    row = (await connection.execute(_FILE, {"file_path": file_path})).first()
    if row is None:
        return None
    return StoredFile(row.sha256 or row.file_hash, row.mime_type, row.original_filename, row.undecodable is None)
