"""Which sidecars are to be written is asked in the transaction that changes what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset, Sidecar, utc_now
from core.library.sidecars import SidecarState, due, failures, mark_changed_on_disk, mark_stale


@pytest.fixture
async def versions(database: Database) -> list[str]:
    """A Bronze, a Silver and a Gold version of one asset."""
    tiers = ["bronze", "silver", "gold"]
    common = {"media_asset_id": "asset", "file_hash": "0", "file_size": 1, "mime_type": "image/jpeg"}
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset), {"id": "asset", "original_filename": "a.jpg"})
        rows = [{"id": tier, "tier": tier, "file_path": f"media/{tier}/a.jpg", **common} for tier in tiers]
        await connection.execute(insert(FileVersion), rows)
    return tiers


async def test_what_was_changed_is_due_once_and_an_original_never(database: Database, versions: list[str]) -> None:
    async with database.write() as connection:
        await mark_stale(connection, [*versions, "silver", "unknown"])
        assert sorted(await due(connection, utc_now(), 10)) == ["gold", "silver"]
        await connection.execute(update(Sidecar).values(state=SidecarState.WRITTEN))
        assert await due(connection, utc_now(), 10) == []
        await mark_stale(connection, ["gold"])
        await mark_changed_on_disk(connection, ["silver"])
        assert sorted(await due(connection, utc_now(), 10)) == ["gold", "silver"]
        assert len(await due(connection, utc_now(), 1)) == 1


async def test_a_failure_is_told_with_its_reason_and_due_again_when_its_pause_is_over(
    database: Database, versions: list[str]
) -> None:
    now = utc_now()
    async with database.write() as connection:
        await mark_stale(connection, ["silver"], now)
        pause = {"reason": "It is read-only.", "next_attempt_at": now + timedelta(hours=1)}
        await connection.execute(update(Sidecar).values(state=SidecarState.FAILED, **pause))
        assert await due(connection, now, 10) == []
        assert await due(connection, now + timedelta(hours=2), 10) == ["silver"]
        count, (row,) = await failures(connection, 10)
        assert (count, row.reason) == (1, "It is read-only.")
        await mark_stale(connection, ["silver"], now)
        assert await due(connection, now, 10) == ["silver"], "a change does not wait for the pause"


async def test_a_version_that_is_deleted_takes_its_row_with_it(database: Database, versions: list[str]) -> None:
    async with database.write() as connection:
        await mark_stale(connection, versions)
        await connection.execute(delete(FileVersion).where(FileVersion.id == "gold"))
        assert await due(connection, utc_now(), 10) == ["silver"]
