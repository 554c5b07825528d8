"""Readers never wait, writers take turns, and what was committed is there."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from core.db.collision import ChangedMeanwhile
from core.db.engine import Database
from core.db.tables import FileVersion, MediaAsset, Setting
from core.db.types import escape_path, unescape_path

#: What a test has written; a new database has settings of its own.
_WRITTEN = select(Setting.key).where(Setting.value == "x")


async def test_fifty_writers_at_once_all_get_their_turn(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as connection:
            await connection.execute(insert(Setting).values(key=str(number), value="x"))

    await asyncio.gather(*map(write, range(50)))
    async with database.read() as connection:
        assert len((await connection.execute(_WRITTEN)).all()) == 50


async def test_a_reader_does_not_wait_for_a_writer_and_sees_only_what_is_committed(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute(insert(Setting).values(key="a", value="x"))
        async with asyncio.timeout(5), database.read() as reader:
            assert (await reader.execute(_WRITTEN)).all() == []
    async with database.read() as reader:
        assert (await reader.execute(_WRITTEN)).scalars().all() == ["a"]


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(Setting).values(key="a", value="x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    async with database.read() as connection:
        assert (await connection.execute(_WRITTEN)).all() == []


async def test_a_version_without_its_asset_is_refused_as_who_comes_too_late(database: Database) -> None:
    """Its asset was removed by somebody else in the same moment, says the refusal."""
    version = {"media_asset_id": "nobody", "tier": "bronze", "file_path": "x", "file_hash": "x", "file_size": 1}
    with pytest.raises(ChangedMeanwhile):
        async with database.write() as connection:
            await connection.execute(insert(FileVersion).values(**version, mime_type="image/jpeg"))


async def test_the_same_content_cannot_be_stored_twice(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset).values(original_filename="a.jpg", sha256="ab"))
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(insert(MediaAsset).values(original_filename="b.jpg", sha256="ab"))


async def test_json_lists_and_times_come_back_as_they_were(database: Database) -> None:
    moment = datetime(2024, 7, 26, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    async with database.write() as connection:
        asset = (
            await connection.execute(
                insert(MediaAsset).values(original_filename="a.jpg", created_at=moment).returning(MediaAsset.id)
            )
        ).scalar_one()
        await connection.execute(
            insert(FileVersion).values(
                media_asset_id=asset,
                tier="silver",
                file_path="media/silver/a.jpg",
                file_hash="x",
                file_size=5_000_000_000,
                mime_type="image/jpeg",
                combined_metadata={"exif": {"camera": "Nikon ü"}},
                keywords=["sea", "a,b"],
            )
        )
    async with database.read() as connection:
        row = (await connection.execute(select(FileVersion.__table__))).mappings().one()
        assert row["metadata"] == {"exif": {"camera": "Nikon ü"}}
        assert row["keywords"] == ["sea", "a,b"]
        assert row["file_size"] == 5_000_000_000
        created = (await connection.execute(select(MediaAsset.created_at))).scalar_one()
        assert created == datetime(2024, 7, 26, 12, 30, tzinfo=UTC)


async def test_a_time_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="aware"):
        async with database.write() as connection:
            await connection.execute(
                insert(MediaAsset).values(original_filename="a.jpg", created_at=datetime(2024, 1, 1))
            )


async def test_sqlite_keeps_every_commit_through_a_power_cut_and_checks_references(database: Database) -> None:
    if database.dialect != "sqlite":
        return
    async with database.write() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


@given(st.binary(min_size=1).filter(lambda raw: b"\0" not in raw))
def test_any_file_name_survives_as_text(raw: bytes) -> None:
    path = os.fsdecode(raw)
    text_form = escape_path(path)
    text_form.encode("utf-8")
    assert unescape_path(text_form) == path


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\\")))
def test_an_ordinary_file_name_is_stored_as_it_reads(name: str) -> None:
    assert escape_path(name) == name
