"""Makes a backup."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from core import __version__
from core.backup.archive import MODE, Manifest, partial_name, require_space, write_archive
from core.backup.kept import Backup, name_of
from core.db.dump import dump
from core.db.migrate import revision_of
from core.errors import BackupFailed

#: Nobody writes any more into an unfinished file that rested for so long. [s]
_FORSAKEN = 3600.0


async def create_backup(
    url: URL, folder: Path, config: Path | None, now: datetime, to_leave: int, label: str | None = None
) -> tuple[Backup, Manifest]:
    """Backs the database up into ``folder``, leaving ``to_leave`` bytes of its disk free, and checks what it made.

    ``config`` is the configuration file, if there is one. Raises :class:`core.errors.BackupFailed` and
    :class:`core.errors.NoSpace`; nothing is left behind then.
    """
    target = folder / name_of(now, label)
    raw = partial_name(folder / f"{target.name}.database")
    try:
        await asyncio.to_thread(_prepare, url, folder, to_leave)
        if target.exists():
            raise BackupFailed(f"{target} is there already.")
        rows = await dump(url, raw)
        revision = await revision_of(url)
        size, sha256 = await asyncio.to_thread(_measure, raw)
        manifest = Manifest(now, __version__, url.get_backend_name(), revision or "", rows, sha256, size)
        await asyncio.to_thread(write_archive, target, manifest, raw, config)
    except OSError as error:
        raise BackupFailed(f"No backup could be made in {folder}: {error}. Those before are kept.") from error
    finally:
        with suppress(OSError):
            for path in (raw, Path(f"{raw}-journal")):
                path.unlink(missing_ok=True)
    return Backup(target, now, label, target.stat().st_size), manifest


def _prepare(url: URL, folder: Path, to_leave: int) -> None:
    """Makes the folder, clears away what a power cut left, and looks whether there is room."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(".pictallion-*.partial*"):
        # somebody else may be making one by hand just now
        if time.time() - left.stat().st_mtime > _FORSAKEN:
            left.unlink(missing_ok=True)
    if url.get_backend_name() == "sqlite":
        # the copy, and the archive, which is smaller
        require_space(folder, 2 * Path(str(url.database)).stat().st_size, to_leave)
    else:
        require_space(folder, 0, to_leave)


def _measure(raw: Path) -> tuple[int, str]:
    raw.chmod(MODE)
    with raw.open("rb") as file:
        return raw.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
