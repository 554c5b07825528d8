"""Puts a backup in the place of the database, after what is there was put aside."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from core.backup.archive import Manifest, read_manifest, take_out
from core.backup.create import create_backup
from core.db.dump import load
from core.db.migrate import require_known
from core.errors import BackupFailed

#: What a copy is called that was made before a restore.
BEFORE_RESTORE = "before-restore"


async def restore_backup(
    url: URL, path: Path, folder: Path, config: Path | None, now: datetime, to_leave: int
) -> tuple[Manifest, Path | None]:
    """Replaces the database; returns what it now is, and the copy of what it was (``None`` where there was none).

    The caller sees to it that nobody uses the database. Raises :class:`BackupFailed`, :class:`core.errors.SchemaTooNew`
    for a backup of a newer program, and :class:`core.errors.NoSpace`; the database is as it was then.
    """
    manifest = await asyncio.to_thread(read_manifest, path)
    if manifest.dialect != url.get_backend_name():
        raise BackupFailed(
            f"{path.name} is of {manifest.dialect}, and [database] url is of {url.get_backend_name()}. "
            "Nothing was changed."
        )
    require_known(manifest.revision, path.name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = folder / f".{path.name}.restoring"
    taken.unlink(missing_ok=True)
    try:
        await asyncio.to_thread(take_out, path, manifest, taken)
        safety = await _put_aside(url, folder, config, now, to_leave)
        await load(url, taken)
    finally:
        taken.unlink(missing_ok=True)
    return manifest, safety


async def _put_aside(url: URL, folder: Path, config: Path | None, now: datetime, to_leave: int) -> Path | None:
    is_file = url.get_backend_name() == "sqlite"
    if is_file and not Path(str(url.database)).exists():
        return None
    try:
        backup, _ = await create_backup(url, folder, config, now, to_leave, BEFORE_RESTORE)
    except BackupFailed:
        if not is_file:
            raise
        # a restore is most needed where the database cannot be read any more
        return await asyncio.to_thread(_copy_as_it_is, Path(str(url.database)), folder, now)
    return backup.path


def _copy_as_it_is(database: Path, folder: Path, now: datetime) -> Path:
    aside = folder / f"damaged-{now:%Y-%m-%dT%H-%M-%SZ}"
    try:
        aside.mkdir(mode=0o700)
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{database}{suffix}")
            if part.exists():
                shutil.copy2(part, aside / part.name)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise BackupFailed(
            f"{database} can neither be read nor be put aside in {folder}: {error.strerror}. Nothing was changed."
        ) from error
    return aside
