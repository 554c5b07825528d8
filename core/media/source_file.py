"""How is a file opened that somebody else owns and may be writing to?"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import NotMedia, SourceChanged, SourceUnreadable, SourceVanished

# O_NONBLOCK: opening a FIFO must return at once. O_NOFOLLOW: a link could lead out of the watched folder.
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What open(2) answers for a symbolic link (ELOOP; EMLINK on FreeBSD) and for a socket or a device without driver.
_LINK_ERRORS = frozenset({errno.ELOOP, errno.EMLINK})
_NO_FILE_ERRORS = frozenset({errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file that is open for reading. ``size`` in bytes, as it was when the file was opened."""

    path: str
    stream: BinaryIO
    size: int


def shown(path: str) -> str:
    """``path`` as a person can read it and UTF-8 can hold it.

    Bytes that are no UTF-8 (surrogates in Python's ``str``) and control characters become backslash escapes.
    """
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


@contextmanager
def open_source(path: str) -> Iterator[SourceFile]:
    """Open a regular file read-only, and make sure at the end that it stood still meanwhile.

    Size and modification time of the open descriptor are compared before and after the ``with`` block; whatever
    was read from a file that changed in between raises ``SourceChanged`` instead of being believed.

    Raises ``SourceVanished`` if there is no such file, ``NotMedia`` if it is no regular file (a symbolic link is
    none), ``SourceUnreadable`` for every other refusal of the operating system, also while reading.
    """
    name = shown(path)
    try:
        with os.fdopen(_open_regular(path), "rb") as stream:
            before = os.fstat(stream.fileno())
            yield SourceFile(path, stream, before.st_size)
            after = os.fstat(stream.fileno())
    except FileNotFoundError as error:
        raise SourceVanished(f"{name} was gone when it was to be read. It is taken in when it comes back.") from error
    except PermissionError as error:
        raise SourceUnreadable(
            f"{name} may not be read by this user ({error.strerror}). It is tried again later; "
            "to have it taken in, give the daemon's user read access."
        ) from error
    except OSError as error:
        raise SourceUnreadable(
            f"{name} cannot be read ({error.strerror or error}). It is tried again later."
        ) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise changed(path)


def is_open_for_writing(path: str) -> bool | None:
    """Whether any process of this machine has a file open for writing; ``None`` where the system does not tell.

    Asks for a read lease, which Linux grants only while nobody may write, and gives it back at once (fcntl(2),
    F_SETLEASE). Only for file systems of this machine: others refuse leases for reasons of their own. A process that
    opens the file in that instant waits for it and is not disturbed; its opening sends us SIGIO, which must be ignored.
    """
    if not hasattr(fcntl, "F_SETLEASE") or signal.getsignal(signal.SIGIO) is not signal.SIG_IGN:
        return None
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError:
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # EACCES: not our file; EINVAL: not this file system
        return True if error.errno == errno.EAGAIN else None
    finally:
        os.close(descriptor)
    return False


def changed(path: str) -> SourceChanged:
    """The error for a file that was written to while it was read."""
    return SourceChanged(f"{shown(path)} changed while it was read. It is taken in once it rests.")


def _open_regular(path: str) -> int:
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        if error.errno in _LINK_ERRORS:
            raise _not_regular(path, "a symbolic link") from error
        if error.errno in _NO_FILE_ERRORS:
            raise _not_regular(path, "a socket or a device") from error
        raise
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise _not_regular(path, "a folder")
    if stat.S_ISFIFO(mode):
        raise _not_regular(path, "a named pipe")
    raise _not_regular(path, "a device")


def _not_regular(path: str, what: str) -> NotMedia:
    return NotMedia(f"{shown(path)} is {what}, not a regular file. It is left alone.")
