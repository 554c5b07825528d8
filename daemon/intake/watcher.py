"""Hints from the operating system that something happened below a root.

A hint is only ever a reason to look; so is everything that may have cost hints.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol

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
from watchdog.observers.api import BaseObserver

from core.pipeline.roots import Root

if sys.platform == "linux":
    from daemon.intake.inotify import RootObserver, Trouble, explain
else:
    from watchdog.observers import Observer

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


class Listener(Protocol):
    """Who is told, on the event loop. Each takes the name of the root first."""

    def hinted(self, name: str, path: str) -> None:
        """Something happened at ``path``, relative to the root."""

    def overflowed(self, name: str) -> None:
        """Hints were lost; what comes from now on is told again."""

    def lost(self, name: str) -> None:
        """The root, or a folder below it, is not watched any more: it was deleted or unmounted, or watching broke."""

    def refused(self, name: str, reason: str) -> None:
        """A folder below the root cannot be watched; the others are."""


class Watcher:
    """Watches roots. Every root has an observer, and so a queue, of its own."""

    def __init__(self, listener: Listener) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._observers: dict[str, BaseObserver] = {}
        self._lock = threading.Lock()
        self._is_stopped = False

    def watch(self, root: Root) -> str | None:
        """Begins to watch a root, or watches it anew; returns a reason when it, or a folder in it, cannot be watched.

        What is watched is the folder that is there now, not its path. Blocks for as long as the tree is walked.
        """
        self.unwatch(root)
        # a symbolic link would be watched itself, and nothing ever happens to it
        folder = os.path.realpath(root.path)
        try:
            observer = self._open(root.name)
        except OSError as error:
            return _explain(error)
        try:
            observer.schedule(self._handler(root.name, folder), folder, recursive=True, event_filter=_EVENTS)
            observer.start()
        except OSError as error:
            _end(observer)
            return _explain(error)
        with self._lock:
            if not self._is_stopped:
                self._observers[root.name] = observer
                return _refusal(observer)
        _end(observer)
        return "the watching has ended"

    def unwatch(self, root: Root) -> None:
        """Ends the watching of one root, if it is watched."""
        with self._lock:
            observer = self._observers.pop(root.name, None)
        if observer is not None:
            _end(observer)

    def is_watching(self, root: Root) -> bool:
        """Whether a root is watched and nothing has broken that."""
        observer = self._observers.get(root.name)
        return observer is not None and _is_well(observer)

    def stop(self) -> None:
        """Ends the watching for good; no hint comes after this returns."""
        with self._lock:
            self._is_stopped = True
            observers = list(self._observers.values())
            self._observers.clear()
        for observer in observers:
            _end(observer)

    def _open(self, name: str) -> BaseObserver:
        observer: BaseObserver
        if sys.platform == "linux":
            observer = RootObserver(
                Trouble(
                    overflowed=lambda: self._tell(self._listener.overflowed, name),
                    lost=lambda: self._tell(self._listener.lost, name),
                    refused=lambda reason: self._tell(self._listener.refused, name, reason),
                )
            )
        else:
            observer = Observer()
        return observer

    def _handler(self, name: str, folder: str) -> FileSystemEventHandler:
        def on_event(event: FileSystemEvent) -> None:
            for path in (event.src_path, event.dest_path):
                if path:
                    self._tell(self._listener.hinted, name, os.path.relpath(os.fsdecode(path), folder))
            if isinstance(event, DirDeletedEvent | DirMovedEvent) and os.fsdecode(event.src_path) == folder:
                self._tell(self._listener.lost, name)

        return _Handler(on_event)

    def _tell(self, tell: Callable[..., None], *arguments: str) -> None:
        self._loop.call_soon_threadsafe(tell, *arguments)


class _Handler(FileSystemEventHandler):
    def __init__(self, on_event: Callable[[FileSystemEvent], None]) -> None:
        self._on_event = on_event

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._on_event(event)


def _explain(error: OSError) -> str:
    if sys.platform == "linux":
        return explain(error)
    return error.strerror or str(error)


def _refusal(observer: BaseObserver) -> str | None:
    if sys.platform == "linux" and isinstance(observer, RootObserver):
        return observer.refusal
    return None


def _is_well(observer: BaseObserver) -> bool:
    if sys.platform == "linux" and isinstance(observer, RootObserver):
        return observer.is_well()
    return observer.is_alive() and all(emitter.is_alive() for emitter in observer.emitters)


def _end(observer: BaseObserver) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join()
