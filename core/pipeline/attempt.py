"""One attempt at one entry: runs the stages and turns whatever happens into a state of the ledger."""

from __future__ import annotations

import os
import time

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.db.collision import ChangedMeanwhile
from core.db.tables import utc_now
from core.errors import (
    DuplicateContent,
    IntakeError,
    LooksAlike,
    NoSpace,
    PlacementFailed,
    WorkerLost,
)
from core.media.source_file import shown
from core.pipeline import ledger
from core.pipeline.ledger import Entry, Fate
from core.pipeline.photo import take_in
from core.pipeline.retry import next_attempt
from core.pipeline.roots import Root
from core.pipeline.states import State
from core.pipeline.workbench import Item, Stopwatch, Workbench

log = structlog.get_logger()

#: A file that cost so many worker processes is not tried again by itself.
LOSSES_BEFORE_QUARANTINE = 3


async def attempt(bench: Workbench, entry: Entry, root: Root) -> Fate:
    """Takes the entry's file in, writes its fate into the ledger and logs one line. Never raises for a file's sake."""
    began = time.perf_counter()
    item = Item(entry, root, os.path.basename(entry.path), Stopwatch())  # noqa: PTH119 - text with surrogates
    try:
        fate = await take_in(bench, item)
    except IntakeError as error:
        fate = _fate_of(error, entry, root, bench.max_attempts)
        fate = await _write(bench, entry, fate)
    except SQLAlchemyError as error:
        fate = _fate_of(_told(error, entry), entry, root, bench.max_attempts)
        fate = await _write(bench, entry, fate)
    except Exception as error:
        log.exception("unexpected error", path=shown(entry.path), root=root.name)
        reason = f"{shown(entry.path)} met an unexpected error: {error!r}. It will be tried again."
        fate = _failure(reason, entry, bench.max_attempts)
        fate = await _write(bench, entry, fate)
    _report(item, fate, (time.perf_counter() - began) * 1000)
    return fate


def _fate_of(error: IntakeError, entry: Entry, root: Root, max_attempts: int) -> Fate:
    state = State(error.ledger_state)
    if isinstance(error, NoSpace):
        # it may have been a thumbnail that found no room
        name = shown(entry.path)
        return Fate(state, str(error) if name in str(error) else f"{name}: {error}", is_attempt=False)
    if isinstance(error, WorkerLost):
        if entry.worker_losses + 1 >= LOSSES_BEFORE_QUARANTINE:
            reason = f"{error} (it cost {entry.worker_losses + 1} worker processes and is not tried again by itself)"
            return Fate(State.QUARANTINED, reason, has_cost_worker=True)
        return msgspec.structs.replace(_failure(str(error), entry, max_attempts), has_cost_worker=True)
    if state is State.FAILED or (state is State.WAITING and not root.is_watched):
        return _failure(str(error), entry, max_attempts)
    if isinstance(error, DuplicateContent):
        # not linked: an entry's asset is the one it brought, which is how a repeated attempt knows its own work
        return Fate(state, str(error), sha256=error.sha256)
    if isinstance(error, LooksAlike):
        return Fate(state, str(error), media_asset_id=error.asset_id)
    return Fate(state, str(error))


def _failure(reason: str, entry: Entry, max_attempts: int) -> Fate:
    if entry.attempts >= max_attempts:
        return Fate(State.QUARANTINED, f"{reason} (tried {entry.attempts} times, not again by itself)")
    return Fate(State.FAILED, reason, next_attempt_at=next_attempt(entry.attempts, utc_now()))


def _told(error: SQLAlchemyError, entry: Entry) -> IntakeError:
    """What a refusal of the database means for one file."""
    if isinstance(error, ChangedMeanwhile):
        name = shown(entry.path)
        return PlacementFailed(f"{name} could not be recorded, as its photo was just changed. It will be tried again.")
    words = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if "full" in words or "No space" in words:
        return NoSpace(f"{shown(entry.path)} waits: there is no room left for the database ({words}).")
    return PlacementFailed(f"{shown(entry.path)} could not be recorded: {words}. It will be tried again.")


async def _write(bench: Workbench, entry: Entry, fate: Fate) -> Fate:
    async with bench.database.write() as connection:
        return await ledger.settle_fate(connection, entry, fate, utc_now())


def _report(item: Item, fate: Fate, milliseconds: float) -> None:
    level = log.warning if fate.state in (State.FAILED, State.QUARANTINED) else log.info
    facts: dict[str, object] = {"root": item.root.name, "path": shown(item.entry.path), "ms": round(milliseconds, 1)}
    if item.stages.milliseconds:
        facts["stages"] = item.stages.milliseconds
    if fate.reason:
        facts["reason"] = fate.reason
    level(fate.state.value, **facts)
