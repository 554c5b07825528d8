"""How each root is watched: by hints where they can be had and trusted, by scans elsewhere, and when that changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from core.library.filesystems import Filesystem, filesystem_of, mounted, mounted_below
from core.media.source_file import shown
from daemon.intake.canary import Canary
from daemon.intake.root import RootIntake
from daemon.intake.watcher import Watcher

log = structlog.get_logger()

#: Roots, and parts of roots, that give no hints are scanned this often. [s]
UNHINTED_SECONDS = 300.0

#: How often it is looked whether a root is still the folder that is watched. One look is a ``stat`` per root. [s]
LOOK_SECONDS = 15.0

#: Scans are spread over this share of their interval, so that ten roots do not begin in one second.
SPREAD = 0.05


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
    """Watches the roots of some intakes. ``rescan_interval`` is in seconds."""

    def __init__(self, intakes: Mapping[str, RootIntake], rescan_interval: float) -> None:
        self._roots = {name: _Watched(intake, Canary(intake.root.path)) for name, intake in intakes.items()}
        self._interval = rescan_interval
        self._watcher = Watcher(self._hinted, self._overflowed)
        # misfire_grace_time: a machine that slept through a scan does it late rather than not at all
        self._scheduler = AsyncIOScheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def state(self, name: str) -> WatchState:
        """How a root is watched at present."""
        return self._roots[name].state

    async def start(self) -> None:
        """Sets the watches, asks for the first scans and begins the schedule."""
        for name, watched in self._roots.items():
            await self._watch(watched)
            self._scheduler.add_job(
                self._rescan, self._trigger(watched), args=[name], id=f"rescan {name}", name=f"rescan {name}"
            )
            self._scheduler.add_job(self._measure, args=[name])
            watched.intake.request_scan()
        self._scheduler.add_job(self._look, IntervalTrigger(seconds=LOOK_SECONDS))
        self._scheduler.add_job(self._scan_unhinted_parts, IntervalTrigger(seconds=UNHINTED_SECONDS))
        self._scheduler.start()

    async def stop(self) -> None:
        """Ends schedule and watches; no hint comes after this returns."""
        self._scheduler.shutdown(wait=False)
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
        if self._scheduler.get_job(f"rescan {root.name}") is not None:
            self._scheduler.reschedule_job(f"rescan {root.name}", trigger=self._trigger(watched))

    def _trigger(self, watched: _Watched) -> IntervalTrigger:
        seconds = self._interval if watched.state.trusts_hints else min(self._interval, UNHINTED_SECONDS)
        return IntervalTrigger(seconds=seconds, jitter=seconds * SPREAD)

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
