"""What is done about an attempt that a crash or a power cut ended.

Only what dead processes held is touched, and by one process at a time. An original that was placed but not recorded
is kept for the attempt that follows, because its source may be gone by now; everything else unrecorded is cleared
away and made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from sqlalchemy import case, update

from core.db.engine import Database
from core.db.tables import LedgerEntry, utc_now
from core.library.layout import Layout, Tier, sidecar_of
from core.library.placing import discard, hash_file, temporary_name
from core.pipeline import ledger, placements
from core.pipeline.holders import forget, is_alive, one_at_a_time
from core.pipeline.placements import Intent
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
        verdicts = [await asyncio.to_thread(_repair, layout, intent, intent.target in recorded) for intent in left]
        ended = [intent for intent, verdict in zip(left, verdicts, strict=True) if verdict == "ended"]
        kept = [intent for intent, verdict in zip(left, verdicts, strict=True) if verdict == "kept"]
        requeued = [entry.id for name in dead for entry in held.get(name, [])]
        async with database.write() as connection:
            for intent in ended:
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
    log.info("recovered", requeued=len(requeued), cleared=len(ended), kept=len(kept))
    return len(requeued)


def _forget_all(layout: Layout, dead: Iterable[str]) -> None:
    for name in dead:
        forget(layout.locks, name)


def _repair(layout: Layout, intent: Intent, is_recorded: bool) -> str:
    """Clears what the intent left. ``kept``: a whole original, for the next attempt; ``ended``: nothing is left to do;
    ``unclear``: the system refuses, the next start tries again."""
    target = layout.absolute(intent.target)
    try:
        temporary_name(target).unlink(missing_ok=True)
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
        discard(target)
        discard(layout.absolute(sidecar_of(intent.target)))
    except OSError as error:
        log.warning("cannot be repaired now", path=str(target), reason=error.strerror)
        return "unclear"
    return "ended"
