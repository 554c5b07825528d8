"""Hints from the operating system that something happened below a root.

A hint is only ever a reason to look. When the kernel's queue overflows, watchdog logs it and tells nobody; we listen
to that log and look at the root instead (gorakhargosh/watchdog#654). Each root has an observer, and so a queue, of its
own: a burst in one loses no hints of another.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

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

from core.pipeline.roots import Root

#: Where watchdog reports that it lost hints, with the path of the watch (7.1, ``watchdog/observers/inotify.py``).
_OVERFLOW_LOGGER = "watchdog.observers.inotify"

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
    """Watches roots and calls ``on_hint`` on the event loop; ``on_overflow`` with a root whose hints were lost."""

    def __init__(self, on_hint: Hint, on_overflow: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_hint = on_hint
        self._observers: dict[str, BaseObserver] = {}
        self._roots: dict[str, Root] = {}
        self._listener = _OverflowListener(lambda path: self._overflowed(path, on_overflow))
        logging.getLogger(_OVERFLOW_LOGGER).addHandler(self._listener)

    def watch(self, root: Root) -> str | None:
        """Begins to watch a root, or watches it anew; returns the system's words when it cannot be watched.

        An observer belongs to the folder that is there now, not to its path. Blocks for as long as the tree is walked.
        """
        self.unwatch(root)

        def on_path(path: str) -> None:
            self._loop.call_soon_threadsafe(self._on_hint, root.name, os.path.relpath(path, root.path))

        observer: BaseObserver = Observer()
        try:
            observer.schedule(_Handler(on_path), root.path, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError as error:
            _end(observer)
            return error.strerror or str(error)
        self._roots[root.name] = root
        self._observers[root.name] = observer
        return None

    def unwatch(self, root: Root) -> None:
        """Ends the watching of one root, if it is watched."""
        observer = self._observers.pop(root.name, None)
        if observer is not None:
            _end(observer)

    def stop(self) -> None:
        """Ends the watching; no hint comes after this returns."""
        logging.getLogger(_OVERFLOW_LOGGER).removeHandler(self._listener)
        for root in list(self._roots.values()):
            self.unwatch(root)

    def _overflowed(self, path: str, on_overflow: Callable[[str], None]) -> None:
        for root in list(self._roots.values()):
            if root.path == path:
                self._loop.call_soon_threadsafe(on_overflow, root.name)


def _end(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, on_path: Callable[[str], None]) -> None:
        self._on_path = on_path

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._on_path(os.fsdecode(path))


class _OverflowListener(logging.Handler):
    def __init__(self, on_overflow: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_overflow = on_overflow

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.msg and isinstance(record.args, tuple) and record.args:
            path = record.args[0]
            if isinstance(path, str | bytes):
                self._on_overflow(os.fsdecode(path))
