"""One watched root: from a hint or a scan to an entry in the queue."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from core.db.engine import Database
from core.db.tables import utc_now
from core.media.source_file import shown
from core.pipeline import ledger
from core.pipeline.ledger import Known, Signature
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from daemon.intake.scanner import Sighting, Unreadable, look_at_path, walk
from daemon.intake.settling import Settling, stood_still_long_ago

log = structlog.get_logger()

#: Hints are gathered this long before they are looked at; a burst of thousands becomes one look. [s]
GATHER_SECONDS = 0.2

#: How long to wait when the database or the system refuses. [s]
TROUBLE_PAUSE = 10.0

#: What a person who asks for a file wants to be done now.
_TO_DO = frozenset({State.WAITING, State.QUEUED, State.FAILED, State.QUARANTINED})

#: The pipeline is through with these; in a drop zone they are gone because they were taken.
_TAKEN = frozenset({State.DONE, State.DUPLICATE, State.CONFLICT})

NewRow = tuple[str, Signature, State, str | None]


@dataclass
class Scanned:
    """What one scan found.

    Files seen, entries new or changed, entries gone; ``unavailable`` says why there was none.
    """

    seen: int = 0
    new: int = 0
    gone: int = 0
    unavailable: str | None = None


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
        self._settle_seconds = settle_seconds
        self._settling = Settling(settle_seconds)
        self._on_queued = on_queued
        self._holder = holder
        self._hints: set[str] = set()
        self._scan_wanted = False
        self._wake = asyncio.Event()
        self._was_unavailable = False
        self._asked_for: list[str] = []
        self._is_turning = False
        self._is_stopping = False

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
        sightings, _ = await asyncio.to_thread(_look_at_paths, self.root.path, named, unreadable)
        found = [sighting.path for sighting in sightings]
        async with self._database.read() as connection:
            known = await ledger.known_paths(connection, self.root.name, found)
        self._asked_for = found
        anew = {path: entry for path, entry in known.items() if entry.state not in _TO_DO}
        rows, back = self._compare(sightings, anew, from_scan=True)
        await self._write(rows, back, [])
        self._wake.set()
        return found

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
                scanned = await self.scan()
            elif self._hints:
                hints, self._hints = self._hints, set()
                await self._check(hints)
            await self._take_settled()
            return scanned
        finally:
            self._is_turning = False

    async def scan(self) -> Scanned:
        """Compares the whole root with the ledger. A root that cannot be listed changes nothing."""
        unreadable = Unreadable()
        sightings = await asyncio.to_thread(lambda: list(walk(self.root.path, unreadable=unreadable)))
        if "" in unreadable.folders:
            return self._unavailable(unreadable.folders[""])
        self._was_unavailable = False
        for folder, reason in unreadable.folders.items():
            log.warning("folder cannot be read", root=self.root.name, folder=shown(folder), reason=reason)
        async with self._database.read() as connection:
            known = await ledger.known_below(connection, self.root.name)
        rows, back = await asyncio.to_thread(self._compare, sightings, known, from_scan=True)
        seen = {sighting.path for sighting in sightings}
        gone = [
            entry.id
            for path, entry in known.items()
            if path not in seen and self._counts_as_gone(entry) and not _below_any(path, unreadable.folders)
        ]
        await self._write(rows, back, gone)
        scanned = Scanned(seen=len(seen), new=len(rows), gone=len(gone))
        log.info("scanned", root=self.root.name, seen=scanned.seen, new=scanned.new, gone=scanned.gone)
        return scanned

    def _unavailable(self, reason: str) -> Scanned:
        if not self._was_unavailable:
            log.warning(
                "root cannot be read; nothing is changed until it is back",
                root=self.root.name,
                path=shown(self.root.path),
                reason=reason,
            )
        self._was_unavailable = True
        return Scanned(unavailable=reason)

    async def _check(self, hints: Iterable[str]) -> None:
        sightings, no_files = await asyncio.to_thread(_look_at_paths, self.root.path, list(hints))
        if not await asyncio.to_thread(os.path.isdir, self.root.path):
            # the root itself is gone: what seems to be missing is out of reach
            return
        async with self._database.read() as connection:
            known = await ledger.known_paths(connection, self.root.name, [*no_files, *(s.path for s in sightings)])
            folders = [path for path in no_files if path not in known]
            below = await ledger.known_in_folders(connection, self.root.name, folders)
        seen = {sighting.path for sighting in sightings}
        lost = [path for path in below if path not in seen]
        if lost:
            known |= below
            _, gone_below = await asyncio.to_thread(_look_at_files, self.root.path, lost)
            no_files += gone_below
        rows, back = self._compare(sightings, known, from_scan=False)
        for path in no_files:
            self._settling.forget(path)
        gone = [known[path].id for path in no_files if path in known and self._counts_as_gone(known[path])]
        await self._write(rows, back, gone)

    def _counts_as_gone(self, entry: Known) -> bool:
        if entry.state in (State.RUNNING, State.MISSING):
            return False
        if entry.media_asset_id is not None and entry.state not in _TAKEN:
            # its original is kept; what is left to do needs no source
            return False
        return not (self.root.mode is Mode.MOVE and entry.state in _TAKEN)

    def _compare(
        self, sightings: Sequence[Sighting], known: dict[str, Known], *, from_scan: bool
    ) -> tuple[list[NewRow], dict[State, list[int]]]:
        """The rows to write, and the entries whose file came back unchanged, by the state they return to."""
        now = time.monotonic()
        rows: list[NewRow] = []
        back: dict[State, list[int]] = {State.DONE: [], State.WAITING: []}
        calm = stood_still_long_ago((s.signature for s in sightings), time.time(), self._settle_seconds)
        for sighting, is_calm in zip(sightings, calm, strict=True):
            path, signature, entry = sighting.path, sighting.signature, known.get(sighting.path)
            unchanged = entry is not None and entry.signature == signature
            if sighting.oddity is not None:
                if not unchanged:
                    rows.append((path, signature, State.IGNORED, f"{shown(path)} {sighting.oddity}."))
            elif entry is None or not unchanged or entry.state is State.WAITING:
                if from_scan and is_calm:
                    rows.append((path, signature, State.QUEUED, None))
                else:
                    self._settling.observe(path, signature, now)
                    if entry is None or entry.state is not State.WAITING:
                        rows.append((path, signature, State.WAITING, None))
            elif entry.state is State.MISSING:
                if entry.media_asset_id is not None:
                    back[State.DONE].append(entry.id)
                else:
                    self._settling.observe(path, signature, now)
                    back[State.WAITING].append(entry.id)
        return rows, back

    async def _write(self, rows: Sequence[NewRow], back: dict[State, list[int]], gone: Sequence[int]) -> None:
        if not (rows or gone or any(back.values())):
            return
        now = utc_now()
        async with self._database.write() as connection:
            await ledger.record_sightings(connection, self.root.name, rows, now, self._holder)
            for state, ids in back.items():
                await ledger.move_to(connection, ids, state, now)
            await ledger.move_to(connection, gone, State.MISSING, now, "It is not there any more.")
        if any(state is State.QUEUED for _, _, state, _ in rows):
            self._on_queued()

    async def _take_settled(self) -> None:
        now = time.monotonic()
        due = self._settling.due(now)
        if not due:
            return
        sightings, absent = await asyncio.to_thread(_look_at_files, self.root.path, due)
        for path in absent:
            self.hint(path)
        for path in {*due} - {sighting.path for sighting in sightings}:
            # gone, or out of reach; the next scan finds it again
            self._settling.forget(path)
        rows: list[NewRow] = []
        for sighting in sightings:
            if self._settling.release(sighting.path, sighting.signature):
                rows.append((sighting.path, sighting.signature, State.QUEUED, None))
            else:
                self._settling.observe(sighting.path, sighting.signature, now)
        await self._write(rows, {}, [])


def _plain(path: str) -> str:
    return "" if path == "." else path


def _look_at_files(root: str, paths: Iterable[str]) -> tuple[list[Sighting], list[str]]:
    """Files as they are, and the paths that are no file; what the system cannot tell is in neither."""
    sightings, no_files = [], []
    for path in paths:
        try:
            sighting = look_at_path(root, path)
        except OSError as error:
            log.warning("cannot be looked at", path=shown(path), reason=error.strerror)
            continue
        if sighting is None:
            no_files.append(path)
        else:
            sightings.append(sighting)
    return sightings, no_files


def _look_at_paths(
    root: str, paths: Iterable[str], unreadable: Unreadable | None = None
) -> tuple[list[Sighting], list[str]]:
    """Files as they are and folders with everything below them; then the paths that are no file."""
    sightings, no_files = _look_at_files(root, paths)
    below = {sighting.path: sighting for path in no_files for sighting in walk(root, path, unreadable)}
    return list((below | {s.path: s for s in sightings}).values()), no_files


def _below_any(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)
