"""Exact duplicates: the same bytes are kept once."""

from __future__ import annotations

from sqlalchemy import select

from core.compute.tasks import Reading
from core.db.tables import FileVersion, MediaAsset
from core.errors import DuplicateContent
from core.library.layout import Tier
from core.pipeline.keep_original import prove_stored, remove_source
from core.pipeline.roots import Mode
from core.pipeline.workbench import Item, Workbench


async def refuse_stored_content(bench: Workbench, item: Item, reading: Reading) -> None:
    """Raises :class:`DuplicateContent` when another entry's asset has these bytes.

    In a drop zone (mode ``move``) the source is removed then, but only after the stored original was read back and is
    whole.
    """
    statement = (
        select(MediaAsset.id, MediaAsset.original_filename, FileVersion.file_path)
        .join(FileVersion, FileVersion.media_asset_id == MediaAsset.id)
        .where(MediaAsset.sha256 == reading.identity.sha256, FileVersion.tier == Tier.BRONZE)
    )
    async with bench.database.read() as connection:
        stored = (await connection.execute(statement)).first()
    if stored is None or stored.id == item.entry.media_asset_id:
        return
    if item.root.mode is Mode.MOVE:
        await prove_stored(bench, item, stored.file_path, reading.identity.sha256)
        await remove_source(item)
    raise DuplicateContent(
        f"{item.label} has the same bytes as {stored.original_filename}, which is in the library as "
        f"{stored.file_path}.",
        reading.identity.sha256,
    )
