"""Reads originals back and compares their SHA-256, as far as time allows, going on where the last time ended."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from sqlalchemy import select

from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset
from core.library.layout import Layout
from core.library.placing import hash_file, replace_bytes

#: Assets per page; after each the checkpoint is written.
PAGE = 200

_CHECKPOINT = "audit.json"


async def verify(database: Database, layout: Layout, seconds: float | None) -> tuple[int, list[str], bool]:
    """Returns how many versions were read back, those whose bytes differ, and whether the end was reached.

    Files that are names of one inode are read once. ``seconds`` bounds the time; the next call begins after the last
    version that was read. A file that is not there is for :mod:`core.audit.library` to say.
    """
    checkpoint = layout.cache / _CHECKPOINT
    last = await asyncio.to_thread(_read_checkpoint, checkpoint)
    deadline = None if seconds is None else time.monotonic() + seconds
    verified, mismatches = 0, []
    seen: dict[tuple[int, int], str] = {}
    while True:
        page = select(MediaAsset.id).where(MediaAsset.id > last).order_by(MediaAsset.id).limit(PAGE)
        async with database.read() as connection:
            assets = list((await connection.execute(page)).scalars())
            versions = select(FileVersion.file_path, FileVersion.sha256).where(FileVersion.media_asset_id.in_(assets))
            rows = list(await connection.execute(versions))
        for row in rows:
            if row.sha256 is None:
                continue
            found = await asyncio.to_thread(_hash_of, layout.absolute(row.file_path), seen)
            verified += 1
            if found is not None and found != row.sha256:
                mismatches.append(row.file_path)
        if len(assets) < PAGE:
            await asyncio.to_thread(checkpoint.unlink, missing_ok=True)
            return verified, mismatches, True
        last = assets[-1]
        seen.clear()
        await asyncio.to_thread(replace_bytes, json.dumps({"after": last}).encode(), checkpoint)
        if deadline is not None and time.monotonic() > deadline:
            return verified, mismatches, False


def _read_checkpoint(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["after"])
    except (OSError, ValueError, KeyError):
        # never begun, or finished; one that cannot be read is as none
        return ""


def _hash_of(path: Path, seen: dict[tuple[int, int], str]) -> str | None:
    try:
        found = path.stat()
        key = (found.st_dev, found.st_ino)
        if key not in seen:
            seen[key] = hash_file(path)
    except OSError:
        return None
    return seen[key]
