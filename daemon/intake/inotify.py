"""watchdog on Linux, with what the kernel and watchdog say beside events: lost hints, folders that are not watched.

watchdog only logs that the kernel's queue overflowed (gorakhargosh/watchdog#654), passes over subfolders that cannot be
watched, and ends its thread at an error of its own. Each of these is a reason to look; here they are noticed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

log = structlog.get_logger()

_LIMITS = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True)
class Trouble:
    """What to call when hints are lost. All are called from threads, and may be called again and again.

    ``overflowed``: the queue did, and folders are watched anew. ``lost``: something that was watched is watched no
    more, with everything below it. ``refused``: a folder cannot be watched; takes the reason.
    """

    overflowed: Callable[[], None]
    lost: Callable[[], None]
    refused: Callable[[str], None]


class RootObserver(BaseObserver):
    """Watches one root. Has a queue of its own in the kernel: a burst in another root loses no hints of this one."""

    def __init__(self, trouble: Trouble) -> None:
        self._queue = _Queue(trouble)
        self._queue.start()
        super().__init__(InotifyEmitter, inotify_fd=self._queue)

    @property
    def refusal(self) -> str | None:
        """Why some folder below the root is not watched; ``None`` when all are."""
        return self._queue.refusal

    def is_well(self) -> bool:
        """Whether no thread has ended that hints go through."""
        return all(thread.is_alive() for thread in (self, self._queue, *self.emitters))

    def on_thread_stop(self) -> None:
        """Ends the threads."""
        super().on_thread_stop()
        self._queue.stop()
        self._queue.join()


class _Queue(InotifyFD):
    def __init__(self, trouble: Trouble) -> None:
        self.refusal: str | None = None
        self._trouble = trouble
        super().__init__()

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        try:
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            # a folder that is gone by now is nothing to speak of; for a limit the next folder fails as well
            if error.errno in (errno.ENOSPC, errno.ENOMEM) and self.refusal is None:
                self.refusal = explain(error)
                self._trouble.refused(self.refusal)
            raise

    def handle_event(self, event: InotifyEvent) -> None:
        try:
            super().handle_event(event)
        except Exception:
            # whatever it was: this thread must live, and nobody knows what it has not done
            log.exception("a hint could not be understood; the root is watched anew")
            self._trouble.lost()
        if event.is_queue_overflow:
            self._trouble.overflowed()
        elif event.mask & InotifyConstants.IN_UNMOUNT:
            self._trouble.lost()


def explain(error: OSError) -> str:
    """Why a folder cannot be watched, and what can be done about it."""
    if error.errno == errno.ENOSPC:
        return "the system watches no more folders for this user; " + _raise("max_user_watches", 1_048_576)
    if error.errno == errno.EMFILE:
        return "this user, or this program, has too many files or watches open; " + _raise("max_user_instances", 1024)
    return error.strerror or str(error)


def _raise(limit: str, enough: int) -> str:
    with suppress(OSError, ValueError):
        enough = max(enough, 2 * int((_LIMITS / limit).read_text()))
    return f"raise the limit with `sudo sysctl fs.inotify.{limit}={enough}`"
