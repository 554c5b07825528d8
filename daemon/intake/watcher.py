"""Hints from the operating system that something happened below a root.

A hint is only ever a reason to look. When the kernel's queue overflows, watchdog logs it and tells nobody; we listen
to that log and scan instead (gorakhargosh/watchdog#654).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from core.media.source_file import shown
from core.pipeline.roots import Root

log = structlog.get_logger()

#: The logger on which watchdog reports a queue overflow (watchdog 7.1, ``watchdog/observers/inotify_c.py``).
_OVERFLOW_LOGGER = "watchdog.observers.inotify_c"

#: What may mean that a file is new, changed or gone. Opening and reading are our own doing.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]

Hint = Callable[[str, str], None]
"""Takes the root's name and a path below it."""


class Watcher:
    """Watches roots and calls ``on_hint`` on the event loop; ``on_overflow`` when hints were lost."""

    def __init__(self, on_hint: Hint, on_overflow: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_hint = on_hint
        self._overflow = _OverflowListener(self._loop, on_overflow)
        self._observer: BaseObserver = Observer()

    def start(self, roots: Iterable[Root]) -> list[Root]:
        """Begins to watch; returns the roots for which the system gives no hints."""
        logging.getLogger(_OVERFLOW_LOGGER).addHandler(self._overflow)
        self._observer.start()
        return [root for root in roots if not self._watch(root)]

    def _watch(self, root: Root) -> bool:
        def on_path(path: str) -> None:
            self._loop.call_soon_threadsafe(self._on_hint, root.name, os.path.relpath(path, root.path))

        try:
            self._observer.schedule(_Handler(on_path), root.path, recursive=True, event_filter=_EVENTS)
        except OSError as error:
            log.warning(
                "root cannot be watched, it is scanned instead; if a limit was reached, raise it with "
                "`sysctl fs.inotify.max_user_watches=1048576`",
                root=root.name,
                path=shown(root.path),
                reason=error.strerror,
            )
            return False
        return True

    def stop(self) -> None:
        """Ends the watching; no hint comes after this returns."""
        logging.getLogger(_OVERFLOW_LOGGER).removeHandler(self._overflow)
        self._observer.stop()
        self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, on_path: Callable[[str], None]) -> None:
        self._on_path = on_path

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._on_path(os.fsdecode(path))


class _OverflowListener(logging.Handler):
    def __init__(self, loop: asyncio.AbstractEventLoop, on_overflow: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._loop = loop
        self._on_overflow = on_overflow

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._loop.call_soon_threadsafe(self._on_overflow)
