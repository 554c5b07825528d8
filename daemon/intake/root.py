"""One watched root: from a hint or a scan to an entry in the queue."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from core.db.engine import Database
from core.media.source_file import shown
from core.pipeline import sighted
from core.pipeline.roots import Root
from core.pipeline.states import State
from daemon.intake.changes import Changes, Row, compare, find_changes, write_changes
from daemon.intake.reconciler import LastScan, Reconciler, Scanned
from daemon.intake.rules import FolderRules, Rules
from daemon.intake.scanner import Sighting, Unreadable, look_at_path, walk
from daemon.intake.settling import Settling

log = structlog.get_logger()

#: Hints are gathered this long before they are looked at; a burst of thousands becomes one look. [s]
GATHER_SECONDS = 0.2

#: How long to wait when the database or the system refuses. [s]
TROUBLE_PAUSE = 10.0

#: A frozen root in which something happens is scanned this often. [s]
FROZEN_PAUSE = 5.0

#: What a person who asks for a file wants to be done now.
_TO_DO = frozenset({State.WAITING, State.QUEUED, State.FAILED, State.QUARANTINED})


class RootIntake:
    """Watches one root's files become whole and puts them into the queue; ``on_queued`` is called when it did."""

    def __init__(
        self,
        root: Root,
        database: Database,
        settle_seconds: float,
        on_queued: Callable[[], None],
        *,
        holder: str | None = None,
    ) -> None:
        self.root = root
        self._database = database
        self._settling = Settling(settle_seconds)
        self._on_queued = on_queued
        self._holder = holder
        self._hints: set[str] = set()
        self._scan_wanted = False
        self._wake = asyncio.Event()
        self._asked_for: list[str] = []
        self._is_turning = False
        self._is_stopping = False
        self._reconciler = Reconciler(root, database, on_queued)

    def hint(self, path: str) -> None:
        """Says that something happened at ``path`` (relative to the root): a file, a folder, or nothing any more."""
        if path in ("", "."):
            self._scan_wanted = True
        else:
            self._hints.add(path)
        self._wake.set()

    def request_scan(self) -> None:
        """Asks for a scan of the whole root."""
        self._scan_wanted = True
        self._wake.set()

    async def ask_for(self, paths: Sequence[str], unreadable: Unreadable) -> list[str]:
        """Takes what lies at and below ``paths`` (relative to the root), at once where it stood still long ago.

        A person asked for it, so what had failed is tried again. Returns the files that were found; folders that cannot
        be listed are added to ``unreadable``.
        """
        named = [_plain(path) for path in paths]
        sightings, _ = await asyncio.to_thread(_look_at_paths, self.root, named, unreadable)
        found = [sighting.path for sighting in sightings]
        async with self._database.read() as connection:
            known = await sighted.known_paths(connection, self.root.name, found)
        self._asked_for = found
        anew = {path: entry for path, entry in known.items() if entry.state not in _TO_DO}
        await self._write(compare(sightings, anew, self._settling, from_scan=True))
        self._wake.set()
        return found

    @property
    def frozen_reason(self) -> str | None:
        """Why nothing is changed for this root at present; ``None`` when all is well."""
        return self._reconciler.frozen_reason

    @property
    def last_scan(self) -> LastScan | None:
        """The last comparison of the whole root with the ledger."""
        return self._reconciler.last

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to look at or to wait for."""
        return not (self._is_turning or self._scan_wanted or self._hints or self._settling)

    def stop(self) -> None:
        """Lets :meth:`run` return after the turn that it is in."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Works until :meth:`stop`; sleeps while nothing happens."""
        while not self._is_stopping:
            try:
                await asyncio.wait_for(self._wake.wait(), self._settling.next_due(time.monotonic()))
                await asyncio.sleep(GATHER_SECONDS)
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self.turn()
            except Exception:
                # whatever it was, it must not end the watching; a scan finds what was missed
                log.exception("root could not be looked at; it is looked at again soon", root=self.root.name)
                await asyncio.sleep(TROUBLE_PAUSE)
                if self._asked_for:
                    # an import's root is the whole file system
                    self._hints.update(self._asked_for)
                else:
                    self._scan_wanted = True
                self._wake.set()

    async def turn(self) -> Scanned | None:
        """Looks at what was asked for and takes what has settled."""
        self._is_turning = True
        try:
            scanned = None
            if self._scan_wanted:
                self._scan_wanted = False
                self._hints.clear()
                scanned = await self._reconciler.scan(self._settling)
            elif self._hints:
                hints, self._hints = self._hints, set()
                if self.frozen_reason is None:
                    await self._check(hints)
                else:
                    # what changes in a frozen root may be its files coming back
                    await asyncio.sleep(FROZEN_PAUSE)
                    scanned = await self._reconciler.scan(self._settling)
            await self._take_settled()
            return scanned
        finally:
            self._is_turning = False

    async def _check(self, hints: Iterable[str]) -> None:
        sightings, no_files = await asyncio.to_thread(_look_at_paths, self.root, list(hints))
        if not await asyncio.to_thread(os.path.isdir, self.root.path):
            # the root itself is gone: what seems to be missing is out of reach
            return
        async with self._database.read() as connection:
            known = await sighted.known_paths(connection, self.root.name, [*no_files, *(s.path for s in sightings)])
            folders = [path for path in no_files if path not in known]
            below = await sighted.known_in_folders(connection, self.root.name, folders)
        seen = {sighting.path for sighting in sightings}
        lost = [path for path in below if path not in seen]
        if lost:
            known |= below
            _, gone_below = await asyncio.to_thread(_look_at_files, self.root, lost)
            no_files += gone_below
        for path in no_files:
            self._settling.forget(path)
        changes = await find_changes(
            self._database, self.root, self._settling, sightings, known, no_files, from_scan=False
        )
        if changes.gone and not await self._reconciler.may_lose(len(changes.gone)):
            # not for a hint to decide: the scan looks at the root as a whole
            self.request_scan()
            return
        self._reconciler.forget_where(changes.gone)
        await self._write(changes)

    async def _write(self, changes: Changes) -> None:
        await write_changes(self._database, self.root, changes, self._holder, self._on_queued)

    async def _take_settled(self) -> None:
        now = time.monotonic()
        due = self._settling.due(now)
        if not due:
            return
        sightings, absent = await asyncio.to_thread(_look_at_files, self.root, due)
        for path in absent:
            self.hint(path)
        await self._write(await asyncio.to_thread(_settled, self._settling, due, sightings, now))


def _settled(settling: Settling, due: Sequence[str], sightings: Sequence[Sighting], now: float) -> Changes:
    """What stands still is to be queued; what was changed again is waited for."""
    for path in {*due} - {sighting.path for sighting in sightings}:
        # gone, or out of reach; the next scan finds it again
        settling.forget(path)
    changes = Changes()
    for sighting in sightings:
        if settling.release(sighting.path, sighting.signature):
            changes.rows.append(Row(sighting.path, sighting.signature, State.QUEUED))
        else:
            settling.observe(sighting.path, sighting.signature, now)
    return changes


def _plain(path: str) -> str:
    return "" if path == "." else path


def _look_at_files(root: Root, paths: Iterable[str]) -> tuple[list[Sighting], list[str]]:
    """Files as they are, and the paths that are no file; what the system cannot tell is in neither."""
    rules = Rules(root.include, root.exclude)
    known: dict[str, FolderRules | str] = {}
    sightings, no_files = [], []
    for path in paths:
        try:
            sighting = look_at_path(root.path, path, rules, known)
        except OSError as error:
            log.warning("cannot be looked at", path=shown(path), reason=error.strerror)
            continue
        if sighting is None:
            no_files.append(path)
        else:
            sightings.append(sighting)
    return sightings, no_files


def _look_at_paths(
    root: Root, paths: Iterable[str], unreadable: Unreadable | None = None
) -> tuple[list[Sighting], list[str]]:
    """Files as they are and folders with everything below them; then the paths that are no file."""
    rules = Rules(root.include, root.exclude)
    sightings, no_files = _look_at_files(root, paths)
    below = {sighting.path: sighting for path in no_files for sighting in walk(root.path, path, unreadable, rules)}
    return list((below | {s.path: s for s in sightings}).values()), no_files
