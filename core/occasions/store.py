"""Occasions in the database: listed, and what a person says of them. Every function works in the caller's transaction.

What is accepted gives its photos an event: those of which nothing is said, in all their versions. Nothing that a
person, or the day, has said is written over, that it is of no event included; and what was written can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import BATCH
from core.db.json_sql import json_array
from core.db.search_sql import FACTS
from core.db.tables import AssetHistory, FileVersion, MediaAsset, Occasion, OccasionPhoto, utc_now
from core.errors import BadRequest, NotFound
from core.groups.neighbourhood import chunks
from core.library.layout import Tier
from core.library.photos import best_photos
from core.library.sidecars import mark_stale
from core.media.source_file import shown
from core.occasions.matching import OccasionState

OccasionRow = Row[*tuple[Any, ...]]

FIRST_PHOTOS: Final = 6
"""Photos that are told of each occasion of a list."""

_IS_MEMBER: Final = (
    OccasionPhoto.occasion_id == Occasion.id,
    FileVersion.media_asset_id == OccasionPhoto.media_asset_id,
    FACTS.c.version_id == FileVersion.id,
    FACTS.c.is_shown.is_(True),
)


def _number_of_photos(*conditions: Any) -> Any:
    return select(func.count()).where(*_IS_MEMBER, *conditions).correlate(Occasion).scalar_subquery()


_OCCASIONS: Final = select(
    Occasion.__table__,
    _number_of_photos().label("photo_count"),
    _number_of_photos(OccasionPhoto.is_written.is_(True)).label("written_count"),
    select(json_array(FileVersion.id))
    .where(*_IS_MEMBER, OccasionPhoto.position < FIRST_PHOTOS)
    .correlate(Occasion)
    .scalar_subquery()
    .label("first_photos_json"),
)

_NOTHING_SAID: Final = and_(FileVersion.event_type.is_(None), FileVersion.event_name.is_(None))


async def list_occasions(
    connection: AsyncConnection, state: OccasionState | None, *, limit: int, offset: int = 0
) -> tuple[Sequence[OccasionRow], int]:
    """Occasions, the latest first, and how many there are altogether."""
    is_wanted = [] if state is None else [Occasion.state == state]
    order = (Occasion.starts_at.desc(), Occasion.id)
    rows = (await connection.execute(_OCCASIONS.where(*is_wanted).order_by(*order).limit(limit).offset(offset))).all()
    count = select(func.count()).select_from(Occasion).where(*is_wanted)
    return rows, (await connection.execute(count)).scalar_one()


async def find_occasion(connection: AsyncConnection, occasion_id: str) -> OccasionRow:
    """One occasion; raises :class:`NotFound`."""
    row = (await connection.execute(_OCCASIONS.where(Occasion.id == occasion_id))).first()
    if row is None:
        raise NotFound(f"There is no occasion {occasion_id}.")
    return row


def photos_of(occasion_id: str) -> Any:
    """The statement of an occasion's photos, the first first."""
    members = select(OccasionPhoto.media_asset_id).where(OccasionPhoto.occasion_id == occasion_id)
    order = (FileVersion.captured_at, FileVersion.id)
    return best_photos(FileVersion.media_asset_id.in_(members), order=order)


async def accept(connection: AsyncConnection, occasion_id: str, name: str | None = None) -> None:
    """Gives the photos of an occasion its event, under ``name``, else under the name or the title that it has.

    Of one that is accepted already, those that have come since: what a person has taken from a photo stays taken.
    Raises :class:`NotFound`.
    """
    row = await _locked(connection, occasion_id)
    if row.state == OccasionState.ACCEPTED and name is not None:
        await rename(connection, occasion_id, name)
        row = await _locked(connection, occasion_id)
    called = name or row.written_name or row.name or row.title
    versions = await _versions(connection, occasion_id, OccasionPhoto.is_written.is_(False))
    taken = {one.media_asset_id for one in versions if not one.says_nothing}
    given = [one for one in versions if one.media_asset_id not in taken]
    await _set_event(connection, [one.id for one in given], row.kind, called)
    assets = list(dict.fromkeys(one.media_asset_id for one in given))
    for chunk in chunks(assets):
        is_given = (OccasionPhoto.occasion_id == occasion_id) & OccasionPhoto.media_asset_id.in_(chunk)
        await connection.execute(update(OccasionPhoto).where(is_given).values(is_written=True))
    await _write_history(connection, given, f"was given the event {called}, as the {row.kind} was accepted.")
    await _decide(connection, occasion_id, OccasionState.ACCEPTED, written_name=called, name=name or row.name)


async def rename(connection: AsyncConnection, occasion_id: str, name: str) -> None:
    """Calls an occasion something else, and the event of its photos where they have that of it still.

    Raises :class:`NotFound`.
    """
    row = await _locked(connection, occasion_id)
    values: dict[str, Any] = {"name": name, "updated_at": utc_now()}
    if row.state == OccasionState.ACCEPTED:
        ours = await _ours(connection, row)
        await _set_event(connection, [one.id for one in ours], row.kind, name)
        values["written_name"] = name
    await connection.execute(update(Occasion).where(Occasion.id == occasion_id).values(**values))


async def dismiss(connection: AsyncConnection, occasion_id: str) -> None:
    """It is none, and is not proposed again. Raises :class:`NotFound`, :class:`BadRequest` for an accepted one."""
    row = await _locked(connection, occasion_id)
    if row.state == OccasionState.ACCEPTED:
        raise BadRequest(f"{row.written_name} is accepted; take that back first, then dismiss it.")
    await _decide(connection, occasion_id, OccasionState.DISMISSED)


async def undo(connection: AsyncConnection, occasion_id: str) -> None:
    """Takes back what was decided: it is a proposal again, and photos lose the event that it gave them.

    A photo that has been given another event since keeps that. Raises :class:`NotFound`.
    """
    row = await _locked(connection, occasion_id)
    if row.state == OccasionState.ACCEPTED:
        ours = await _ours(connection, row)
        await _set_event(connection, [one.id for one in ours], None, None)
        await _write_history(connection, ours, f"lost the event {row.written_name}, as that was taken back.")
        written = update(OccasionPhoto).where(OccasionPhoto.occasion_id == occasion_id)
        await connection.execute(written.values(is_written=False))
    await _decide(connection, occasion_id, OccasionState.PROPOSED, written_name=None, decided_at=None)


async def _locked(connection: AsyncConnection, occasion_id: str) -> OccasionRow:
    statement = select(Occasion.__table__).where(Occasion.id == occasion_id).with_for_update()
    row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no occasion {occasion_id}.")
    return row


async def _decide(connection: AsyncConnection, occasion_id: str, state: OccasionState, **values: Any) -> None:
    now = utc_now()
    decided = {"state": state, "decided_at": now, "updated_at": now} | values
    await connection.execute(update(Occasion).where(Occasion.id == occasion_id).values(**decided))


async def _versions(connection: AsyncConnection, occasion_id: str, *conditions: Any) -> Sequence[OccasionRow]:
    """The versions of its photos that have a sidecar, and whether nothing is said of their event.

    They are kept from other writers until the transaction ends.
    """
    statement = (
        select(
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.tier,
            MediaAsset.original_filename,
            _NOTHING_SAID.label("says_nothing"),
        )
        .join(OccasionPhoto, OccasionPhoto.media_asset_id == FileVersion.media_asset_id)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(
            OccasionPhoto.occasion_id == occasion_id,
            FileVersion.tier != Tier.BRONZE,
            FileVersion.archived_at.is_(None),
            *conditions,
        )
        .order_by(OccasionPhoto.position, FileVersion.id)
        .with_for_update(of=FileVersion, key_share=True)
    )
    return (await connection.execute(statement)).all()


async def _ours(connection: AsyncConnection, row: OccasionRow) -> Sequence[OccasionRow]:
    """The versions that have the event still that this occasion gave them."""
    return await _versions(
        connection,
        row.id,
        OccasionPhoto.is_written.is_(True),
        FileVersion.event_type == row.kind,
        FileVersion.event_name == row.written_name,
    )


async def _set_event(
    connection: AsyncConnection, version_ids: Sequence[str], event_type: str | None, event_name: str | None
) -> None:
    for chunk in chunks(version_ids):
        values = {"event_type": event_type, "event_name": event_name}
        await connection.execute(update(FileVersion).where(FileVersion.id.in_(chunk)).values(**values))
        await mark_stale(connection, chunk)


async def _write_history(connection: AsyncConnection, versions: Sequence[OccasionRow], what: str) -> None:
    now = utc_now()
    rows = [
        {
            "media_asset_id": one.media_asset_id,
            "action": "METADATA_EDITED",
            "details": f"{shown(one.original_filename)} ({one.tier.capitalize()}) {what}",
            "timestamp": now,
        }
        for one in versions
    ]
    for start in range(0, len(rows), BATCH):
        await connection.execute(insert(AssetHistory), rows[start : start + BATCH])
