"""How each root is watched: by hints where they can be had and trusted, by scans elsewhere, and when that changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from core.library.filesystems import Filesystem, filesystem_of, mounted, mounted_below
from core.media.source_file import shown
from daemon.intake.canary import Canary
from daemon.intake.root import RootIntake
from daemon.intake.watcher import Watcher
from daemon.schedule import Schedule

log = structlog.get_logger()

#: Roots, and parts of roots, that give no hints are scanned this often. [s]
UNHINTED_SECONDS = 300.0

#: How often it is looked whether a root is still the folder that is watched. One look is a ``stat`` per root. [s]
LOOK_SECONDS = 15.0


@dataclass(frozen=True)
class WatchState:
    """How a root is watched. ``hint_seconds`` is how long a hint took when that was last measured."""

    filesystem: str = ""
    trusts_hints: bool = False
    reason: str | None = None
    hint_seconds: float | None = None
    overflows: int = 0
    is_measured: bool = False

    @property
    def method(self) -> str:
        """``hints`` or ``scans``, as people are told."""
        return "hints" if self.trusts_hints else "scans"


@dataclass
class _Watched:
    intake: RootIntake
    canary: Canary
    state: WatchState = field(default_factory=WatchState)
    identity: tuple[int, int] | None = None
    below: tuple[Filesystem, ...] = ()


class Watching:
    """Watches the roots of some intakes. ``rescan_interval`` is in seconds; ``schedule`` runs what is regular."""

    def __init__(self, intakes: Mapping[str, RootIntake], rescan_interval: float, schedule: Schedule) -> None:
        self._roots = {name: _Watched(intake, Canary(intake.root.path)) for name, intake in intakes.items()}
        self._interval = rescan_interval
        self._watcher = Watcher(self._hinted, self._overflowed)
        self._schedule = schedule
        self._measuring: asyncio.Task[None] | None = None

    def state(self, name: str) -> WatchState:
        """How a root is watched at present."""
        return self._roots[name].state

    async def start(self) -> None:
        """Sets the watches, asks for the first scans and plans the next ones."""
        for watched in self._roots.values():
            await self._watch(watched)
            self._plan(watched)
            watched.intake.request_scan()
        self._schedule.every("look at roots", LOOK_SECONDS, self._look)
        self._schedule.every("scan shares below roots", UNHINTED_SECONDS, self._scan_unhinted_parts)
        self._measuring = asyncio.create_task(self._measure_all())

    async def stop(self) -> None:
        """Ends the watches; no hint comes after this returns."""
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError):
                await self._measuring
        await asyncio.to_thread(self._watcher.stop)

    def _hinted(self, name: str, path: str) -> None:
        watched = self._roots[name]
        if not watched.canary.takes(path):
            watched.intake.hint(path)

    def _overflowed(self, name: str) -> None:
        watched = self._roots[name]
        watched.state = replace(watched.state, overflows=watched.state.overflows + 1)
        log.warning("the system lost hints; the root is scanned", root=name, overflows=watched.state.overflows)
        watched.intake.request_scan()

    async def _watch(self, watched: _Watched) -> None:
        """Sets the watch of a root, or sets it anew, as the file system it lies on allows."""
        root = watched.intake.root
        table = await asyncio.to_thread(mounted)
        filesystem = filesystem_of(root.path, table)
        watched.below = tuple(mount for mount in mounted_below(root.path, table) if mount.is_network)
        watched.identity = await asyncio.to_thread(_identity, root.path)
        reason: str | None
        if filesystem.is_network:
            reason = f"{filesystem.type} does not report what other machines change"
            await asyncio.to_thread(self._watcher.unwatch, root)
        else:
            reason = await asyncio.to_thread(self._watcher.watch, root)
        self._set_state(watched, replace(watched.state, filesystem=filesystem.type), reason, is_limit=True)

    def _set_state(self, watched: _Watched, state: WatchState, reason: str | None, *, is_limit: bool = False) -> None:
        """Notes whether hints are trusted, tells it where that is new, and sets the schedule accordingly."""
        before, root = watched.state, watched.intake.root
        watched.state = replace(state, trusts_hints=reason is None, reason=reason)
        if before.reason == reason and before.filesystem:
            return
        if reason is not None:
            advice = "; if a limit was reached, raise it with `sysctl fs.inotify.max_user_watches=1048576`"
            log.warning(
                f"no hints for this root, it is scanned every {UNHINTED_SECONDS:g} s" + (advice if is_limit else ""),
                root=root.name,
                path=shown(root.path),
                filesystem=state.filesystem,
                reason=reason,
            )
        elif before.reason is not None:
            log.info("hints arrive again", root=root.name, path=shown(root.path))
        self._plan(watched)

    def _plan(self, watched: _Watched) -> None:
        seconds = self._interval if watched.state.trusts_hints else min(self._interval, UNHINTED_SECONDS)
        name = watched.intake.root.name
        self._schedule.every(f"rescan {name}", seconds, partial(self._rescan, name))

    async def _measure_all(self) -> None:
        await asyncio.gather(*(self._measure(name) for name in self._roots))

    async def _rescan(self, name: str) -> None:
        watched = self._roots[name]
        if not watched.state.trusts_hints:
            await self._watch(watched)
        await self._measure(name)
        watched.intake.request_scan()

    async def _measure(self, name: str) -> None:
        """Lets the canary tell whether hints arrive."""
        watched = self._roots[name]
        is_strange = watched.intake.frozen_reason is not None
        if is_strange or filesystem_is_silent(watched.state) or watched.identity is None:
            return
        try:
            seconds = await watched.canary.seconds_to_hint()
        except OSError as error:
            log.debug("hints cannot be measured here", root=name, reason=error.strerror)
            return
        state = replace(watched.state, hint_seconds=seconds, is_measured=True)
        self._set_state(watched, state, None if seconds is not None else "hints do not arrive")

    async def _look(self) -> None:
        """Sets watches anew where a root, or what is mounted in it, is not what is watched."""
        table = await asyncio.to_thread(mounted)
        for watched in self._roots.values():
            root = watched.intake.root
            if filesystem_is_silent(watched.state) and filesystem_of(root.path, table).is_network:
                # it is scanned anyway; asking a share that does not answer would keep us waiting
                continue
            identity = await asyncio.to_thread(_identity, root.path)
            below = tuple(mount for mount in mounted_below(root.path, table) if mount.is_network)
            if (identity, below) == (watched.identity, watched.below):
                continue
            log.info("another folder is there now; it is watched and scanned anew", root=root.name)
            await self._watch(watched)
            watched.intake.request_scan()

    async def _scan_unhinted_parts(self) -> None:
        for watched in self._roots.values():
            for mount in watched.below:
                watched.intake.hint(os.path.relpath(mount.mount_point, os.path.realpath(watched.intake.root.path)))


def filesystem_is_silent(state: WatchState) -> bool:
    """Whether hints are not even tried because of where the root lies."""
    return Filesystem("", state.filesystem).is_network


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - text with surrogates
    except OSError:
        return None
    return found.st_dev, found.st_ino
