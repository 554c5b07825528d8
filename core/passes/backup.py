"""Backs the database up every night, and thins out the backups of nights before."""

from __future__ import annotations

import asyncio
from typing import Final

from core.backup.create import create_backup
from core.backup.kept import backups, superfluous
from core.db.tables import utc_now
from core.library.free_space import bytes_to_leave
from core.passes.shape import Pass, Progress, Tools


async def begin(tools: Tools) -> Progress:
    """There are two slices: a database is copied as it is at one moment, or not at all."""
    return Progress({"is_made": False}, 0, 2)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Makes the backup; then removes those that are not needed any more."""
    settings = tools.settings
    folder = settings.backup_folder
    if not progress.checkpoint["is_made"]:
        if tools.is_dry:
            return Progress({"is_made": True}, 1, 2, report=progress.report)
        to_leave = bytes_to_leave(tools.bench.layout.data_dir, settings.intake.min_free)
        url = tools.bench.database.url
        backup, manifest = await create_backup(url, folder, tools.config_file, utc_now(), to_leave)
        report = {"file": str(backup.path), "bytes": backup.size, "rows": sum(manifest.rows.values())}
        return Progress({"is_made": True}, 1, 2, report=report)
    found = await asyncio.to_thread(backups, folder)
    going = superfluous(found, settings.backup.daily, settings.backup.monthly)
    if not tools.is_dry:
        for backup in going:
            await asyncio.to_thread(backup.path.unlink, missing_ok=True)
    report = progress.report | {"removed": [backup.path.name for backup in going], "kept": len(found) - len(going)}
    return Progress(progress.checkpoint, 2, 2, True, report)


BACKUP: Final = Pass("backup", "Backs the database up", begin, step)
