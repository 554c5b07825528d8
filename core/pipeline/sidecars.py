"""Keeps database and sidecars of one mind: reads what others wrote, writes what they do not know yet.

One version at a time. Where a sidecar was changed, the database follows first, in one transaction with the history;
then what the sidecar lacks is written. A crash in between is repaired by looking again: what is there already is no
change.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import reconcile_sidecar
from core.db.tables import AssetHistory, Face, FileVersion, LedgerEntry, MediaAsset, Person, Sidecar, utc_now
from core.errors import PlacementFailed, WorkerLost
from core.library.edits import EDITED, UPDATED
from core.library.layout import Layout, Tier, is_reference, library_sidecar
from core.library.photo_facts import NamedFace, facts_of
from core.library.placing import discard, replace_sidecar
from core.library.readable_metadata import readable
from core.library.sidecar_edits import apply_resolution
from core.library.sidecar_facts import SidecarFacts
from core.library.sidecar_look import Look, Reconciled, sidecars_beside, signature_of
from core.library.sidecars import SidecarState, due, packed, unpacked
from core.media.source_file import shown
from core.pipeline.retry import next_attempt
from core.pipeline.roots import Root
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

#: Sidecars that are taken up in one go; between two goes others may have the database.
BATCH = 200

#: How often a sidecar that changes while it is looked at is looked at again before it has to wait.
_ROUNDS = 5


AWAY = "The photo is not in its folder at present. Its sidecar is looked after when it is back."
IN_LIBRARY = "The folder of the photo cannot be written to; the sidecar lies in the library."

_OF_ASSET = (
    MediaAsset.original_filename,
    MediaAsset.sha256.label("asset_sha256"),
    MediaAsset.created_at.label("asset_created_at"),
)


@dataclass(frozen=True)
class _Photo:
    row: Mapping[str, Any]
    facts: SidecarFacts
    face_ids: list[str]
    is_described_by_person: bool
    source: tuple[str, str] | None


async def write_due(
    bench: Workbench, roots: Mapping[str, Root], is_stopping: Callable[[], bool] = lambda: False
) -> int:
    """Writes and reads every sidecar that is due, until it is asked to stop; returns how many that were."""
    done = 0
    while True:
        async with bench.database.read() as connection:
            version_ids = await due(connection, utc_now(), BATCH)
        for version_id in version_ids:
            if is_stopping():
                return done
            await synchronise(bench, roots, version_id)
            done += 1
        if len(version_ids) < BATCH:
            return done


async def synchronise(bench: Workbench, roots: Mapping[str, Root], version_id: str) -> None:
    """Brings one version and its sidecars together; what fails is told in its row and tried again later."""
    try:
        for round_ in range(_ROUNDS):
            if await _round(bench, roots, version_id, is_told=round_ > 0, is_final=round_ == _ROUNDS - 1):
                return
        await _fail(bench, version_id, "It changes while it is looked at.")
    except (PlacementFailed, OSError, WorkerLost) as error:
        reason = (
            str(error) if not isinstance(error, OSError) else f"The sidecar cannot be read: {error.strerror or error}."
        )
        await _fail(bench, version_id, reason)
    except Exception as error:
        if isinstance(error, SQLAlchemyError) and not isinstance(error, (DataError, IntegrityError)):
            # it is the database, which is in nobody's way when it is there again
            raise
        # whatever it was, the sidecars of the other photos are looked after
        log.exception("sidecar could not be looked after", version=version_id)
        reason = f"Something unforeseen went wrong ({type(error).__name__}: {error}). The log says more of it."
        await _fail(bench, version_id, reason)


async def _round(
    bench: Workbench, roots: Mapping[str, Root], version_id: str, *, is_told: bool, is_final: bool
) -> bool:
    """One look; ``False`` where another one is needed."""
    async with bench.database.read() as connection:
        photo = await _read(connection, version_id)
        known = (await connection.execute(select(Sidecar.__table__).where(Sidecar.version_id == version_id))).first()
    if known is None:
        return True
    if photo is None:
        await _settle(bench, version_id, {"state": SidecarState.WRITTEN})
        return True
    if not await asyncio.to_thread(is_within_reach, bench.layout, photo.row["file_path"]):
        await _fail(bench, version_id, AWAY)
        return True
    path = await asyncio.to_thread(place_of, bench.layout, photo.row["file_path"])
    look = Look(
        path=str(path),
        base=unpacked(known.base),
        others=others_of(bench.layout, roots, photo.row["file_path"], photo.row["tier"], photo.source),
        other_path=known.other_path,
        other_base=unpacked(known.other_base),
        facts=photo.facts,
        machine=_machine_made(photo),
        changed_at=known.changed_at.timestamp() if known.changed_at is not None else None,
        is_told=is_told,
        is_final=is_final,
    )
    found = await bench.compute.run(reconcile_sidecar, look)
    if found.refused is not None:
        await _refuse(bench, photo, path, found)
        return True
    others = {
        "other_path": found.other_path,
        "other_base": packed(found.other_base),
        "other_signature": found.other_signature,
    }
    if found.resolution is not None:
        async with bench.database.write() as connection:
            now = await _read(connection, version_id)
            if now is None or now.facts != photo.facts:
                return False
            await apply_resolution(connection, now.row, now.face_ids, found.resolution, found.source)
            if found.packet is None:
                if found.resolution.changed and found.other_path and not found.source.endswith(path.name):
                    await connection.execute(update(Sidecar).where(Sidecar.version_id == version_id).values(others))
                return False
    signature = found.signature
    if found.packet is not None:
        written = await asyncio.to_thread(_write, found.packet, path, found.signature)
        if written is None:
            return False
        signature = written
        if is_reference(photo.row["file_path"]) and _is_beside(bench.layout, photo, path):
            await asyncio.to_thread(discard, bench.layout.absolute(library_sidecar(photo.row["file_path"])))
    values = {
        "path": str(path),
        "base": packed(found.base),
        "signature": signature,
        "reason": None if _is_beside(bench.layout, photo, path) else IN_LIBRARY,
        **others,
    }
    await _settle(bench, version_id, {**values, "state": SidecarState.WRITTEN}, changed_at=known.changed_at)
    return True


def is_within_reach(layout: Layout, file_path: str) -> bool:
    """Whether a version's file is there: one that stays in its folder may have been moved, or its disk be away."""
    return not is_reference(file_path) or layout.absolute(file_path).is_file()


def place_of(layout: Layout, file_path: str) -> Path:
    """Where the sidecar of a version lies.

    Beside its file; for one that stays in a folder that cannot be written to, in the library.
    """
    beside = Path(f"{layout.absolute(file_path)}.xmp")
    if not is_reference(file_path) or os.access(beside.parent, os.W_OK):
        return beside
    return layout.absolute(library_sidecar(file_path))


def _is_beside(layout: Layout, photo: _Photo, path: Path) -> bool:
    return path.parent == layout.absolute(photo.row["file_path"]).parent


def others_of(
    layout: Layout, roots: Mapping[str, Root], file_path: str, tier: str, source: tuple[str, str] | None
) -> tuple[str, ...]:
    """Where other programs may have said something of a version: ``name.xmp``, and beside the ``source`` in a drop
    zone, given as root and path.
    """
    if is_reference(file_path):
        file = str(layout.absolute(file_path))
        beside, plain = sidecars_beside(file)
        # in a folder that cannot be written to what lies beside the file is only read, ours is in the library
        return (plain,) if os.access(os.path.dirname(file), os.W_OK) else (beside, plain)  # noqa: PTH120
    if source is None or source[0] not in roots or tier != Tier.SILVER:
        return ()
    return sidecars_beside(roots[source[0]].absolute(source[1]))


def _machine_made(photo: _Photo) -> frozenset[str]:
    metadata = readable(photo.row["combined_metadata"])
    place = metadata.get("place") or {}
    made = {"captured"}
    if not (photo.is_described_by_person or metadata.get("embeddedDescription")):
        made.add("description")
    if not place.get("isGivenByPerson"):
        made |= {"city", "state", "country", "country_code"}
    return frozenset(made)


def _write(packet: bytes, path: Path, read: str | None) -> str | None:
    """Writes the sidecar if it is still what was read; returns its new signature, ``None`` if it is not."""
    if signature_of(str(path)) != read:
        return None
    replace_sidecar(packet, path)
    return signature_of(str(path))


async def _refuse(bench: Workbench, photo: _Photo, path: Path, found: Reconciled) -> None:
    """A sidecar that cannot be understood is not touched. Beside somebody's file, ours goes into the library."""
    reason = f"{path.name} cannot be merged: {found.refused} It is left as it is, and looked at again when it changes."
    if is_reference(photo.row["file_path"]):
        ours = bench.layout.absolute(library_sidecar(photo.row["file_path"]))
        await asyncio.to_thread(_write_library, found.base, ours)
    await _fail(bench, photo.row["id"], reason, {"path": str(path), "signature": found.signature})


def _write_library(packet: bytes, path: Path) -> None:
    if not path.is_file() or path.read_bytes() != packet:
        replace_sidecar(packet, path)


async def _fail(bench: Workbench, version_id: str, reason: str, values: Mapping[str, Any] | None = None) -> None:
    now = utc_now()
    async with bench.database.write() as connection:
        attempts = (
            await connection.execute(select(Sidecar.attempts).where(Sidecar.version_id == version_id))
        ).scalar_one_or_none()
        attempts = (attempts or 0) + 1
        failed = {
            "state": SidecarState.FAILED,
            "attempts": attempts,
            "next_attempt_at": next_attempt(attempts, now),
            "reason": reason,
        }
        await connection.execute(
            update(Sidecar).where(Sidecar.version_id == version_id).values({**(values or {}), **failed})
        )
    log.warning("sidecar could not be written", version=version_id, reason=reason, attempts=attempts)


async def _settle(bench: Workbench, version_id: str, values: Mapping[str, Any], *, changed_at: Any = None) -> None:
    """Records what was written; a version that was changed meanwhile stays stale."""
    async with bench.database.write() as connection:
        row = (
            await connection.execute(select(Sidecar.changed_at).where(Sidecar.version_id == version_id))
        ).scalar_one_or_none()
        outcome = dict(values)
        if changed_at is not None and row != changed_at:
            outcome["state"] = SidecarState.STALE
        outcome |= {"attempts": 0, "next_attempt_at": None}
        await connection.execute(update(Sidecar).where(Sidecar.version_id == version_id).values(outcome))


async def _read(connection: AsyncConnection, version_id: str) -> _Photo | None:
    statement = (
        select(
            FileVersion.__table__,
            MediaAsset.original_filename,
            MediaAsset.sha256.label("asset_sha256"),
            MediaAsset.created_at.label("asset_created_at"),
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == version_id, FileVersion.archived_at.is_(None))
    )
    found = (await connection.execute(statement)).mappings().first()
    if found is None:
        return None
    row = dict(found)
    # the column is called metadata, the attribute is not
    row["combined_metadata"] = row.pop("metadata")
    asset_id = row["media_asset_id"]
    of_asset = select(FileVersion.id).where(FileVersion.media_asset_id == asset_id, FileVersion.archived_at.is_(None))
    statement = (
        select(Face.id, Face.bounding_box, Person.name)
        .outerjoin(Person, Person.id == Face.person_id)
        .where(Face.photo_id.in_(of_asset), Face.ignored.is_(False))
        .order_by(Face.created_at, Face.id)
    )
    faces = list(await connection.execute(statement))
    edited = select(
        exists().where(
            AssetHistory.media_asset_id == asset_id,
            AssetHistory.action.in_((EDITED, UPDATED)),
            AssetHistory.details.contains("description"),
        )
    )
    is_described = bool((await connection.execute(edited)).scalar_one())
    entry = select(LedgerEntry.root, LedgerEntry.path).where(LedgerEntry.media_asset_id == asset_id)
    source = (await connection.execute(entry.order_by(LedgerEntry.id).limit(1))).first()
    named = [NamedFace((box[0], box[1], box[2], box[3]), name) for _, box, name in faces]
    facts = facts_of(
        row,
        named,
        shown(row["original_filename"]),
        row["asset_sha256"] or row["sha256"],
        ingested_at=row["asset_created_at"],
        is_described_by_person=is_described,
    )
    return _Photo(
        row,
        facts,
        [face.id for face in faces],
        is_described,
        (source.root, source.path) if source is not None else None,
    )
