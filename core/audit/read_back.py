"""Does a stored file still hold the bytes that it was stored with?"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import psutil

from core.library.layout import Layout
from core.library.placing import hash_file

Hash = Callable[[Path], str]
Key: TypeAlias = tuple[int, int]

#: What the reading thread gives up of the processor, 0 to 19.
_NICE = 10

_BUFFER = 1 << 20


class Outcome(StrEnum):
    """What reading a file back showed."""

    SAME = "same"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    MISSING = "missing"


async def read_back(
    layout: Layout, rows: Sequence[Any], executor: ThreadPoolExecutor | None = None, hash_of: Hash = hash_file
) -> list[Outcome]:
    """How each of these versions of one asset is; rows with ``file_path`` and ``sha256``.

    Files that are names of one inode are read once. ``executor`` is where that is done, by default any thread.
    """
    loop = asyncio.get_running_loop()
    seen: dict[Key, str | None] = {}
    outcomes = []
    for row in rows:
        path = layout.absolute(row.file_path)
        outcomes.append(await loop.run_in_executor(executor, _outcome, path, row.sha256, seen, hash_of))
    return outcomes


def _outcome(path: Path, sha256: str, seen: dict[Key, str | None], hash_of: Hash) -> Outcome:
    try:
        status = path.stat()
        key = (status.st_dev, status.st_ino)
        if key not in seen:
            seen[key] = hash_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return Outcome.MISSING
    except OSError:
        return Outcome.UNREADABLE
    return Outcome.SAME if seen[key] == sha256 else Outcome.DIFFERS


@contextmanager
def quiet_thread() -> Iterator[ThreadPoolExecutor]:
    """One thread that reads when nobody else wants the disk, where the system can do that (Linux), and with little of
    the processor.
    """
    with ThreadPoolExecutor(1, "reads back", initializer=_become_quiet) as executor:
        yield executor


def _become_quiet() -> None:
    if sys.platform != "linux":
        # elsewhere priorities are those of the whole process
        return
    thread = threading.get_native_id()
    # a container may forbid it; it is a courtesy
    with suppress(OSError, psutil.Error):
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
        os.setpriority(os.PRIO_PROCESS, thread, _NICE)


def hash_on_disk(path: Path) -> str:
    """The hex SHA-256 of a file as the disk has it, not as it is remembered in memory, and without pushing out of
    memory what others have there, where the system can do that (Linux).
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        _forget(file.fileno())
        while data := file.read(_BUFFER):
            digest.update(data)
        _forget(file.fileno())
    return digest.hexdigest()


def _forget(descriptor: int) -> None:
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
