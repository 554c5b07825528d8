"""What is done about an attempt that a crash or a power cut ended.

Only what dead processes held is touched, and by one process at a time. An original that was placed but not recorded
is kept for the attempt that follows, because its source may be gone by now; everything else unrecorded is cleared
away and made again.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path

import structlog
from sqlalchemy import case, select, update

from core.db.engine import Database
from core.db.tables import LedgerEntry, utc_now
from core.library.layout import (
    FACE_CROP_PREFIX,
    Layout,
    Tier,
    json_sidecar_of,
    library_sidecar,
    reference_path,
    sidecar_of,
)
from core.library.placing import discard, hash_file, is_temporary, temporary_name
from core.pipeline import ledger, placements
from core.pipeline.gold_files import adopt_replaced
from core.pipeline.holders import forget, forget_forsaken, is_alive, one_at_a_time
from core.pipeline.ledger import Entry
from core.pipeline.placements import Intent
from core.pipeline.roots import UPLOAD
from core.pipeline.states import State

log = structlog.get_logger()


async def recover(database: Database, layout: Layout, holder: str) -> int:
    """Puts the entries of dead processes back into the queue; returns how many there were."""
    async with one_at_a_time(layout.locks, "recovery"):
        async with database.read() as connection:
            held = await ledger.held_entries(connection)
            intents = await placements.unfinished(connection)
        names = {*held, *(intent.holder for intent in intents)}
        dead = {name for name in names if not is_alive(layout.locks, name)}
        if not dead:
            return 0
        left = [intent for intent in intents if intent.holder in dead]
        async with database.read() as connection:
            recorded = await placements.recorded(connection, [intent.target for intent in left])
        in_hand = [entry for name in dead for entry in held.get(name, [])]
        await asyncio.to_thread(_clear_sidecars, layout, in_hand)
        verdicts = [await asyncio.to_thread(_repair, layout, intent, intent.target in recorded) for intent in left]
        ended = [intent for intent, verdict in zip(left, verdicts, strict=True) if verdict == "ended"]
        kept = [intent for intent, verdict in zip(left, verdicts, strict=True) if verdict == "kept"]
        async with database.write() as connection:
            for intent in ended:
                if intent.tier is Tier.GOLD and intent.target in recorded:
                    await adopt_replaced(connection, layout, intent)
                await placements.finish(connection, intent)
            await placements.hand_over(connection, kept, holder)
            await connection.execute(
                update(LedgerEntry)
                .where(LedgerEntry.holder.in_(dead))
                .values(
                    state=State.QUEUED,
                    holder=None,
                    # the attempt was cut off, not failed: a power cut must not count against a file
                    attempts=case(
                        (LedgerEntry.state == State.RUNNING, LedgerEntry.attempts - 1), else_=LedgerEntry.attempts
                    ),
                    updated_at=utc_now(),
                )
            )
        _forget_all(layout, dead)
    log.info("recovered", requeued=len(in_hand), cleared=len(ended), kept=len(kept))
    return len(in_hand)


async def sweep(database: Database, layout: Layout) -> int:
    """Removes what a daemon that died has left half done and no entry needs; returns how many things that were.

    Half received uploads, temporary files of thumbnails, and its lock. Only for the daemon, as long as nobody uploads.
    """
    await asyncio.to_thread(forget_forsaken, layout.locks)
    received = await asyncio.to_thread(
        lambda: [path for path in layout.temp.iterdir() if not path.name.startswith(FACE_CROP_PREFIX)]
    )
    needed = await _uploads_to_do(database) if received else set()
    left = [path for path in received if path.name not in needed]
    left += await asyncio.to_thread(
        lambda: [path for path in layout.thumbnails.glob("*/.*") if is_temporary(path.name)]
    )
    for path in left:
        await asyncio.to_thread(_remove, path)
    if left:
        log.info("cleared away what was half done", count=len(left))
    return len(left)


async def _uploads_to_do(database: Database) -> set[str]:
    """The folders below ``temp`` whose upload is still to be taken in."""
    to_do = (State.WAITING, State.QUEUED, State.RUNNING, State.FAILED, State.QUARANTINED)
    statement = select(LedgerEntry.path).where(LedgerEntry.root == UPLOAD, LedgerEntry.state.in_(to_do))
    async with database.read() as connection:
        return {path.partition("/")[0] for path in (await connection.execute(statement)).scalars()}


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot be removed", path=str(path), reason=error.strerror)


def _forget_all(layout: Layout, dead: Iterable[str]) -> None:
    for name in dead:
        forget(layout.locks, name)


def _clear_sidecars(layout: Layout, entries: Iterable[Entry]) -> None:
    """Removes the half written sidecars, in the library, of files that stay where they are.

    Those beside such files are for the scan to find: their folder may be out of reach.
    """
    for entry in entries:
        path = layout.absolute(library_sidecar(reference_path(Tier.SILVER, entry.root, entry.path)))
        _remove(temporary_name(path))


def _repair(layout: Layout, intent: Intent, is_recorded: bool) -> str:
    """Clears what the intent left. ``kept``: a whole original, for the next attempt; ``ended``: nothing is left to do;
    ``unclear``: the system refuses, the next start tries again."""
    target = layout.absolute(intent.target)
    try:
        beside = (sidecar_of(intent.target), json_sidecar_of(intent.target))
        for name in (target, *map(layout.absolute, beside)):
            temporary_name(name).unlink(missing_ok=True)
        if is_recorded or not target.is_file():
            return "ended"
        if target.stat().st_size and hash_file(target) != intent.sha256:
            # a placed file is whole from its first moment, so this one was put there by somebody else
            log.warning(
                "a file that nobody placed has the name of one that was to be; it is left alone", path=str(target)
            )
            return "ended"
        if intent.tier is Tier.BRONZE and target.stat().st_size:
            return "kept"
        for path in (*map(layout.absolute, beside), target):
            discard(path)
    except OSError as error:
        log.warning("cannot be repaired now", path=str(target), reason=error.strerror)
        return "unclear"
    return "ended"
