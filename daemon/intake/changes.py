"""What a look at a root means for the ledger: files new, changed, back, gone or moved."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from core.db.engine import Database
from core.db.tables import utc_now
from core.media.source_file import shown
from core.pipeline import sighted
from core.pipeline.grouping import follow_moves
from core.pipeline.ledger import Signature
from core.pipeline.references import move_references
from core.pipeline.roots import Mode, Root
from core.pipeline.sighted import Known, Move
from core.pipeline.states import State
from core.pipeline.taken_away import may_be_taken_away
from daemon.intake.moves import recognise_moves
from daemon.intake.scanner import Sighting
from daemon.intake.settling import Settling, stood_still_long_ago

#: Rows per transaction when many files are new, so that nobody waits long for the writer.
ROWS_AT_A_TIME = 500

#: The pipeline is through with these; in a drop zone they are gone because they were taken.
_TAKEN = frozenset({State.DONE, State.DUPLICATE, State.CONFLICT})


class Row(msgspec.Struct, frozen=True, gc=False):
    """A path to write into the ledger: a new one, or one whose content may be new."""

    path: str
    signature: Signature
    state: State
    reason: str | None = None


@dataclass
class Changes:
    """What is to be written: rows, entries that are back by the state they return to, entries gone, entries moved."""

    rows: list[Row] = field(default_factory=list)
    back: dict[State, list[int]] = field(default_factory=lambda: {State.DONE: [], State.WAITING: []})
    gone: dict[str, Known] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    #: how many entries have a file that is passed over by now: rules take nothing back
    hidden: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone or self.moves or any(self.back.values()))


def counts_as_gone(mode: Mode, entry: Known) -> bool:
    """Whether an absent file is a change for its entry."""
    if entry.state in (State.RUNNING, State.MISSING):
        return False
    if mode is Mode.REFERENCE:
        return True
    if entry.media_asset_id is not None and entry.state not in _TAKEN:
        # its original is kept; what is left to do needs no source
        return False
    return not (mode is Mode.MOVE and (entry.state in _TAKEN or may_be_taken_away(entry)))


async def find_changes(
    database: Database,
    root: Root,
    settling: Settling,
    sightings: Sequence[Sighting],
    known: dict[str, Known],
    absent: Iterable[str],
    *,
    from_scan: bool,
) -> Changes:
    """Compares what was seen with what is ``known`` of it; ``absent`` paths are no file any more."""
    gone, hidden, new = await asyncio.to_thread(_gone_and_new, root, sightings, known, absent)
    moves: list[Move] = []
    if new and root.is_watched:
        async with database.read() as connection:
            inodes = [sighting.signature.inode for sighting in new]
            missing = await sighted.missing_by_inode(connection, root.name, inodes)
        elsewhere = {path: entry for path, entry in missing.items() if path not in known}
        moves = await asyncio.to_thread(recognise_moves, new, gone | elsewhere)
    if moves:
        arrived, left = {move.path for move in moves}, {move.old_path for move in moves}
        sightings = [sighting for sighting in sightings if sighting.path not in arrived]
        gone = {path: entry for path, entry in gone.items() if path not in left}
    changes = await asyncio.to_thread(compare, sightings, known, settling, from_scan=from_scan)
    changes.gone, changes.moves, changes.hidden = gone, moves, hidden
    return changes


def compare(sightings: Sequence[Sighting], known: dict[str, Known], settling: Settling, *, from_scan: bool) -> Changes:
    """The rows to write, and the entries whose file came back unchanged; files still to settle go to ``settling``."""
    now = time.monotonic()
    changes = Changes()
    calm = stood_still_long_ago((s.signature for s in sightings), time.time(), settling.settle_seconds)
    for sighting, is_calm in zip(sightings, calm, strict=True):
        path, signature, entry = sighting.path, sighting.signature, known.get(sighting.path)
        unchanged = entry is not None and entry.signature == signature
        if sighting.oddity is not None:
            if not unchanged:
                changes.rows.append(Row(path, signature, State.IGNORED, f"{shown(path)} {sighting.oddity}."))
        elif entry is None or not unchanged or entry.state is State.WAITING:
            if from_scan and is_calm:
                changes.rows.append(Row(path, signature, State.QUEUED))
            else:
                settling.observe(path, signature, now)
                if entry is None or entry.state is not State.WAITING:
                    changes.rows.append(Row(path, signature, State.WAITING))
        elif entry.state is State.MISSING:
            if entry.media_asset_id is not None:
                changes.back[State.DONE].append(entry.id)
            else:
                settling.observe(path, signature, now)
                changes.back[State.WAITING].append(entry.id)
    return changes


def _gone_and_new(
    root: Root, sightings: Sequence[Sighting], known: Mapping[str, Known], absent: Iterable[str]
) -> tuple[dict[str, Known], int, list[Sighting]]:
    """What is gone, how much of what was not seen is there all the same, and what is new."""
    missed = [path for path in absent if path in known and counts_as_gone(root.mode, known[path])]
    gone = {path: known[path] for path in _really_absent(root, missed)}
    new = [sighting for sighting in sightings if sighting.path not in known and sighting.oddity is None]
    return gone, len(missed) - len(gone), new


def _really_absent(root: Root, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` where no file is; one that cannot be looked at is not absent."""
    absent = []
    for path in paths:
        try:
            found = os.lstat(root.absolute(path))
        except (FileNotFoundError, NotADirectoryError):
            absent.append(path)
        except OSError:
            continue
        else:
            if stat.S_ISDIR(found.st_mode):
                absent.append(path)
    return absent


async def write_changes(
    database: Database, root: Root, changes: Changes, holder: str | None, on_queued: Callable[[], None]
) -> None:
    """Writes them, a bounded number of rows per transaction; ``on_queued`` is called when there is something to do."""
    if not changes:
        return
    now = utc_now()
    if changes.gone or changes.moves or any(changes.back.values()):
        async with database.write() as connection:
            for state, ids in changes.back.items():
                await sighted.move_to(connection, ids, state, now)
            gone = [entry.id for entry in changes.gone.values()]
            await sighted.move_to(connection, gone, State.MISSING, now, "It is not there any more.")
            await sighted.move_paths(connection, changes.moves, now)
            await follow_moves(connection, root, changes.moves)
            if root.mode is Mode.REFERENCE:
                pairs = [(move.old_path, move.path) for move in changes.moves]
                await move_references(connection, root.name, pairs)
        if any(move.state is State.QUEUED for move in changes.moves):
            on_queued()
    for start in range(0, len(changes.rows), ROWS_AT_A_TIME):
        batch = changes.rows[start : start + ROWS_AT_A_TIME]
        rows = [(row.path, row.signature, row.state, row.reason) for row in batch]
        async with database.write() as connection:
            await sighted.record_sightings(connection, root.name, rows, now, holder)
        if any(row.state is State.QUEUED for row in batch):
            on_queued()
