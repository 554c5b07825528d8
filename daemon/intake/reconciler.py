"""Compares a whole root with the ledger, and decides whether what it finds can be believed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from core.db.engine import Database
from core.db.tables import utc_now
from core.media.source_file import shown
from core.pipeline import sighted, watch_roots
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from core.pipeline.watch_roots import Remembered
from daemon.intake.brake import MASS_FILES, Findings, reason_to_freeze
from daemon.intake.changes import Changes, find_changes, write_changes
from daemon.intake.marker import mount_point_of, read_marker, write_marker
from daemon.intake.rules import Rules
from daemon.intake.scanner import Folder, Sighting, Snapshot, Unreadable, walk_folders
from daemon.intake.settling import Settling
from daemon.intake.strays import sweep_strays

log = structlog.get_logger()

#: Once in so long a scan compares every file with the ledger, also in folders that look as before. [s]
LOOK_AT_ALL_SECONDS = 24 * 3600.0


#: A folder that is known and does not look like this: digests are not negative.
UNSETTLED = Snapshot(-1, 0)


@dataclass(frozen=True)
class Scanned:
    """What one scan found.

    Files seen, entries new or changed, entries gone, entries whose file lies elsewhere now; ``refused`` says why
    nothing was changed.
    """

    seen: int = 0
    new: int = 0
    gone: int = 0
    moved: int = 0
    refused: str | None = None


@dataclass(frozen=True)
class LastScan:
    """When a root was last compared with the ledger, how long that took [s], and what it found."""

    at: datetime
    seconds: float
    found: Scanned


class Reconciler:
    """Scans one root. Between scans it remembers what each folder looked like, and passes over those that still do."""

    def __init__(self, root: Root, database: Database, on_queued: Callable[[], None]) -> None:
        self._root = root
        self._database = database
        self._on_queued = on_queued
        self._snapshots: dict[str, Snapshot] = {}
        self._looked_at_all = -math.inf
        self._was_unavailable = False
        self._hidden = 0
        #: Why nothing is changed for this root at present.
        self.frozen_reason: str | None = None
        self.last: LastScan | None = None

    async def scan(self, settling: Settling) -> Scanned:
        """Compares the root with the ledger. One that cannot be listed, or is not itself, changes nothing.

        Files that may still be written are given to ``settling``.
        """
        began = time.monotonic()
        found = await self._scan(settling)
        self.last = LastScan(utc_now(), time.monotonic() - began, found)
        if found.refused is None:
            log.info(
                "scanned",
                root=self._root.name,
                seen=found.seen,
                new=found.new,
                gone=found.gone,
                moved=found.moved,
                ms=round(self.last.seconds * 1000),
            )
        return found

    def forget_where(self, paths: Iterable[str]) -> None:
        """Looks at the folders of these files anew with the next scan, whatever they look like."""
        for folder in {_folder_of(path) for path in paths} & self._snapshots.keys():
            self._snapshots[folder] = UNSETTLED

    async def may_lose(self, gone: int) -> bool:
        """Whether so many files that a hint found missing may be marked so without looking at the whole root."""
        if gone > MASS_FILES:
            return False
        async with self._database.read() as connection:
            remembered = await watch_roots.remembered(connection, self._root.name)
        findings = Findings(self._root.path, *await self._place(), expected=gone, gone=0, seen=1)
        return reason_to_freeze(remembered, findings) is None

    async def _scan(self, settling: Settling) -> Scanned:
        name, mode = self._root.name, self._root.mode
        is_whole = time.monotonic() - self._looked_at_all > LOOK_AT_ALL_SECONDS
        before = {} if is_whole else self._snapshots
        unreadable, rules = Unreadable(), Rules(self._root.include, self._root.exclude)
        walked = await asyncio.to_thread(lambda: list(walk_folders(self._root.path, "", unreadable, before, rules)))
        if "" in unreadable.folders:
            return self._unavailable(unreadable.folders[""])
        self._was_unavailable = False
        for folder, reason in unreadable.folders.items():
            log.warning("folder cannot be read", root=name, folder=shown(folder), reason=reason)
        out_of_reach = set(unreadable.folders)
        changed = {folder.path for folder in walked if folder.sightings is not None}
        vanished = before.keys() - {folder.path for folder in walked}
        async with self._database.read() as connection:
            remembered = await watch_roots.remembered(connection, name)
            expected = await sighted.expected(connection, name, mode is Mode.MOVE)
            if is_whole:
                known = await sighted.known_below(connection, name)
            else:
                known = await sighted.known_in_each(connection, name, changed | vanished)
        sightings, absent = await asyncio.to_thread(_sorted_out, walked, known, out_of_reach)
        changes = await find_changes(self._database, self._root, settling, sightings, known, absent, from_scan=True)
        total = sum(folder.snapshot.count for folder in walked)
        findings = Findings(self._root.path, *await self._place(), expected, len(changes.gone), total)
        if (refused := reason_to_freeze(remembered, findings)) is not None:
            return await self._freeze(remembered, refused.replace("NAME", name), total, settling)
        await self._believe(remembered, findings)
        await write_changes(self._database, self._root, changes, None, self._on_queued)
        self._snapshots = await asyncio.to_thread(_snapshots, walked, changes, list(settling.paths()))
        if mode is Mode.REFERENCE:
            await sweep_strays(self._database, self._root, [path for folder in walked for path in folder.temporary])
        if is_whole:
            self._looked_at_all, self._hidden = time.monotonic(), changes.hidden
        elif not unreadable.folders and mode is not Mode.MOVE:
            await self._mistrust_unless(total)
        return Scanned(total, len(changes.rows), len(changes.gone), len(changes.moves))

    async def _mistrust_unless(self, total: int) -> None:
        """Snapshots are a shortcut: when the ledger does not count what was counted, the next scan takes none."""
        async with self._database.read() as connection:
            counted = await sighted.expected(connection, self._root.name, taken_away=False, with_running=True)
        if counted != total + self._hidden:
            self._look_at_all_again()

    async def _place(self) -> tuple[str | None, str]:
        path = self._root.path
        return await asyncio.to_thread(lambda: (read_marker(path), mount_point_of(path)))

    async def _believe(self, remembered: Remembered | None, found: Findings) -> None:
        """Notes how the root looks, where that is new, and that it is itself (again)."""
        marker = found.marker or await asyncio.to_thread(write_marker, self._root.path)
        root = self._root
        now = Remembered(root.name, root.path, marker, found.mount_point, None, None, False, root.is_local_only)
        if remembered != now:
            async with self._database.write() as connection:
                await watch_roots.remember(connection, now, utc_now())
        if remembered is not None and remembered.frozen_reason is not None:
            log.info("root is watched again", root=self._root.name, path=shown(self._root.path))
        self.frozen_reason = None

    async def _freeze(self, remembered: Remembered | None, reason: str, seen: int, settling: Settling) -> Scanned:
        self._look_at_all_again()
        # what was seen here may be another disk's
        settling.forget_all()
        self.frozen_reason = reason
        if remembered is not None and remembered.frozen_reason != reason:
            async with self._database.write() as connection:
                await watch_roots.freeze(connection, self._root.name, reason, utc_now())
            log.warning("root is frozen", root=self._root.name, path=shown(self._root.path), reason=reason)
        return Scanned(seen=seen, refused=reason)

    def _unavailable(self, reason: str) -> Scanned:
        self._look_at_all_again()
        if not self._was_unavailable:
            log.warning(
                "root cannot be read; nothing is changed until it is back",
                root=self._root.name,
                path=shown(self._root.path),
                reason=reason,
            )
        self._was_unavailable = True
        return Scanned(refused=f"{shown(self._root.path)} cannot be read: {reason}")

    def _look_at_all_again(self) -> None:
        self._snapshots.clear()
        self._looked_at_all = -math.inf


def _sorted_out(
    walked: Sequence[Folder], known: Collection[str], out_of_reach: Collection[str]
) -> tuple[list[Sighting], list[str]]:
    """What was seen, and the known paths that were not though they could have been."""
    sightings = [sighting for folder in walked for sighting in folder.sightings or ()]
    seen = {sighting.path for sighting in sightings}
    return sightings, [path for path in known if path not in seen and not _at_or_below(path, out_of_reach)]


def _snapshots(walked: Sequence[Folder], changes: Changes, settling: Collection[str]) -> dict[str, Snapshot]:
    """What folders look like that are passed over from now on, except where something is still to settle."""
    unsettled = {_folder_of(row.path) for row in changes.rows if row.state is State.WAITING}
    unsettled |= {_folder_of(path) for path in settling}
    return {folder.path: UNSETTLED if folder.path in unsettled else folder.snapshot for folder in walked}


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _at_or_below(path: str, folders: Collection[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
