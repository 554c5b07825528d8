"""What a file says of itself, kept by its content: moved, renamed or sent again, it is not read another time."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import StageResult
from core.db.upsert import insert_on_conflict
from core.media.metadata import METADATA_VERSION, Metadata

STAGE = "metadata"


async def remember_metadata(connection: AsyncConnection, sha256: str, metadata: Metadata) -> None:
    """Keeps what the bytes with this hash say, without what a sidecar says of them."""
    await connection.execute(
        insert_on_conflict(connection.dialect.name, StageResult).on_conflict_do_nothing(),
        {"sha256": sha256, "stage": STAGE, "version": METADATA_VERSION, "payload": msgspec.msgpack.encode(metadata)},
    )


async def remembered_metadata(connection: AsyncConnection, sha256: str) -> Metadata | None:
    """What was kept; ``None`` where nothing was, or another version of the reader kept it."""
    statement = select(StageResult.payload).where(
        StageResult.sha256 == sha256, StageResult.stage == STAGE, StageResult.version == METADATA_VERSION
    )
    payload = (await connection.execute(statement)).scalar_one_or_none()
    return None if payload is None else msgspec.msgpack.decode(payload, type=Metadata)
