"""Takes up the offer of a good copy: the damaged file gives way to one with the bytes that were stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from core.audit.damage import Damage, clear, damages
from core.db.engine import Database
from core.db.tables import AssetHistory, DamagedFile, FileVersion, MediaAsset
from core.errors import BadRequest, NotFound
from core.library.layout import Layout, Tier, is_reference
from core.library.placing import Span, discard, hash_file, place_link, place_pieces
from core.media.source_file import shown


async def restore(database: Database, layout: Layout, version_id: str) -> Damage:
    """Puts the good copy in the place of a damaged file, and of others with its bytes; returns what was damaged.

    What is written is proved by the hash before the damaged file gives way. Raises :class:`NotFound` where the version
    is not damaged, :class:`BadRequest` where there is no good copy or the file is not ours, and what
    :func:`core.library.placing.place_pieces` raises: nothing has changed then.
    """
    async with database.read() as connection:
        found = await damages(connection, version_id)
        if not found:
            raise NotFound("No damage of this file is known.")
        damage = found[0]
        statement = select(FileVersion.media_asset_id, FileVersion.sha256).where(FileVersion.id == version_id)
        asset_id, sha256 = (await connection.execute(statement)).one()
        together = (
            select(FileVersion.id, FileVersion.file_path)
            .join(DamagedFile, DamagedFile.version_id == FileVersion.id)
            .where(FileVersion.media_asset_id == asset_id, FileVersion.sha256 == sha256)
            .order_by(FileVersion.tier != Tier.BRONZE, FileVersion.id)
        )
        rows = (await connection.execute(together)).all()
    if is_reference(damage.file_path):
        raise BadRequest(
            f"{shown(damage.file_path)} stays in its folder, where Pictallion writes nothing. Put a good copy there "
            "yourself; the next scan sees it."
        )
    if damage.good_copy is None:
        raise BadRequest(
            f"No good copy of {damage.file_path} is known. If you have one, put it into a watched folder and run "
            "`pictallion pass run verify`: it is found there."
        )
    paths = [row.file_path for row in rows]
    await _refuse_other_photos(database, layout, paths, asset_id)
    await asyncio.to_thread(_replace, layout, damage.good_copy, paths, str(sha256))
    async with database.write() as connection:
        await clear(connection, [row.id for row in rows])
        details = f"{', '.join(paths)} was damaged and is restored from {shown(damage.good_copy)}."
        row: dict[str, Any] = {"media_asset_id": asset_id, "action": "RESTORED", "details": details}
        await connection.execute(insert(AssetHistory), row)
    return damage


async def _refuse_other_photos(database: Database, layout: Layout, file_paths: Sequence[str], asset_id: str) -> None:
    """Raises :class:`BadRequest` where what lies under a name is no damage but another photo's file."""
    for file_path in file_paths:
        path = layout.absolute(file_path)
        if not await asyncio.to_thread(path.is_file):
            continue
        sha256 = await asyncio.to_thread(hash_file, path)
        other = (
            select(MediaAsset.original_filename)
            .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
            .where(FileVersion.sha256 == sha256, MediaAsset.id != asset_id)
        )
        async with database.read() as connection:
            name = (await connection.execute(other.limit(1))).scalar()
        if name is not None:
            raise BadRequest(f"{file_path} is the file of another photo, {shown(name)}; nothing was changed.")


def _replace(layout: Layout, source: str, file_paths: Sequence[str], sha256: str) -> None:
    """The first is a copy, the others names of it, as they were when the library made them."""
    first, *others = (layout.absolute(path) for path in file_paths)
    status = Path(source).stat()
    place_pieces(source, [Span(0, status.st_size)], first, sha256, status.st_mtime_ns, replace=True)
    for path in others:
        discard(path)
        place_link(first, path, sha256)
