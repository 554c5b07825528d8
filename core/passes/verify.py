"""Reads the library back, a part every night, so that each file is compared with its hash within a month.

A file that differs, cannot be read or is not there is reported, and read again by every later run until it is whole;
where a good copy is found, that is offered (:mod:`core.audit.restore`). Nothing is repaired by itself. Sidecars are
parsed, and the database is looked through (:mod:`core.db.integrity`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

import structlog
from sqlalchemy import and_, func, literal, select, tuple_, update

from core.audit import damage
from core.audit.read_back import Outcome, hash_on_disk, quiet_thread, read_back
from core.compute.tasks import read_sidecars
from core.db.integrity import check, survey
from core.db.tables import DamagedFile, FileVersion, LedgerEntry, Sidecar, utc_now
from core.db.types import UtcTimestamp
from core.errors import WorkerLost
from core.library.layout import is_reference
from core.library.sidecar_look import signature_of
from core.library.sidecars import SidecarState
from core.media.source_file import shown
from core.passes.shape import SLICE_SECONDS, Pass, Progress, Tools
from core.pipeline.roots import IMPORT

log = structlog.get_logger()

#: Photos that are asked for with one query.
PAGE = 100

#: Paths and sentences that a report has of each kind; the counts are of all.
_TOLD: Final = 100

_DAY = 86400.0


async def begin(tools: Tools) -> Progress:
    """How many versions are tonight's share: of all, so that each has its turn within ``verify_within``, and at least
    those whose turn was before.
    """
    night = tools.settings.night
    now = utc_now()
    long_ago = now - timedelta(seconds=night.verify_within)
    statement = select(func.count(), func.count().filter(FileVersion.verified_at < long_ago))
    async with tools.bench.database.read() as connection:
        everything, late = (await connection.execute(statement.where(FileVersion.sha256.is_not(None)))).one()
        again = await damage.count(connection)
    share = ceil(everything * min(night.every.get("verify", _DAY) / night.verify_within, 1))
    total = min(max(share, late), everything) + again + 1
    checkpoint = {
        "phase": "database",
        "began": now.isoformat(),
        "at": datetime(1970, 1, 1, tzinfo=UTC).isoformat(),
        "after": "",
    }
    report = {
        "verified": 0,
        "damaged": 0,
        "damagedFiles": [],
        "sidecars": 0,
        "sidecarTroubles": [],
        "database": [],
        "databaseChecked": [],
        "databaseUnchecked": [],
        "late": late,
    }
    return Progress(checkpoint, 0, total, report=report)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Checks the database, then reads what was damaged before, then what was read longest ago."""
    phase: str = progress.checkpoint["phase"]
    if phase == "database":
        return await _check_database(tools, progress)
    with quiet_thread() as reader:
        return await (_read_damaged if phase == "damaged" else _read_oldest)(tools, progress, reader)


VERIFY = Pass(
    "verify",
    "Reads the library back and compares it with its hashes",
    begin,
    step,
    limit=lambda settings: settings.night.verify_limit,
)

_COLUMNS = (
    FileVersion.id,
    FileVersion.media_asset_id,
    FileVersion.file_path,
    FileVersion.tier,
    FileVersion.sha256,
    Sidecar.path.label("sidecar"),
    Sidecar.state.label("sidecar_state"),
    Sidecar.signature,
)
_VERSIONS = (
    select(*_COLUMNS).outerjoin(Sidecar, Sidecar.version_id == FileVersion.id).where(FileVersion.sha256.is_not(None))
)


@dataclass
class _Found:
    """How the versions read in a slice are: ids of those that are whole; those that are not, with the offered copy."""

    whole: list[str] = field(default_factory=list)
    broken: list[tuple[Any, Outcome, str | None]] = field(default_factory=list)
    sidecars: int = 0
    troubles: list[str] = field(default_factory=list)


async def _check_database(tools: Tools, progress: Progress) -> Progress:
    """Part by part, for some seconds; which part is next, and where in it, is in the checkpoint."""
    ends = time.monotonic() + SLICE_SECONDS
    surveyed = await survey(tools.bench.database)
    number, start = progress.checkpoint.get("part", 0), progress.checkpoint.get("start", 0)
    faults = list(progress.report["database"])
    while number < len(surveyed.parts) and time.monotonic() < ends:
        found, following = await check(tools.bench.database, surveyed.parts[number], start)
        for fault in found:
            log.error("the database is damaged", fault=fault)
        faults += found
        number, start = (number + 1, 0) if following is None else (number, following)
    report = progress.report | {
        "database": faults[:_TOLD],
        "databaseChecked": list(surveyed.checked),
        "databaseUnchecked": list(surveyed.unchecked),
    }
    if number < len(surveyed.parts):
        return Progress(progress.checkpoint | {"part": number, "start": start}, 0, progress.total, report=report)
    return Progress(progress.checkpoint | {"phase": "damaged"}, 1, progress.total, report=report)


async def _read_damaged(tools: Tools, progress: Progress, reader: ThreadPoolExecutor) -> Progress:
    """Those that are known to be damaged, a page at a time."""
    statement = (
        _VERSIONS.join(DamagedFile, DamagedFile.version_id == FileVersion.id)
        .where(FileVersion.id > progress.checkpoint["after"])
        .order_by(FileVersion.id)
        .limit(PAGE)
    )
    async with tools.bench.database.read() as connection:
        rows = (await connection.execute(statement)).all()
    found = _Found()
    for row in rows:
        await _check(tools, [row], found, reader)
    report = await _written(tools, found, progress.report)
    is_last = len(rows) < PAGE
    checkpoint = progress.checkpoint | ({"phase": "files", "after": ""} if is_last else {"after": rows[-1].id})
    return Progress(checkpoint, progress.done + len(rows), progress.total, report=report)


async def _read_oldest(tools: Tools, progress: Progress, reader: ThreadPoolExecutor) -> Progress:
    """Photos whose files were read longest ago, for some seconds."""
    ends = time.monotonic() + SLICE_SECONDS
    position = FileVersion.verified_at, FileVersion.id
    began, last = (datetime.fromisoformat(progress.checkpoint[name]) for name in ("began", "at"))
    oldest = (
        select(FileVersion.media_asset_id, *position)
        .where(FileVersion.sha256.is_not(None), FileVersion.verified_at < began)
        .where(tuple_(*position) > tuple_(literal(last, UtcTimestamp()), progress.checkpoint["after"]))
        .order_by(*position)
        .limit(PAGE)
    )
    async with tools.bench.database.read() as connection:
        page = (await connection.execute(oldest)).all()
        of_page = _VERSIONS.where(FileVersion.media_asset_id.in_({each.media_asset_id for each in page}))
        by_asset: dict[str, list[Any]] = {}
        for row in await connection.execute(of_page):
            by_asset.setdefault(row.media_asset_id, []).append(row)
    found, done, total = _Found(), progress.done, progress.total or 0
    checkpoint = progress.checkpoint
    for each in page:
        # of a photo all versions are read together: most are names of one file
        if (versions := by_asset.pop(each.media_asset_id, None)) is not None:
            await _check(tools, versions, found, reader)
            done += len(versions)
        checkpoint = checkpoint | {"at": each.verified_at.isoformat(), "after": each.id}
        if done >= total or time.monotonic() >= ends:
            break
    report = await _written(tools, found, progress.report)
    return Progress(checkpoint, min(done, total), total, done >= total or not page, report)


async def _check(tools: Tools, rows: Sequence[Any], found: _Found, reader: ThreadPoolExecutor) -> None:
    """Reads versions of one asset, and their sidecars."""
    bench = tools.bench
    roots = {watch.name: str(watch.path) for watch in tools.settings.watch} | {IMPORT: os.sep}
    for row, outcome in zip(rows, await read_back(bench.layout, rows, reader, hash_on_disk), strict=True):
        if outcome is Outcome.SAME:
            found.whole.append(row.id)
        elif await _is_damaged(tools, row):
            asset_id, sha256 = row.media_asset_id, row.sha256
            offer = await damage.find_good_copy(bench.database, bench.layout, asset_id, sha256, roots)
            found.broken.append((row, outcome, offer))
        # else it was moved or written to meanwhile: its turn comes again
    found.sidecars += sum(row.sidecar is not None for row in rows)
    found.troubles += await _sidecar_troubles(tools, rows)


async def _written(tools: Tools, found: _Found, report: dict[str, Any]) -> dict[str, Any]:
    """Writes down what a slice found; returns the report with it."""
    if not tools.is_dry:
        now = utc_now()
        read = [*found.whole, *(row.id for row, _, _ in found.broken)]
        async with tools.bench.database.write() as connection:
            await connection.execute(update(FileVersion).where(FileVersion.id.in_(read)).values(verified_at=now))
            await damage.clear(connection, found.whole)
            for row, outcome, offer in found.broken:
                await damage.note(connection, row.id, outcome, offer, now)
    told = []
    for row, outcome, offer in found.broken:
        path, good_copy = shown(row.file_path), None if offer is None else shown(offer)
        log.warning("a file of the library is damaged", path=path, kind=outcome, good_copy=good_copy)
        told.append({"id": row.id, "path": path, "kind": outcome, "goodCopy": good_copy})
    return report | {
        "verified": report["verified"] + len(found.whole) + len(found.broken),
        "damaged": report["damaged"] + len(found.broken),
        "damagedFiles": [*report["damagedFiles"], *told][:_TOLD],
        "sidecars": report["sidecars"] + found.sidecars,
        "sidecarTroubles": [*report["sidecarTroubles"], *found.troubles][:_TOLD],
    }


async def _is_damaged(tools: Tools, row: Any) -> bool:
    """Looks again: the photo may have been moved or given another file since it was asked for.

    A file that stays in its folder may be written to there, which a scan sees; it is damaged when its bytes have
    changed and nothing else has.
    """
    async with tools.bench.database.read() as connection:
        statement = select(FileVersion.id).where(
            FileVersion.id == row.id, FileVersion.file_path == row.file_path, FileVersion.sha256 == row.sha256
        )
        if (await connection.execute(statement)).first() is None:
            return False
        if not is_reference(row.file_path):
            return True
        entries = select(LedgerEntry.root, LedgerEntry.size, LedgerEntry.mtime_ns, LedgerEntry.ctime_ns).where(
            and_(LedgerEntry.media_asset_id == row.media_asset_id, LedgerEntry.sha256 == row.sha256)
        )
        known = (await connection.execute(entries)).all()
    try:
        status = await asyncio.to_thread(os.stat, tools.bench.layout.absolute(row.file_path))
    except OSError:
        # its root is not there, or the ledger calls it missing
        return False
    found = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return any((entry.size, entry.mtime_ns, entry.ctime_ns) == found for entry in known)


async def _sidecar_troubles(tools: Tools, rows: Sequence[Any]) -> list[str]:
    """What is wrong with the sidecars of versions. Those that wait to be written or read are left to whoever does."""
    written = [row.sidecar for row in rows if row.sidecar is not None and row.sidecar_state == SidecarState.WRITTEN]
    if not written:
        return []
    remembered = {row.sidecar: row.signature for row in rows}
    try:
        found = await tools.bench.compute.run(read_sidecars, written)
    except WorkerLost as error:
        return [f"{shown(written[0])}: {error}"]
    troubles = []
    for path, facts in zip(written, found, strict=True):
        if isinstance(facts, str):
            troubles.append(f"{shown(path)}: {facts}")
        elif await asyncio.to_thread(signature_of, path) != remembered[path]:
            troubles.append(
                f"{shown(path)}: it was changed since it was last read; the daemon reads it at its next look."
            )
    return troubles
