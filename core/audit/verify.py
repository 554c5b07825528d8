"""Reads originals back and compares their SHA-256, as far as time allows, going on where the last time ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Row, select

from core.audit.read_back import Outcome, read_back
from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset
from core.library.layout import Layout
from core.library.placing import replace_bytes

#: Assets per page of the database.
PAGE = 200

#: How often the checkpoint is written while nothing else ends the reading. [s]
CHECKPOINT_SECONDS = 10.0

_CHECKPOINT = "audit.json"


async def verify(database: Database, layout: Layout, seconds: float | None) -> tuple[int, list[str], bool]:
    """Returns how many versions were read back, those whose bytes differ, and whether the end was reached.

    Files that are names of one inode are read once. ``seconds`` bounds the time: after it no further photo is begun
    (but one always is), and the next call goes on there. What differed is read again by every call until the end was
    reached once. A file that cannot be read counts as one that differs; one that is not there is for
    :mod:`core.audit.library` to say.
    """
    path = layout.cache / _CHECKPOINT
    found = await asyncio.to_thread(_read_checkpoint, path)
    began = time.monotonic()
    written = began
    async with database.read() as connection:
        again = list(await connection.execute(_VERSIONS.where(FileVersion.file_path.in_(found.mismatches))))
    verified, mismatches = await _read_back(layout, again)
    last = found.after
    while True:
        page = select(MediaAsset.id).where(MediaAsset.id > last).order_by(MediaAsset.id).limit(PAGE)
        async with database.read() as connection:
            assets = list((await connection.execute(page)).scalars())
            rows = list(await connection.execute(_VERSIONS.where(FileVersion.media_asset_id.in_(assets))))
        for asset in assets:
            now = time.monotonic()
            is_over = seconds is not None and now - began >= seconds and last != found.after
            if is_over or now - written >= CHECKPOINT_SECONDS:
                await asyncio.to_thread(_write_checkpoint, path, Checkpoint(last, mismatches))
                written = now
            if is_over:
                return verified, mismatches, False
            of_asset = [row for row in rows if row.media_asset_id == asset and row.file_path not in found.mismatches]
            count, different = await _read_back(layout, of_asset)
            verified += count
            mismatches += different
            last = asset
        if len(assets) < PAGE:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            return verified, mismatches, True


_VERSIONS = select(FileVersion.media_asset_id, FileVersion.file_path, FileVersion.sha256).where(
    FileVersion.sha256.is_not(None)
)


class Checkpoint(msgspec.Struct, frozen=True):
    """How far reading back has come: the asset read last, and the files that differed so far."""

    after: str = ""
    mismatches: list[str] = []


def _read_checkpoint(path: Path) -> Checkpoint:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Checkpoint)
    except (OSError, msgspec.MsgspecError):
        # never begun, or finished; one that cannot be read is as none
        return Checkpoint()


def _write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    replace_bytes(msgspec.json.encode(checkpoint), path)


async def _read_back(layout: Layout, rows: Sequence[Row[str, str, str | None]]) -> tuple[int, list[str]]:
    """How many of these versions were there to be read, and those whose bytes differ. Versions of one asset."""
    outcomes = await read_back(layout, rows)
    mismatches = [row.file_path for row, outcome in zip(rows, outcomes, strict=True) if outcome in _MISMATCHES]
    return sum(outcome is not Outcome.MISSING for outcome in outcomes), mismatches


_MISMATCHES = (Outcome.DIFFERS, Outcome.UNREADABLE)
