"""Gold: a file of its own with the metadata inside, approved by a person.

One routine for every way that leads here. It is safe to repeat: a photo that is Gold already gets a new file only when
what is known of it has changed since. What a crash leaves is repaired by :mod:`core.pipeline.recovery`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import damage
from core.compute.tasks import plan_copy, plan_gold
from core.db.tables import AssetHistory, Face, FileVersion, MediaAsset, Person, new_id, utc_now
from core.db.turns import lock_asset
from core.errors import BadRequest, IntakeError, NotFound, WorkerLost
from core.library.edits import EDITED, UPDATED
from core.library.gold_facts import GoldFacts, gold_facts
from core.library.gold_name import captured_of, gold_name
from core.library.layout import Tier, month_directory, sidecar_of
from core.library.photo_facts import NamedFace
from core.library.sidecars import mark_stale
from core.library.tag_library import count_tags
from core.media.facts import Format, Kind
from core.media.formats import FORMATS
from core.media.source_file import shown
from core.pipeline import placements
from core.pipeline.gold_files import is_up_to_date, mtime_of, place_gold, remove_gold, replace_gold, share_rendered
from core.pipeline.kept_file import kept_file
from core.pipeline.placements import Intent
from core.pipeline.workbench import Workbench

if TYPE_CHECKING:
    from core.library.gold_plan import GoldPlan

PROMOTED_STATE = "promoted"


class Action(StrEnum):
    """What the history calls it: by which route the person came."""

    PROMOTED = "PROMOTED"
    EMBEDDED = "EMBEDDED"


class Promoted(msgspec.Struct, frozen=True):
    """The Gold version of a photo; ``is_changed`` is false when it had been there, just so."""

    gold_id: str
    is_changed: bool


_OF_ASSET = (
    MediaAsset.original_filename,
    MediaAsset.sha256.label("asset_sha256"),
    MediaAsset.created_at.label("asset_created_at"),
)


class _Photo(msgspec.Struct, frozen=True):
    """A Silver version, the Gold one of its asset if there is one, and the faces of both: rows of ``file_versions``."""

    silver: Mapping[str, Any]
    gold: Mapping[str, Any] | None
    original_filename: str
    original_sha256: str
    faces: tuple[NamedFace, ...]
    known: Format
    is_described_by_person: bool


async def promote(bench: Workbench, photo_id: str, action: Action = Action.PROMOTED) -> Promoted:
    """Makes the Gold file of a Silver photo, or brings the one that there is up to date.

    Raises :class:`NotFound`, :class:`BadRequest` for a photo that is not Silver, what :func:`kept_file` does, and the
    :class:`core.errors.IntakeError` that says why no file could be made; then nothing has changed.
    """
    async with bench.database.read() as connection:
        asset_id = (await _silver(connection, photo_id))["media_asset_id"]
    async with bench.claims.hold(f"gold of {asset_id}"):
        async with bench.database.read() as connection:
            photo = await _read(connection, photo_id)
        facts = _facts(photo)
        with kept_file(photo.original_filename, photo.silver["file_path"]):
            plan = await _plan(bench, photo, facts)
            if photo.gold is not None:
                return await _refresh(bench, photo, photo.gold, facts, plan, action)
            made = await _make(bench, photo, facts, plan, action)
            return await _caught_up(bench, photo_id, facts, action, made)


def _facts(photo: _Photo) -> GoldFacts:
    return gold_facts(
        photo.gold or photo.silver,
        photo.faces,
        photo.original_filename,
        photo.original_sha256,
        ingested_at=photo.silver["asset_created_at"],
        is_described_by_person=photo.is_described_by_person,
    )


async def _caught_up(bench: Workbench, photo_id: str, written: GoldFacts, action: Action, made: Promoted) -> Promoted:
    """Puts into a Gold file that was just made what was said of its photo while it was being made."""
    async with bench.database.read() as connection:
        photo = await _read(connection, photo_id)
    facts = _facts(photo)
    if photo.gold is not None and facts != written:
        await _refresh(bench, photo, photo.gold, facts, await _plan(bench, photo, facts), action)
    return made


async def _silver(connection: AsyncConnection, photo_id: str) -> Mapping[str, Any]:
    statement = select(
        FileVersion.__table__,
        MediaAsset.original_filename,
        MediaAsset.sha256.label("asset_sha256"),
        MediaAsset.created_at.label("asset_created_at"),
    )
    statement = statement.join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
    rows = await connection.execute(statement.where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None)))
    row = rows.mappings().first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    if row["tier"] != Tier.SILVER:
        raise BadRequest(
            f"{row['original_filename']} is {str(row['tier']).capitalize()}; only Silver photos are promoted to Gold."
        )
    return _by_attribute(row)


def _by_attribute(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The column that is called ``metadata`` in the database has another name in Python."""
    columns = dict(row)
    columns["combined_metadata"] = columns.pop("metadata")
    return columns


async def _read(connection: AsyncConnection, photo_id: str) -> _Photo:
    silver = await _silver(connection, photo_id)
    known = next((each for each in FORMATS if each.mime_type == silver["mime_type"]), None)
    if known is None:
        raise BadRequest(f"{silver['original_filename']} is of a type that is not known, {silver['mime_type']}.")
    gold = await _gold_of(connection, silver["media_asset_id"])
    version = select(FileVersion.id).where(FileVersion.media_asset_id == silver["media_asset_id"])
    faces = (
        select(Face.bounding_box, Person.name)
        .outerjoin(Person, Person.id == Face.person_id)
        .where(Face.photo_id.in_(version), Face.ignored.is_(False))
        .order_by(Face.created_at, Face.id)
    )
    return _Photo(
        silver=silver,
        gold=gold,
        original_filename=shown(silver["original_filename"]),
        original_sha256=silver["asset_sha256"] or silver["sha256"],
        faces=tuple(NamedFace((box[0], box[1], box[2], box[3]), name) for box, name in await connection.execute(faces)),
        known=known,
        is_described_by_person=await _is_described_by_person(connection, silver["media_asset_id"]),
    )


async def _is_described_by_person(connection: AsyncConnection, asset_id: str) -> bool:
    """Whether the description is one that a person wrote: the history lists the fields of each edit."""
    statement = select(AssetHistory.id).where(
        AssetHistory.media_asset_id == asset_id,
        AssetHistory.action.in_((EDITED, UPDATED)),
        AssetHistory.details.contains("description"),
    )
    return (await connection.execute(statement.limit(1))).first() is not None


async def _gold_of(connection: AsyncConnection, asset_id: str) -> Mapping[str, Any] | None:
    statement = (
        select(FileVersion.__table__)
        .where(FileVersion.media_asset_id == asset_id, FileVersion.tier == Tier.GOLD, FileVersion.archived_at.is_(None))
        .order_by(FileVersion.created_at.desc(), FileVersion.id.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else _by_attribute(row)


async def _plan(bench: Workbench, photo: _Photo, facts: GoldFacts) -> GoldPlan:
    source = str(bench.layout.absolute(photo.silver["file_path"]))
    sha256 = photo.silver["sha256"]
    present = None if photo.gold is None else str(bench.layout.absolute(sidecar_of(photo.gold["file_path"])))
    try:
        return await bench.compute.run(plan_gold, source, photo.known, facts, sha256, present)
    except WorkerLost as lost:
        # a file that costs a worker while it is written into is not written into
        return await bench.compute.run(plan_copy, source, facts, sha256, f"writing into it {lost}")


async def _make(bench: Workbench, photo: _Photo, facts: GoldFacts, plan: GoldPlan, action: Action) -> Promoted:
    silver = photo.silver
    async with bench.database.read() as connection:
        name = await gold_name(connection, silver, photo.original_filename, photo.known)
    intent = await placements.reserve(
        bench.database,
        bench.layout,
        ledger_id=None,
        tier=Tier.GOLD,
        directory=month_directory(Tier.GOLD, captured_of(silver)),
        name=name,
        sha256=plan.embedding.sha256,
        holder=bench.holder,
    )
    source = str(bench.layout.absolute(silver["file_path"]))
    try:
        mtime_ns = await asyncio.to_thread(mtime_of, source)
        await asyncio.to_thread(place_gold, bench.layout, source, intent.target, plan, _json(photo, facts), mtime_ns)
    except (IntakeError, OSError):
        async with bench.database.write() as connection:
            await placements.finish(connection, intent)
        raise
    try:
        async with bench.database.write() as connection:
            gold_id = await _record(connection, photo, plan, intent, action)
            await placements.finish(connection, intent)
            other = None if gold_id is not None else await _gold_of(connection, silver["media_asset_id"])
    except NotFound:
        # it was put away meanwhile
        await asyncio.to_thread(remove_gold, bench.layout, intent.target)
        async with bench.database.write() as connection:
            await placements.finish(connection, intent)
        raise
    if gold_id is None:
        # another process was quicker
        assert other is not None
        await asyncio.to_thread(remove_gold, bench.layout, intent.target)
        return Promoted(other["id"], is_changed=False)
    await asyncio.to_thread(share_rendered, bench.layout, silver["sha256"], plan.embedding.sha256)
    return Promoted(gold_id, is_changed=True)


def _json(photo: _Photo, facts: GoldFacts) -> bytes | None:
    return facts.json if photo.known.kind is Kind.VIDEO else None


async def _record(
    connection: AsyncConnection, photo: _Photo, plan: GoldPlan, intent: Intent, action: Action
) -> str | None:
    """Writes the Gold version, with what is said of the Silver one by now, and what belongs to it.

    ``None`` when the asset has one by now; raises :class:`NotFound` when the Silver version was put away meanwhile.
    """
    now, gold_id = utc_now(), new_id()
    await lock_asset(connection, photo.silver["media_asset_id"])
    if await _gold_of(connection, photo.silver["media_asset_id"]) is not None:
        return None
    silver = await _silver(connection, photo.silver["id"])
    columns = {column.key: silver[column.key] for column in FileVersion.__mapper__.column_attrs} | {
        "id": gold_id,
        "tier": Tier.GOLD,
        "file_path": intent.target,
        "is_reviewed": True,
        "processing_state": "processed",
        "created_at": now,
        **_file_columns(plan),
    }
    await connection.execute(insert(FileVersion).values(columns))
    await connection.execute(
        update(FileVersion).where(FileVersion.id == silver["id"]).values(processing_state=PROMOTED_STATE)
    )
    ai = (silver["combined_metadata"] or {}).get("ai") or {}
    await count_tags(connection, ai.get("aiTags") or ())
    name = intent.target.rpartition("/")[2]
    details = f"{photo.original_filename} was promoted from Silver to Gold as {name}; {_told(plan)}."
    await _add_history(connection, silver["media_asset_id"], action, details)
    # the sidecar is there; from now on it is kept up to date like every other
    await mark_stale(connection, [gold_id], now)
    return gold_id


def _file_columns(plan: GoldPlan) -> dict[str, Any]:
    made = plan.embedding
    return {"file_hash": made.md5, "sha256": made.sha256, "file_size": made.size}


def _told(plan: GoldPlan) -> str:
    """Where the metadata is, and why not everywhere."""
    made = plan.embedding
    where = {
        "EXIF and XMP": "its metadata is in the file as EXIF and XMP",
        "EXIF only": "its metadata is in the file as EXIF only",
        "XMP only": "its metadata is in the file as XMP only",
        "sidecar only": "its metadata is in the sidecar only",
    }[made.way]
    return f"{where}, because {'; and '.join(made.reasons)}" if made.reasons else where


async def _add_history(connection: AsyncConnection, asset_id: str, action: str, details: str) -> None:
    row = {"media_asset_id": asset_id, "action": action, "details": details, "timestamp": utc_now()}
    await connection.execute(insert(AssetHistory), row)


async def _refresh(
    bench: Workbench, photo: _Photo, gold: Mapping[str, Any], facts: GoldFacts, plan: GoldPlan, action: Action
) -> Promoted:
    """Brings a Gold file up to what is known by now, under the name that it has."""
    target = gold["file_path"]
    json = _json(photo, facts)
    layout = bench.layout
    if await asyncio.to_thread(is_up_to_date, layout, target, plan, gold["sha256"], json):
        return Promoted(gold["id"], is_changed=False)
    async with bench.database.write() as connection:
        intent = await placements.announce(connection, target, plan.embedding.sha256, bench.holder, is_recorded=True)
    if intent is None:
        raise BadRequest(f"{photo.original_filename} is being written by another process; try again in a moment.")
    source = str(layout.absolute(photo.silver["file_path"]))
    try:
        mtime_ns = await asyncio.to_thread(mtime_of, source)
        await asyncio.to_thread(replace_gold, layout, source, target, plan, json, mtime_ns, gold["sha256"])
    except (IntakeError, OSError):
        async with bench.database.write() as connection:
            await placements.finish(connection, intent)
        raise
    name = target.rpartition("/")[2]
    details = f"The metadata of {photo.original_filename}'s Gold file {name} were written anew; {_told(plan)}."
    async with bench.database.write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == gold["id"]).values(_file_columns(plan)))
        await _add_history(connection, gold["media_asset_id"], action, details)
        await damage.clear(connection, [gold["id"]])
        await mark_stale(connection, [gold["id"]])
        await placements.finish(connection, intent)
    await asyncio.to_thread(share_rendered, layout, photo.silver["sha256"], plan.embedding.sha256)
    return Promoted(gold["id"], is_changed=True)
