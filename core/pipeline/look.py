"""The stage that looks at the pixels, once per content."""

from __future__ import annotations

import asyncio

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.compute.tasks import look_at_file
from core.db.tables import StageResult
from core.db.upsert import insert_on_conflict
from core.library.layout import Layout
from core.library.placing import replace_bytes
from core.media.facts import LOOK_VERSION, Look
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Original
from core.pipeline.workbench import Item, Workbench

STAGE = "look"

#: The names of the rendered pictures, see :meth:`core.library.layout.Layout.rendered`.
THUMBNAIL, PREVIEW = "250", "preview"


async def look_at(bench: Workbench, item: Item, original: Original) -> Look:
    """What the pixels of the original tell; raises :class:`core.errors.Undecodable`.

    A result of the same content and version is used again. The rendered pictures are on disk when this returns, and
    not in the result that is kept.
    """
    with item.stages.measure("look"):
        remembered = await _remembered(bench, original.sha256)
        return remembered if remembered is not None else await _measured(bench, item, original)


async def look_again(bench: Workbench, item: Item, original: Original, *, is_afresh: bool) -> Look:
    """The same of a photo that is in the library: what is measured is kept at once, in the place of what an older
    version had measured. With ``is_afresh`` nothing that was kept is used.
    """
    with item.stages.measure("look"):
        remembered = None if is_afresh else await _remembered(bench, original.sha256)
        if remembered is not None:
            return remembered
        look = await _measured(bench, item, original)
        before = delete(StageResult).where(StageResult.sha256 == original.sha256, StageResult.stage == STAGE)
        async with bench.database.write() as connection:
            await connection.execute(before)
            await remember(connection, original.sha256, look)
        return look


async def _measured(bench: Workbench, item: Item, original: Original) -> Look:
    media_format = original.reading.identity.format
    assert media_format is not None
    path = str(bench.layout.absolute(original.file_path))
    look = await in_worker(bench, item, look_at_file, path, media_format, str(bench.layout.cache))
    await asyncio.to_thread(_store_rendered, bench.layout, original.sha256, look)
    return msgspec.structs.replace(look, thumbnail=b"", preview=b"")


async def _remembered(bench: Workbench, sha256: str) -> Look | None:
    if not bench.layout.rendered(sha256, PREVIEW).exists():
        return None
    statement = select(StageResult.payload).where(
        StageResult.sha256 == sha256, StageResult.stage == STAGE, StageResult.version == LOOK_VERSION
    )
    async with bench.database.read() as connection:
        payload = (await connection.execute(statement)).scalar_one_or_none()
    if payload is None:
        return None
    return msgspec.msgpack.decode(payload, type=Look)


async def remember(connection: AsyncConnection, sha256: str, look: Look) -> None:
    """Keeps a result, in the transaction that uses it."""
    await connection.execute(
        insert_on_conflict(connection.dialect.name, StageResult).on_conflict_do_nothing(),
        {"sha256": sha256, "stage": STAGE, "version": LOOK_VERSION, "payload": msgspec.msgpack.encode(look)},
    )


def _store_rendered(layout: Layout, sha256: str, look: Look) -> None:
    replace_bytes(look.thumbnail, layout.rendered(sha256, THUMBNAIL))
    replace_bytes(look.preview, layout.rendered(sha256, PREVIEW))
