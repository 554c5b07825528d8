"""What is mounted at and below a root, and being told when that changes."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.library.filesystems import Filesystem, mount_of, mounted, mounts_below

log = structlog.get_logger()

_MOUNT_TABLE = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mounts:
    """The file systems of a root: the one it lies on, and those that are mounted somewhere below it."""

    at: Filesystem
    below: tuple[Filesystem, ...]

    @property
    def shares(self) -> tuple[str, ...]:
        """Where below the root file systems are mounted that other machines may change unseen."""
        return tuple(mount.mount_point for mount in self.below if mount.is_network)


def mounts_of(real: str) -> Mounts:
    """The mounts of a root whose path has no symbolic links. Reads the mount table only, never the root."""
    table = mounted()
    return Mounts(mount_of(real, table), tuple(mounts_below(real, table)))


def listen(on_change: Callable[[], None]) -> Callable[[], None]:
    """Calls ``on_change`` on the event loop whenever something is mounted or unmounted; returns how to end that.

    The kernel tells, so it costs nothing while nothing happens. Where it does not, nobody is ever called.
    """
    resources = ExitStack()
    if sys.platform == "linux":
        loop = asyncio.get_running_loop()
        try:
            table = resources.enter_context(_MOUNT_TABLE.open("rb"))
            # a file that can always be read cannot be given to the loop; what waits for its news alone can
            news = resources.enter_context(select.epoll())
            news.register(table, select.EPOLLPRI | select.EPOLLERR)
        except OSError as error:
            resources.close()
            log.debug("nobody tells of mounts; they are looked at regularly", reason=os.strerror(error.errno or 0))
            return lambda: None

        def told() -> None:
            news.poll(0)
            on_change()

        loop.add_reader(news.fileno(), told)
        resources.callback(loop.remove_reader, news.fileno())
    return resources.close
