"""The only way a file gets into the library.

Copy to a temporary name in the target's directory → fsync → read back and compare → rename without overwriting →
fsync the directory. A crash between any two steps leaves either nothing, a temporary file whose name tells its
target, or the whole file. Nothing else in the program opens a file below the data directory's media for writing.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from core.errors import NameTaken, NoSpace, PlacementFailed, SourceUnreadable, SourceVanished, VerificationFailed

#: Placed files are read-only for everyone: the library's copy is not to be edited.
READ_ONLY = 0o444

_TEMPORARY_SUFFIX = ".pictallion-tmp"
_BUFFER = 1 << 20

#: What every write may answer where the disk, or the owner's share of it, is full.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

#: What ``link`` and ``copy_file_range`` answer where the file system cannot do it.
_NOT_SUPPORTED = frozenset(
    {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EACCES}
)


class Span(msgspec.Struct, frozen=True):
    """The bytes of a source from ``start`` to before ``end``."""

    start: int
    end: int


Piece: TypeAlias = bytes | Span
"""A part of a file that is made of another one: bytes of its own, or some of the source's."""


def temporary_name(target: Path) -> Path:
    """The name under which ``target`` is written before it is whole; a start after a crash finds it by this."""
    return target.with_name(f".{target.name}{_TEMPORARY_SUFFIX}")


def is_temporary(name: str) -> bool:
    """Whether a file of this name is, or was, on its way into the library."""
    return name.endswith(_TEMPORARY_SUFFIX)


def target_of(temporary: str) -> str | None:
    """The name that a file was to get; ``None`` where :func:`temporary_name` gives no such name."""
    if not (is_temporary(temporary) and temporary.startswith(".")):
        return None
    return temporary[1:].removesuffix(_TEMPORARY_SUFFIX) or None


def place_copy(source: str, target: Path, sha256: str, mtime_ns: int) -> None:
    """Copies ``source`` to the new file ``target``, read-only and with ``mtime_ns``, and proves it by ``sha256``.

    Raises :class:`SourceVanished`, :class:`VerificationFailed` when the copy's bytes are not those that were read
    before (the source was written to, or the disk lies), :class:`PlacementFailed` for everything the system refuses.
    """

    def write(temporary: Path) -> None:
        _copy_bytes(source, temporary)
        os.utime(temporary, ns=(mtime_ns, mtime_ns))
        if (found := hash_file(temporary)) != sha256:
            raise VerificationFailed(
                f"{target.name}: the copy's SHA-256 is {found[:12]}… but {sha256[:12]}… was read from the source; "
                "the copy was removed and the source left as it is. It will be tried again."
            )

    _place(target, write)


def place_pieces(
    source: str, pieces: Sequence[Piece], target: Path, sha256: str, mtime_ns: int, *, replace: bool = False
) -> None:
    """Writes ``target``, read-only and with ``mtime_ns``, from parts of ``source`` and new bytes; proves it by
    ``sha256``, which is that of the result.

    With ``replace`` an existing file gives way in the moment of the rename. Raises what :func:`place_copy` raises.
    """

    def write(temporary: Path) -> None:
        with _open_source(source) as reader, temporary.open("xb", buffering=0) as writer:
            for piece in pieces:
                _write_piece(reader, writer, piece)
            os.fsync(writer.fileno())
        os.utime(temporary, ns=(mtime_ns, mtime_ns))
        if (found := hash_file(temporary)) != sha256:
            raise VerificationFailed(
                f"{target.name}: what was written has SHA-256 {found[:12]}… but {sha256[:12]}… was checked; it was "
                "removed and the source left as it is. It will be tried again."
            )

    _place(target, write, replace=replace)


def place_link(existing: Path, target: Path, sha256: str, *, durable: bool = True) -> None:
    """Makes ``target`` a second name of ``existing``; where the file system has no hard links, a verified copy.

    With ``durable=False`` the caller places something else in the same directory next, which syncs both names.
    """
    try:
        _make_directory(target.parent)
        os.link(existing, target)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise _failure("linked", target, error) from error
        place_copy(str(existing), target, sha256, existing.stat().st_mtime_ns)
    else:
        if durable:
            _sync_name_of(target)


def place_bytes(data: bytes, target: Path) -> None:
    """Writes the new file ``target``; raises :class:`PlacementFailed`, also when something has that name already."""
    _place(target, lambda temporary: _write_bytes(temporary, data, durable=True), mode=0o644)


def replace_bytes(data: bytes, target: Path) -> None:
    """Writes ``target``, whether it exists or not, for files that can be made again (thumbnails).

    Atomic, not synced; processes that write the same file at the same time do not disturb each other.
    """
    _replace(data, target, target.with_name(f".{target.name}.{os.getpid()}{_TEMPORARY_SUFFIX}"), durable=False)


def replace_sidecar(data: bytes, target: Path) -> None:
    """Writes ``target``, whether it exists or not, and syncs it. Atomic; for one writer at a time.

    What a crash leaves has :func:`temporary_name`: the next attempt writes it again, a scan finds it.
    """
    _replace(data, target, temporary_name(target), durable=True)


def discard(target: Path) -> None:
    """Removes a file that this process placed and no row names; absent ones are fine."""
    target.unlink(missing_ok=True)


def hash_file(path: str | Path) -> str:
    """The hex SHA-256 of a file."""
    with open(path, "rb") as file:  # noqa: PTH123 - paths of sources are text with surrogates
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_directory(directory: Path) -> None:
    """Makes the names in ``directory`` survive a power cut, where the file system can promise that."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # SMB and some FUSE file systems cannot sync a directory
        if error.errno not in _NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _replace(data: bytes, target: Path, temporary: Path, *, durable: bool) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_bytes(temporary, data, durable=durable)
        temporary.replace(target)
        if durable:
            sync_directory(target.parent)
    except OSError as error:
        # where even this is refused, it is found by its name later
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _failure("written", target, error) from error


def _place(target: Path, write: Callable[[Path], None], mode: int = READ_ONLY, *, replace: bool = False) -> None:
    temporary = temporary_name(target)
    try:
        _make_directory(target.parent)
        temporary.unlink(missing_ok=True)
        write(temporary)
        temporary.chmod(mode)
        if replace:
            temporary.replace(target)
        else:
            _rename_without_overwriting(temporary, target)
    except OSError as error:
        raise _failure("placed", target, error) from error
    finally:
        # where even this is refused, the next start clears it away
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    if replace:
        sync_directory(target.parent)
    else:
        _sync_name_of(target)


def _sync_name_of(target: Path) -> None:
    try:
        sync_directory(target.parent)
    except OSError as error:
        # from here on the file is ours; before, what has the name may be somebody else's
        target.unlink(missing_ok=True)
        raise _failure("placed", target, error) from error


def _rename_without_overwriting(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        # no hard links (exFAT, SMB): claim the name first, so that an existing file is never replaced
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        temporary.replace(target)


def _open_source(source: str) -> BinaryIO:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    name = os.fsencode(source).decode("utf-8", "backslashreplace")
    try:
        descriptor = os.open(source, flags)
    except FileNotFoundError as error:
        sentence = f"{name} was gone before it could be copied; it is taken again if it comes back."
        raise SourceVanished(sentence) from error
    except OSError as error:
        raise SourceUnreadable(f"{name} cannot be read: {error.strerror}. It will be tried again.") from error
    return os.fdopen(descriptor, "rb", buffering=0)


def _write_piece(reader: BinaryIO, writer: BinaryIO, piece: Piece) -> None:
    if isinstance(piece, bytes):
        left = memoryview(piece)
        while left:
            left = left[writer.write(left) :]
        return
    reader.seek(piece.start)
    missing = piece.end - piece.start
    while missing and (data := reader.read(min(missing, _BUFFER))):
        missing -= len(data)
        _write_piece(reader, writer, data)


def _copy_bytes(source: str, temporary: Path) -> None:
    with _open_source(source) as reader, temporary.open("xb", buffering=0) as writer:
        _copy_in_kernel(reader.fileno(), writer.fileno())
        # what the kernel has left over: on a full disk it stops short without a word, some FUSE and SMB mounts say that
        # they are done and have done nothing. Writing says what is wrong.
        while data := reader.read(_BUFFER):
            _write_piece(reader, writer, data)
        os.fsync(writer.fileno())


def _copy_in_kernel(source: int, target: int) -> None:
    """Lets the kernel copy (or share the blocks, on btrfs and XFS) as far as it can."""
    if not hasattr(os, "copy_file_range"):
        return
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise


def _write_bytes(temporary: Path, data: bytes, *, durable: bool) -> None:
    with temporary.open("wb") as writer:
        writer.write(data)
        if durable:
            writer.flush()
            os.fsync(writer.fileno())


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    _make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def _failure(verb: str, target: Path, error: OSError) -> PlacementFailed:
    begin = (
        f"{target.name} could not be {verb} in {target.parent}: {error.strerror or error}. Nothing was left behind; "
    )
    if error.errno in _FULL:
        return NoSpace(begin + "it is taken as soon as there is room.")
    kind = NameTaken if error.errno == errno.EEXIST else PlacementFailed
    return kind(begin + "it will be tried again.")
