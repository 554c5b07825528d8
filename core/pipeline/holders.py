"""Who works on what, and whether they still live.

Every process that takes entries (the daemon, an import beside it) holds a locked file named after itself. The kernel
releases the lock when the process ends, however it ends, so that what a dead process left can be told from what a
living one is doing.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from core.errors import AlreadyRunning

_DAEMON = "daemon"

#: Who asks whether a daemon runs holds its lock for an instant; that is waited out. [s]
_PATIENCE = 1.0

#: A process locks its file at once; one that is so old and not locked is nobody's. [s]
_JUST_NOW = 60.0


@contextmanager
def become_holder(locks: Path) -> Iterator[str]:
    """Registers this process; yields its name."""
    name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with _locked(locks / f"{name}.lock") as held:
        assert held, "a fresh name cannot be locked by anyone else"
        try:
            yield name
        finally:
            (locks / f"{name}.lock").unlink(missing_ok=True)


@contextmanager
def become_daemon(locks: Path) -> Iterator[None]:
    """Makes this process the one daemon of a library; raises :class:`AlreadyRunning` when there is one."""
    deadline = time.monotonic() + _PATIENCE
    with ExitStack() as stack:
        while not stack.enter_context(_locked(locks / f"{_DAEMON}.lock")):
            if time.monotonic() < deadline:
                time.sleep(0.02)
                continue
            raise AlreadyRunning(
                f"Another pictallion daemon is running on {locks.parent}. Stop it first, or give this one "
                "a [library] data_dir of its own."
            )
        yield


@asynccontextmanager
async def one_at_a_time(locks: Path, name: str) -> AsyncIterator[None]:
    """Waits for its turn among all processes of the library."""
    descriptor = os.open(locks / f"{name}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def daemon_is_running(locks: Path) -> bool:
    """Whether a daemon of this library lives now."""
    return is_alive(locks, _DAEMON)


def is_alive(locks: Path, holder: str) -> bool:
    """Whether the process that registered as ``holder`` still lives."""
    path = locks / f"{holder}.lock"
    if not holder or not path.exists():
        return False
    with _locked(path) as held:
        return not held


def forget(locks: Path, holder: str) -> None:
    """Removes what a dead holder left; its entries must have been recovered before."""
    if holder and not is_alive(locks, holder):
        (locks / f"{holder}.lock").unlink(missing_ok=True)


def living(locks: Path) -> list[str]:
    """The processes that are registered and live; the daemon's own lock is not among them."""
    return [path.stem for path in locks.glob("*-*.lock") if is_alive(locks, path.stem)]


def forget_forsaken(locks: Path) -> None:
    """Removes the locks of dead processes that had nothing in hand. Those that had must have been recovered before."""
    for path in locks.glob("*-*.lock"):
        with suppress(FileNotFoundError):
            # one that was made just now may not be locked yet
            if time.time() - path.stat().st_mtime > _JUST_NOW:
                forget(locks, path.stem)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
