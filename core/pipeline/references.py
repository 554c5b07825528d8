"""Mode ``reference``: the source is the library's file. Nothing is copied, so that paths have to follow the files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, FileVersion, LedgerEntry, MediaAsset
from core.library.layout import Layout, Tier, is_reference, library_sidecar, reference_path
from core.media.source_file import shown
from core.pipeline.roots import Root
from core.pipeline.states import State

_TIERS = (Tier.BRONZE, Tier.SILVER)


async def move_references(connection: AsyncConnection, root: str, moves: Sequence[tuple[str, str]]) -> None:
    """Lets the versions of files that were moved below ``root`` follow: pairs of old and new paths."""
    if not moves:
        return
    rows = [
        {"was": reference_path(tier, root, old), "now_at": reference_path(tier, root, new)}
        for tier in _TIERS
        for old, new in moves
    ]
    # through names that no file can have, so that files which change places never meet
    aside = update(FileVersion).where(FileVersion.file_path == bindparam("was")).values(file_path=bindparam("aside"))
    there = update(FileVersion).where(FileVersion.file_path == bindparam("aside")).values(file_path=bindparam("now_at"))
    await connection.execute(aside, [{"was": row["was"], "aside": f"moving:{row['was']}"} for row in rows])
    await connection.execute(there, [{"aside": f"moving:{row['was']}", "now_at": row["now_at"]} for row in rows])


async def relink(
    connection: AsyncConnection, root: Root, asset_id: str, entry_id: int, path: str, now: datetime
) -> None:
    """Gives an asset whose file is gone from its old path the file at ``path``, which has the same bytes."""
    old_entries = select(LedgerEntry.id, LedgerEntry.path).where(
        LedgerEntry.media_asset_id == asset_id, LedgerEntry.id != entry_id
    )
    was_at = ""
    for row in list(await connection.execute(old_entries)):
        was_at = shown(row.path)
        await connection.execute(
            update(LedgerEntry)
            .where(LedgerEntry.id == row.id)
            .values(state=State.MISSING, media_asset_id=None, reason=f"It lies at {shown(path)} now.", updated_at=now)
        )
    await clear_path(connection, root, path)
    for tier in _TIERS:
        await connection.execute(
            update(FileVersion)
            .where(FileVersion.media_asset_id == asset_id, FileVersion.tier == tier, FileVersion.archived_at.is_(None))
            .values(file_path=reference_path(tier, root.name, path))
        )
    await connection.execute(
        update(LedgerEntry).where(LedgerEntry.id == entry_id).values(media_asset_id=asset_id, updated_at=now)
    )
    details = f"{was_at or 'The file'} was moved to {shown(path)}."
    await connection.execute(
        insert(AssetHistory), {"media_asset_id": asset_id, "action": "MOVED", "details": details, "timestamp": now}
    )


async def clear_path(connection: AsyncConnection, root: Root, path: str) -> None:
    """Makes the versions at ``path`` give it up: somebody has put another file there."""
    targets = [reference_path(tier, root.name, path) for tier in _TIERS]
    await connection.execute(
        update(FileVersion)
        .where(FileVersion.file_path.in_(targets))
        .values(file_path=FileVersion.file_path + "~" + FileVersion.id)
    )


async def referenced(connection: AsyncConnection, sha256: str) -> tuple[str, str] | None:
    """The asset with these bytes and its file, where it is kept by reference."""
    statement = (
        select(MediaAsset.id, FileVersion.file_path)
        .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
        .where(MediaAsset.sha256 == sha256, FileVersion.tier == Tier.BRONZE, FileVersion.archived_at.is_(None))
    )
    row = (await connection.execute(statement)).first()
    return (row.id, row.file_path) if row is not None and is_reference(row.file_path) else None


def sidecar_place(layout: Layout, source: str, file_path: str) -> Path:
    """Where our sidecar of a referenced file goes: beside it, or into the library where that cannot be.

    Beside it means ``name.ext.xmp``, if the folder can be written to and no such file of somebody else is there.
    """
    # lxml is for who writes sidecars
    from core.media.xmp import NAMESPACES

    beside = Path(f"{source}.xmp")
    try:
        is_free = NAMESPACES["pictallion"].encode() in beside.read_bytes()
    except FileNotFoundError:
        is_free = True
    except OSError:
        is_free = False
    if is_free and os.access(beside.parent, os.W_OK):
        return beside
    return layout.absolute(library_sidecar(file_path))
