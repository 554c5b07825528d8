"""Starts ``pictallion`` with a saboteur in the house.

Run instead of the ``pictallion`` script. What it does to the daemon is read from the JSON file that
``PICTALLION_SABOTAGE`` names, again whenever that file is replaced:

``home``    only paths below it are touched
``record``  a file to which the name of every step is appended
``kill``    ``{"at": k}``: SIGKILL itself before the k-th step, or ``{"call": c, "match": glob, "nth": n}``
``faults``  ``[{"call": c, "match": glob, "errno": "ENOSPC", "times": n, "in": "daemon"}]``; ``"seconds": s`` instead of
            ``errno`` lets the call hang; ``"in": "worker"`` does it in the worker processes
``clock``   by how much every clock of the daemon that is not monotonic is wrong [s]
``is_full`` the database file may not grow, as if the disk were full

Steps are the calls by which something changes on disk: ``mkdir open write copy fsync utime chmod link replace unlink
rmdir``, and of the database ``commit`` and ``committed``, before and after. A copy is made in halves, so that there is
a moment in the middle of a file. ``read`` is no step, but may fail. Linux only: descriptors are named by ``/proc``.
"""

from __future__ import annotations

import builtins
import errno
import fnmatch
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

PLAN = "PICTALLION_SABOTAGE"

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MANY = 1_000_000


class Saboteur:
    """Counts the steps of this process and does what the plan says. ``role`` is ``daemon`` or ``worker``."""

    def __init__(self, plan: str, role: str) -> None:
        self._path = plan
        self._role = role
        self._version: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._steps = 0
        self._matches = 0
        self._left: list[int] = []
        self._stat, self._open, self._write, self._readlink = os.stat, os.open, os.write, os.readlink
        self._log: int | None = None
        self.plan: dict[str, Any] = {}
        self.look()
        self.home = self.plan["home"].rstrip("/") + "/"

    def look(self) -> None:
        """Reads the plan again if it was replaced."""
        found = self._stat(self._path)
        version = (found.st_ino, found.st_mtime_ns)
        with self._lock:
            if version == self._version:
                return
            descriptor = self._open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self.plan = json.loads(os.read(descriptor, 1 << 20))
            finally:
                os.close(descriptor)
            self._version = version
            self._left = [fault.get("times", _MANY) for fault in self.plan.get("faults", [])]
            if self._log is None and self._role == "daemon" and self.plan.get("record"):
                self._log = self._open(
                    self.plan["record"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
                )

    def below_home(self, path: object) -> str | None:
        """The path as text, when it is one that matters."""
        if isinstance(path, int):
            try:
                path = self._readlink(f"/proc/self/fd/{path}")
            except OSError:
                return None
        try:
            text = os.fsdecode(path)  # type: ignore[arg-type]
        except TypeError:
            return None
        return text if text.startswith(self.home) and text != self._path else None

    def step(self, call: str, path: str) -> None:
        """Something is about to change: counts, dies, fails or hangs."""
        self.look()
        if self._role == "daemon":
            with self._lock:
                self._steps += 1
                if self._log is not None:
                    line = f"{self._steps} {call} {path.removeprefix(self.home)}\n"
                    self._write(self._log, os.fsencode(line))
                if self._is_the_end(call, path):
                    os.kill(os.getpid(), signal.SIGKILL)
        self.trouble(call, path)

    def _is_the_end(self, call: str, path: str) -> bool:
        kill = self.plan.get("kill", {})
        if "at" in kill:
            return bool(self._steps == kill["at"])
        if kill.get("call") != call or not fnmatch.fnmatchcase(path, kill.get("match", "*")):
            return False
        self._matches += 1
        return bool(self._matches == kill.get("nth", 1))

    def has_trouble(self, call: str, path: str) -> bool:
        """Whether such a call may fail now."""
        self.look()
        return any(
            left and self._concerns(fault, call, path)
            for fault, left in zip(self.plan.get("faults", []), self._left, strict=True)
        )

    def trouble(self, call: str, path: str) -> None:
        """Fails or hangs, where the plan says so."""
        pause = 0.0
        with self._lock:
            for number, fault in enumerate(self.plan.get("faults", [])):
                if self._left[number] and self._concerns(fault, call, path):
                    self._left[number] -= 1
                    if "seconds" not in fault:
                        raise _refusal(call, fault["errno"], path)
                    pause = fault["seconds"]
                    break
        deadline = time.monotonic() + pause
        while time.monotonic() < deadline and (not pause or self.has_hang(call, path)):
            time.sleep(0.05)

    def has_hang(self, call: str, path: str) -> bool:
        """Whether the plan still lets this call hang; a test ends the hang by taking it out of the plan."""
        self.look()
        return any("seconds" in f and self._concerns(f, call, path) for f in self.plan.get("faults", []))

    def _concerns(self, fault: dict[str, Any], call: str, path: str) -> bool:
        return (
            fault["call"] == call
            and fault.get("in", "daemon") == self._role
            and fnmatch.fnmatchcase(path, fault.get("match", "*"))
        )

    def now(self) -> float:
        """By how much the clock is wrong. [s]"""
        self.look()
        return float(self.plan.get("clock", 0.0))


def _refusal(call: str, name: str, path: str) -> Exception:
    if call in ("commit", "committed"):
        import sqlite3

        return sqlite3.OperationalError("disk I/O error")
    number = getattr(errno, name)
    return OSError(number, os.strerror(number), path)


def sabotage_files(saboteur: Saboteur) -> None:
    """Puts the saboteur before every call that changes something on disk, and before reading."""

    def before(call: str, function: Callable[..., Any], argument: int = 0) -> Callable[..., Any]:
        def sabotaged(*args: Any, **kwargs: Any) -> Any:
            path = saboteur.below_home(args[argument])
            if path is not None:
                saboteur.step(call, path)
            return function(*args, **kwargs)

        return sabotaged

    real_open, real_copy = os.open, os.copy_file_range

    def os_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        name = saboteur.below_home(path)
        if name is not None and flags & _WRITING:
            saboteur.step("open", name)
        elif name is not None and saboteur.has_trouble("openread", name):
            saboteur.trouble("openread", name)
        return real_open(path, flags, *args, **kwargs)

    def copy_file_range(source: int, target: int, count: int, *args: Any, **kwargs: Any) -> int:
        path = saboteur.below_home(target)
        if path is None:
            return real_copy(source, target, count, *args, **kwargs)
        saboteur.step("copy", path)
        half = max(1, (os.fstat(source).st_size + 1) // 2)
        return real_copy(source, target, min(count, half), *args, **kwargs)

    os.open = os_open
    os.copy_file_range = copy_file_range
    for call, argument in {"fsync": 0, "utime": 0, "chmod": 0, "mkdir": 0, "rmdir": 0, "unlink": 0}.items():
        setattr(os, call, before(call, getattr(os, call), argument))
    os.remove = before("unlink", os.remove)
    os.link = before("link", os.link, 1)
    os.rename = before("replace", os.rename, 1)
    os.replace = before("replace", os.replace, 1)
    io.open = builtins.open = _open_for(saboteur, builtins.open)


def _open_for(saboteur: Saboteur, real: Callable[..., Any]) -> Callable[..., Any]:
    class Raw(io.FileIO):
        """A file whose reading and writing can fail. ``path`` is where it lies."""

        path = ""

        def write(self, data: Any) -> int:
            saboteur.step("write", self.path)
            return super().write(data)

        def readinto(self, buffer: Any) -> int:
            saboteur.trouble("read", self.path)
            return super().readinto(buffer)

        def readall(self) -> bytes:
            saboteur.trouble("read", self.path)
            return super().readall()

        def read(self, size: int | None = -1) -> bytes:
            saboteur.trouble("read", self.path)
            return super().read(-1 if size is None else size)

    def sabotaged(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        path = saboteur.below_home(file)
        is_writing = any(letter in mode for letter in "wxa+")
        if path is None or not (is_writing or saboteur.has_trouble("read", path)):
            return real(file, mode, buffering, *args, **kwargs)
        if is_writing and not isinstance(file, int):
            saboteur.step("open", path)
        raw = Raw(file, mode.replace("b", "").replace("t", ""))
        raw.path = path
        if buffering == 0:
            return raw
        buffered = io.BufferedWriter(raw) if is_writing else io.BufferedReader(raw)
        if "b" in mode:
            return buffered
        encoding = args[0] if args else kwargs.get("encoding")
        return io.TextIOWrapper(buffered, encoding or "utf-8")

    return sabotaged


def sabotage_database(saboteur: Saboteur) -> None:
    """Puts the saboteur before and after every commit, and lets SQLite be full."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.default import DefaultDialect

    real = DefaultDialect.do_commit
    path = saboteur.home + "the database"

    def do_commit(self: Any, connection: Any) -> None:
        saboteur.step("commit", path)
        real(self, connection)
        saboteur.step("committed", path)

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    @event.listens_for(Engine, "begin")
    def on_begin(connection: Any) -> None:
        if connection.dialect.name == "sqlite":
            saboteur.look()
            # less than there are means: not one more
            pages = 1 if saboteur.plan.get("is_full") else 1 << 30
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def sabotage_clock(saboteur: Saboteur) -> None:
    """Makes the daemon's wall clocks wrong; must come before its modules take their names."""
    from apscheduler.executors import base as executors
    from apscheduler.schedulers import base as schedulers
    from apscheduler.triggers import interval

    from core.db import tables

    real_time, real_utc_now = time.time, tables.utc_now

    class Wrong(datetime):
        """A clock that is as wrong as the plan says."""

        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=saboteur.now())

    time.time = lambda: real_time() + saboteur.now()
    tables.utc_now = lambda: real_utc_now() + timedelta(seconds=saboteur.now())
    for module in (executors, schedulers, interval):
        module.datetime = Wrong


def main() -> None:
    """Runs the ``pictallion`` command, sabotaged."""
    saboteur = Saboteur(os.environ[PLAN], "daemon")
    sabotage_files(saboteur)
    sabotage_database(saboteur)
    sabotage_clock(saboteur)
    from daemon.cli import main as pictallion

    sys.exit(pictallion())


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__" and PLAN in os.environ:
    # a worker process of the daemon: it runs the main module again under this name
    sabotage_files(Saboteur(os.environ[PLAN], "worker"))
