"""One backup: making its file, reading what is in it, and taking the database out of it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from core.errors import BackupFailed, NoSpace
from core.library.free_space import free_bytes

MANIFEST, DATABASE, CONFIG = "backup.json", "database", "config.toml"

#: Backups hold secrets: of tokens the hashes, of providers maybe the keys.
MODE = 0o600

_BUFFER = 1 << 20
_LEVEL = 6


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds: ``rows`` by table, ``revision`` of the schema, ``sha256`` and ``size`` of the database."""

    made_at: datetime
    version: str
    dialect: str
    revision: str
    rows: dict[str, int]
    sha256: str
    size: int


def write_archive(target: Path, manifest: Manifest, database: Path, config: Path | None) -> None:
    """Writes the new file ``target``, reads it back, and gives it its name when it is whole.

    Raises :class:`NoSpace` and :class:`BackupFailed`; nothing is left behind then.
    """
    partial = partial_name(target)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_LEVEL) as archive:
                _add(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)), manifest.made_at)
                archive.add(database, DATABASE, filter=lambda member: _owned(member, manifest.made_at))
                if config is not None:
                    _add(archive, CONFIG, config.read_bytes(), manifest.made_at)
            file.flush()
            os.fsync(file.fileno())
        if _digest_in(partial) != manifest.sha256:
            raise BackupFailed(f"{target.name} does not hold what was written; it was removed. It will be tried again.")
        partial.rename(target)
        _sync_directory(target.parent)
    except OSError as error:
        raise BackupFailed(f"{target} could not be written: {error.strerror}. The backups before are kept.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """What a backup holds. Raises :class:`BackupFailed` for what is none."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            member = archive.extractfile(MANIFEST)
            if member is None:
                raise BackupFailed(f"{path} is no backup of Pictallion.")
            return msgspec.json.decode(member.read(), type=Manifest)
    except (KeyError, OSError, EOFError, tarfile.TarError, zlib.error, msgspec.MsgspecError) as error:
        raise BackupFailed(f"{path} is no backup of Pictallion, or is damaged: {error}.") from error


def take_out(path: Path, manifest: Manifest, target: Path) -> None:
    """Writes the database in a backup to the new file ``target`` and compares it.

    Raises :class:`BackupFailed`; ``target`` is removed then.
    """
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
            is_whole = _read(path, file.write) == manifest.sha256
    except (OSError, BackupFailed) as error:
        target.unlink(missing_ok=True)
        raise BackupFailed(f"{path} could not be read: {error} Nothing was changed.") from error
    if not is_whole:
        target.unlink(missing_ok=True)
        raise BackupFailed(f"{path} is damaged: its database is not the one that was backed up. Nothing was changed.")


def partial_name(target: Path) -> Path:
    """The name that a file has before it is whole; what a power cut left is found by it."""
    return target.with_name(f".{target.name}.partial")


def require_space(folder: Path, needed: int, to_leave: int) -> None:
    """Raises :class:`NoSpace` where ``needed`` bytes would leave less than ``to_leave`` of the disk."""
    free = free_bytes(folder)
    if free - needed < to_leave:
        raise NoSpace(
            f"A backup needs {needed / 2**20:,.0f} MiB and {free / 2**20:,.0f} are free in {folder}, of which "
            f"{to_leave / 2**20:,.0f} are to stay. The backups before are kept; [backup] folder can be another disk."
        )


def _digest_in(path: Path) -> str:
    return _read(path, lambda data: None)


def _read(path: Path, take: Callable[[bytes], object]) -> str:
    """Reads the database in a backup; its SHA-256."""
    digest = hashlib.sha256()
    try:
        with tarfile.open(path, "r:gz") as archive:
            member: IO[bytes] | None = archive.extractfile(DATABASE)
            while member is not None and (data := member.read(_BUFFER)):
                digest.update(data)
                take(data)
    except (KeyError, EOFError, tarfile.TarError, zlib.error) as error:
        raise BackupFailed(f"{path} is damaged: {error}.") from error
    return digest.hexdigest()


def _add(archive: tarfile.TarFile, name: str, data: bytes, made_at: datetime) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(_owned(member, made_at), io.BytesIO(data))


def _owned(member: tarfile.TarInfo, made_at: datetime) -> tarfile.TarInfo:
    member.mode, member.mtime = MODE, int(made_at.timestamp())
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
