"""How each root is watched: by hints where they can be had and trusted, by scans elsewhere, and when that changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import structlog

from core.media.source_file import shown
from daemon.intake.canary import PATIENCE, Canary
from daemon.intake.mounts import Mounts, listen, mounts_of
from daemon.intake.root import RootIntake
from daemon.intake.watcher import Watcher
from daemon.schedule import Schedule

log = structlog.get_logger()

#: Roots, and parts of roots, that give no hints are scanned this often. [s]
UNHINTED_SECONDS = 300.0

#: How often it is looked whether a root is still the folder that is watched: nobody tells when a folder comes back, or
#: is renamed as a whole. One look is the mount table and a ``stat`` per root. [s]
LOOK_SECONDS = 10.0

#: What is mounted often comes as several mounts; they are looked at together. [s]
GATHER_SECONDS = 0.3

#: Watches are ended within this time, or with the process: a share that does not answer may hold one of them. [s]
STOP_SECONDS = 2.0


@dataclass(frozen=True)
class WatchState:
    """How a root is watched, and why not by hints. ``overflows`` counts since the start.

    ``hint_seconds`` is how long a hint took when that was last measured; ``None`` where it was not, or none came.
    ``filesystem`` is the system's name for the type, empty while it is not known.
    """

    method: Literal["hints", "scans"]
    reason: str | None
    hint_seconds: float | None
    overflows: int
    filesystem: str


@dataclass
class _Watched:
    """A root and what is known of its watch. The lock is held while it is looked at or its watch is set."""

    intake: RootIntake
    canary: Canary
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    real: str = ""
    mounts: Mounts | None = None
    identity: tuple[int, int] | None = None
    #: Why the system does not watch it, or not all of it.
    refusal: str | None = "it is not watched yet"
    is_lost: bool = False
    is_measured: bool = False
    is_silent: bool = False
    hint_seconds: float | None = None
    overflows: int = 0
    #: The reason that people were told, and how often scans are planned since. [s]
    told: str | None = None
    planned: float | None = None

    @property
    def is_share(self) -> bool:
        return self.mounts is not None and self.mounts.at.is_network

    @property
    def reason(self) -> str | None:
        """Why hints are not trusted; ``None`` when they are."""
        if self.mounts is not None and self.mounts.at.is_network:
            return f"{self.mounts.at.type} does not report what other machines change"
        return self.refusal or (f"hints did not arrive within {PATIENCE:g} s" if self.is_silent else None)


class Watching:
    """Watches the roots of some intakes. ``rescan_interval`` is in seconds; ``schedule`` runs what is regular.

    It is the :class:`daemon.intake.watcher.Listener` of its watcher.
    """

    def __init__(self, intakes: Mapping[str, RootIntake], rescan_interval: float, schedule: Schedule) -> None:
        self._roots = {name: _Watched(intake, Canary(intake.root.path)) for name, intake in intakes.items()}
        self._interval = rescan_interval
        self._schedule = schedule
        self._watcher = Watcher(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self._end_listening: Callable[[], None] | None = None
        self._next_look: asyncio.TimerHandle | None = None

    def state(self, name: str) -> WatchState:
        """How a root is watched at present."""
        watched = self._roots[name]
        return WatchState(
            method="hints" if watched.reason is None else "scans",
            reason=watched.reason,
            hint_seconds=watched.hint_seconds,
            overflows=watched.overflows,
            filesystem="" if watched.mounts is None else watched.mounts.at.type,
        )

    async def start(self) -> None:
        """Begins to set the watches, each followed by the first scan, and plans the next ones.

        Does not wait for them: a share that does not answer must not keep the others, or the daemon, from starting.
        """
        for watched in self._roots.values():
            self._plan(watched)
            self._spawn(watched, self._begin)
        self._schedule.every("look at roots", LOOK_SECONDS, self._look_at_all)
        self._schedule.every("scan shares below roots", UNHINTED_SECONDS, self._scan_shares_below)
        self._end_listening = listen(self._look_soon)

    async def stop(self) -> None:
        """Ends the watches; no hint comes after this returns."""
        if self._end_listening is not None:
            self._end_listening()
        if self._next_look is not None:
            self._next_look.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._watcher.stop), STOP_SECONDS)

    def hinted(self, name: str, path: str) -> None:
        """Something happened in a root."""
        watched = self._roots[name]
        if not watched.canary.takes(path):
            watched.intake.hint(path)

    def overflowed(self, name: str) -> None:
        """The system lost hints of a root."""
        watched = self._roots[name]
        watched.overflows += 1
        log.warning("the system lost hints; the root is scanned", root=name, overflows=watched.overflows)
        watched.intake.request_scan()

    def lost(self, name: str) -> None:
        """A watch has ended by itself."""
        self._roots[name].is_lost = True
        self._look_soon()

    def refused(self, name: str, reason: str) -> None:
        """A new folder in a root cannot be watched."""
        watched = self._roots[name]
        if watched.refusal is None:
            watched.refusal = reason
            self._tell(watched)

    async def _begin(self, watched: _Watched) -> None:
        try:
            async with watched.lock:
                await self._set_watch(watched)
        finally:
            watched.intake.request_scan()

    async def _set_watch(self, watched: _Watched) -> None:
        """Sets the watch of a root, or sets it anew, as the file system it lies on allows."""
        root = watched.intake.root
        watched.is_lost = watched.is_measured = False
        watched.real = await asyncio.to_thread(os.path.realpath, root.path)
        watched.mounts = await asyncio.to_thread(mounts_of, watched.real)
        if watched.is_share:
            watched.identity, watched.refusal = None, None
            await asyncio.to_thread(self._watcher.unwatch, root)
        else:
            # in this order: what is replaced in between is found with the next look
            watched.identity = await asyncio.to_thread(_identity, root.path)
            watched.refusal = await asyncio.to_thread(self._watcher.watch, root)
        self._tell(watched)

    def _tell(self, watched: _Watched) -> None:
        """Tells it, and plans the scans accordingly, when hints are not trusted any more, or again."""
        self._plan(watched)
        reason, root = watched.reason, watched.intake.root
        if reason == watched.told:
            return
        if reason is None:
            log.info("hints arrive again", root=root.name, path=shown(root.path))
        else:
            # that a share is scanned is as it should be
            tell = log.info if watched.is_share else log.warning
            tell(
                f"no hints, or not all, for this root; it is scanned every {self._seconds(watched):g} s",
                root=root.name,
                path=shown(root.path),
                reason=reason,
            )
        watched.told = reason

    def _seconds(self, watched: _Watched) -> float:
        return self._interval if watched.reason is None else min(self._interval, UNHINTED_SECONDS)

    def _plan(self, watched: _Watched) -> None:
        seconds = self._seconds(watched)
        if seconds != watched.planned:
            watched.planned = seconds
            self._schedule.every(f"rescan {_name(watched)}", seconds, partial(self._rescan, watched))

    async def _rescan(self, watched: _Watched) -> None:
        try:
            if not watched.lock.locked():
                async with watched.lock:
                    if watched.reason is not None and not watched.is_share:
                        await self._set_watch(watched)
                    await self._measure(watched)
        finally:
            watched.intake.request_scan()

    async def _measure(self, watched: _Watched) -> None:
        """Lets the canary tell whether hints arrive. Nothing is written into a root that may not be the right one."""
        last = watched.intake.last_scan
        is_itself = watched.intake.frozen_reason is None and last is not None and last.found.refused is None
        if not is_itself or watched.is_share or watched.refusal is not None:
            return
        watched.is_measured = True
        try:
            watched.hint_seconds = await watched.canary.seconds_to_hint()
        except OSError as error:
            log.debug("hints cannot be measured here", root=_name(watched), reason=error.strerror)
            return
        watched.is_silent = watched.hint_seconds is None
        self._tell(watched)

    def _look_soon(self) -> None:
        if self._next_look is None:
            self._next_look = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._look_now)

    def _look_now(self) -> None:
        self._next_look = None
        for watched in self._roots.values():
            # one that is being looked at may not answer
            if not watched.lock.locked():
                self._spawn(watched, self._look)

    async def _look_at_all(self) -> None:
        self._look_now()

    async def _look(self, watched: _Watched) -> None:
        """Sets the watch anew where a root, or what is mounted in it, is not what is watched."""
        async with watched.lock:
            if await self._is_another(watched):
                log.info("root is not the folder that was watched; it is watched and scanned anew", root=_name(watched))
                await self._set_watch(watched)
                watched.intake.request_scan()
            elif not watched.is_measured:
                await self._measure(watched)

    async def _is_another(self, watched: _Watched) -> bool:
        root = watched.intake.root
        if watched.is_lost or await asyncio.to_thread(mounts_of, watched.real) != watched.mounts:
            return True
        if watched.is_share:
            # it is scanned anyway; asking a share that does not answer would keep us waiting
            return False
        if await asyncio.to_thread(_identity, root.path) != watched.identity:
            return True
        return watched.refusal is None and not self._watcher.is_watching(root)

    async def _scan_shares_below(self) -> None:
        for watched in self._roots.values():
            if watched.reason is None and watched.mounts is not None:
                for share in watched.mounts.shares:
                    watched.intake.hint(os.path.relpath(share, watched.real))

    def _spawn(self, watched: _Watched, work: Callable[[_Watched], Awaitable[None]]) -> None:
        async def attempt() -> None:
            try:
                await work(watched)
            except Exception:
                # it must not end the watching; the next look or scan tries again
                log.exception("watch of a root could not be set; it is tried again soon", root=_name(watched))
                watched.is_lost = True

        task = asyncio.get_running_loop().create_task(attempt())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _name(watched: _Watched) -> str:
    return watched.intake.root.name


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - text with surrogates
    except OSError:
        return None
    return found.st_dev, found.st_ino
