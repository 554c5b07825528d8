"""The library is read back: damage is told, a good copy is offered, and nothing is repaired by itself."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.audit.damage import Damage, damages
from core.audit.restore import restore
from core.db import integrity
from core.db.engine import Database, open_database
from core.db.integrity import check, survey
from core.db.tables import AssetHistory, Face, FileVersion, LedgerEntry, MediaAsset, Sidecar, new_id, utc_now
from core.digest.gather import gather
from core.errors import BadRequest, NotFound
from core.library.placing import place_copy, place_link
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.library.sidecar_look import signature_of
from core.passes import verify
from core.passes.runner import Runner, Wanted
from core.passes.runs import Run
from core.passes.shape import Tools
from core.passes.verify import VERIFY
from tests.conftest import migrated_database
from tests.passes.conftest import settings_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def watching(tools: Tools, inbox: Path, **night: Any) -> Tools:
    watch = ({"path": inbox, "name": "inbox"},)
    settings = settings_of(tools.bench.layout.data_dir, night=night).model_copy(update={"watch": watch})
    return replace(tools, settings=type(settings)(library=settings.library, watch=watch, night=night))  # type: ignore[arg-type]


async def add_photo(tools: Tools, inbox: Path, number: int, *, is_linked: bool = True) -> dict[str, str]:
    """A photo in the library as an import leaves it, its source still there; ids of its versions by tier."""
    data = f"photo {number}".encode() * 1000
    source = inbox / f"{number}.jpg"
    source.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    layout, asset, ids = tools.bench.layout, new_id(), {"asset": ""}
    paths = {tier: f"media/{tier}/2025/08/{number}.jpg" for tier in ("bronze", "silver")}
    place_copy(str(source), layout.absolute(paths["bronze"]), sha256, source.stat().st_mtime_ns)
    if is_linked:
        place_link(layout.absolute(paths["bronze"]), layout.absolute(paths["silver"]), sha256)
    else:
        place_copy(str(source), layout.absolute(paths["silver"]), sha256, source.stat().st_mtime_ns)
    status = source.stat()
    async with tools.bench.database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id=asset, original_filename=source.name, sha256=sha256))
        for tier, path in paths.items():
            ids[tier] = new_id()
            values = {"id": ids[tier], "media_asset_id": asset, "tier": tier, "file_path": path, "sha256": sha256}
            fixed = {"file_hash": "0" * 32, "file_size": len(data), "mime_type": "image/jpeg", "verified_at": LONG_AGO}
            await connection.execute(insert(FileVersion).values(**values, **fixed))
        entry = {"root": "inbox", "path": source.name, "state": "done", "size": len(data), "inode": str(status.st_ino)}
        times = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
        await connection.execute(insert(LedgerEntry).values(**entry, **times, sha256=sha256, media_asset_id=asset))
    return ids | {"asset": asset}


def damage_file(tools: Tools, file_path: str) -> None:
    """As a disk does it: other bytes, and nothing else changes."""
    path = tools.bench.layout.absolute(file_path)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\0")
    path.chmod(0o444)


def spoil(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * length)


async def verified(tools: Tools) -> Run:
    run = await Runner(tools, [VERIFY]).run(Wanted("verify"))
    assert run.reason is None
    return run


async def known(tools: Tools) -> list[Damage]:
    async with tools.bench.database.read() as connection:
        return await damages(connection)


async def test_a_whole_library_is_read_back_and_says_when(both_tools: Tools, inbox: Path) -> None:
    tools = watching(both_tools, inbox)
    for number in range(3):
        await add_photo(tools, inbox, number)
    began = utc_now()
    run = await verified(tools)
    assert run.progress.report["verified"] == 6
    assert (run.progress.report["damaged"], run.progress.report["database"]) == (0, [])
    assert run.progress.report["databaseChecked"]
    async with tools.bench.database.read() as connection:
        times = (await connection.execute(select(FileVersion.verified_at))).scalars().all()
    assert all(began <= when <= utc_now() for when in times)


async def test_damage_is_told_and_the_source_is_offered_and_taken_when_a_person_says_so(
    both_tools: Tools, inbox: Path
) -> None:
    tools = watching(both_tools, inbox)
    ids = await add_photo(tools, inbox, 1)
    whole = await add_photo(tools, inbox, 2)
    bronze, silver = (tools.bench.layout.absolute(f"media/{tier}/2025/08/1.jpg") for tier in ("bronze", "silver"))
    mtime_ns = bronze.stat().st_mtime_ns
    damage_file(tools, "media/bronze/2025/08/1.jpg")
    damaged = bronze.read_bytes()
    run = await verified(tools)
    assert run.progress.report["damaged"] == 2
    found = {damage.version_id: damage for damage in await known(tools)}
    assert set(found) == {ids["bronze"], ids["silver"]}
    assert {(damage.kind, damage.good_copy) for damage in found.values()} == {("differs", str(inbox / "1.jpg"))}
    assert bronze.read_bytes() == damaged
    await restore(tools.bench.database, tools.bench.layout, ids["silver"])
    assert bronze.read_bytes() == (inbox / "1.jpg").read_bytes()
    assert bronze.stat().st_ino == silver.stat().st_ino
    assert (bronze.stat().st_mtime_ns, bronze.stat().st_mode & 0o777) == (mtime_ns, 0o444)
    assert await known(tools) == []
    async with tools.bench.database.read() as connection:
        history = (await connection.execute(select(AssetHistory.media_asset_id, AssetHistory.action))).all()
    assert [tuple(row) for row in history] == [(ids["asset"], "RESTORED")]
    assert (await verified(tools)).progress.report["damaged"] == 0
    assert whole["asset"] != ids["asset"]


async def test_a_lost_file_is_offered_from_its_sister(tools: Tools, inbox: Path) -> None:
    ids = await add_photo(tools, inbox, 1, is_linked=False)
    (inbox / "1.jpg").unlink()
    tools.bench.layout.absolute("media/bronze/2025/08/1.jpg").unlink()
    await verified(tools)
    (damage,) = await known(tools)
    assert (damage.version_id, damage.kind) == (ids["bronze"], "missing")
    assert damage.good_copy == str(tools.bench.layout.absolute("media/silver/2025/08/1.jpg"))
    await restore(tools.bench.database, tools.bench.layout, ids["bronze"])
    assert tools.bench.layout.absolute("media/bronze/2025/08/1.jpg").read_bytes() == b"photo 1" * 1000


async def test_without_a_good_copy_nothing_is_done_and_it_is_looked_for_every_night(tools: Tools, inbox: Path) -> None:
    watched = watching(tools, inbox)
    ids = await add_photo(watched, inbox, 1)
    source = (inbox / "1.jpg").read_bytes()
    (inbox / "1.jpg").write_bytes(b"edited")
    damage_file(watched, "media/bronze/2025/08/1.jpg")
    await verified(watched)
    with pytest.raises(BadRequest, match="No good copy"):
        await restore(tools.bench.database, tools.bench.layout, ids["bronze"])
    with pytest.raises(NotFound):
        await restore(tools.bench.database, tools.bench.layout, new_id())
    (inbox / "1.jpg").write_bytes(source)
    assert (await verified(watched)).progress.report["damaged"] == 2
    assert {damage.good_copy for damage in await known(watched)} == {str(inbox / "1.jpg")}


async def test_an_offer_that_went_bad_replaces_nothing(tools: Tools, inbox: Path) -> None:
    watched = watching(tools, inbox)
    ids = await add_photo(watched, inbox, 1)
    damage_file(watched, "media/bronze/2025/08/1.jpg")
    await verified(watched)
    damaged = tools.bench.layout.absolute("media/bronze/2025/08/1.jpg").read_bytes()
    (inbox / "1.jpg").write_bytes(b"edited since")
    with pytest.raises(Exception, match="SHA-256"):
        await restore(tools.bench.database, tools.bench.layout, ids["bronze"])
    assert tools.bench.layout.absolute("media/bronze/2025/08/1.jpg").read_bytes() == damaged
    assert len(await known(watched)) == 2


async def test_another_photo_under_the_name_is_no_damage_to_be_mended(tools: Tools, inbox: Path) -> None:
    watched = watching(tools, inbox)
    ids = await add_photo(watched, inbox, 1, is_linked=False)
    await add_photo(watched, inbox, 2)
    silver = tools.bench.layout.absolute("media/silver/2025/08/1.jpg")
    other = tools.bench.layout.absolute("media/bronze/2025/08/2.jpg").read_bytes()
    silver.unlink()
    silver.write_bytes(other)
    await verified(watched)
    with pytest.raises(BadRequest, match="another photo"):
        await restore(tools.bench.database, tools.bench.layout, ids["silver"])
    assert silver.read_bytes() == other


async def test_each_night_has_its_share_and_all_have_their_turn(
    both_tools: Tools, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PAGE", 4)
    tools = watching(both_tools, inbox, verify_within=86400 * 3)
    for number in range(6):
        await add_photo(tools, inbox, number)
    recently = utc_now() - timedelta(hours=1)
    async with tools.bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(verified_at=recently))
    for night in range(1, 4):
        began = utc_now()
        assert (await verified(tools)).progress.report["verified"] == 4
        async with tools.bench.database.read() as connection:
            times = (await connection.execute(select(FileVersion.verified_at))).scalars().all()
        assert sum(when >= began for when in times) == 4
        assert sum(when == recently for when in times) == 12 - 4 * night
    async with tools.bench.database.write() as connection:
        await connection.execute(update(FileVersion).values(verified_at=LONG_AGO))
    assert (await verified(tools)).progress.report["verified"] == 12


async def test_its_limit_is_for_all_of_it_and_what_it_did_not_come_to_is_first_the_next_time(
    both_tools: Tools, inbox: Path
) -> None:
    tools = watching(both_tools, inbox)
    for number in range(2):
        await add_photo(tools, inbox, number)
    runner = Runner(tools, [VERIFY])
    run = await runner.run(Wanted("verify", is_asked=True, time_limit=0.0))
    assert (run.state, run.progress.report["verified"]) == ("done", 0)
    assert (run.progress.report["databaseChecked"] != [], run.time_limit) == (True, 0.0)
    run = await runner.run(Wanted("verify"))
    assert (run.progress.report["verified"], run.time_limit) == (4, tools.settings.night.verify_limit)


async def test_a_dry_run_reads_and_remembers_nothing(tools: Tools, inbox: Path) -> None:
    await add_photo(tools, inbox, 1)
    damage_file(tools, "media/bronze/2025/08/1.jpg")
    run = await Runner(tools, [VERIFY]).run(Wanted("verify", is_dry=True))
    assert run.progress.report["damaged"] == 2
    assert await known(tools) == []


async def test_sidecars_that_cannot_be_read_are_told(tools: Tools, inbox: Path) -> None:
    for number, content in enumerate((build_sidecar(SidecarFacts(title="Good")), b"<x:xmpmeta", None)):
        ids = await add_photo(tools, inbox, number)
        path = tools.bench.layout.absolute(f"media/silver/2025/08/{number}.jpg.xmp")
        if content is not None:
            path.write_bytes(content)
        values = {
            "version_id": ids["silver"],
            "state": "written",
            "path": str(path),
            "signature": signature_of(str(path)),
        }
        async with tools.bench.database.write() as connection:
            await connection.execute(insert(Sidecar).values(**values))
    report = (await verified(tools)).progress.report
    assert report["sidecars"] == 3
    assert sorted(trouble.partition(":")[0][-9:] for trouble in report["sidecarTroubles"]) == ["1.jpg.xmp", "2.jpg.xmp"]
    async with tools.bench.database.read() as connection:
        told = (await gather(connection, tools.bench.layout.locks, LONG_AGO, utc_now())).troubles
    assert [(trouble.kind, trouble.sentence) for trouble in told] == [
        ("sidecar", sentence) for sentence in report["sidecarTroubles"]
    ]


async def test_what_stays_in_its_folder_is_damaged_only_if_nothing_else_has_changed(tools: Tools, inbox: Path) -> None:
    """Who edits a picture in place is no disk that rots; a scan takes it as a new version."""
    ids = await add_photo(tools, inbox, 1)
    tools.bench.layout.link_references({"inbox": str(inbox)})
    async with tools.bench.database.write() as connection:
        for tier in ("bronze", "silver"):
            place = f"media/{tier}/reference/inbox/1.jpg"
            await connection.execute(update(FileVersion).where(FileVersion.id == ids[tier]).values(file_path=place))
    status = (inbox / "1.jpg").stat()
    (inbox / "1.jpg").write_bytes(b"edited")
    await verified(tools)
    assert await known(tools) == []
    (inbox / "1.jpg").write_bytes(b"X" * status.st_size)
    rotten = (inbox / "1.jpg").stat()
    async with tools.bench.database.write() as connection:
        same = {"size": rotten.st_size, "mtime_ns": rotten.st_mtime_ns, "ctime_ns": rotten.st_ctime_ns}
        await connection.execute(update(LedgerEntry).values(**same))
    await verified(tools)
    assert {damage.kind for damage in await known(tools)} == {"differs"}
    with pytest.raises(BadRequest, match="stays in its folder"):
        await restore(tools.bench.database, tools.bench.layout, ids["bronze"])


async def looked_through(database: Database) -> list[str]:
    """Every fault of a database."""
    found = []
    for part in (await survey(database)).parts:
        following: int | None = 0
        while following is not None:
            faults, following = await check(database, part, following)
            found += faults
    return found


async def test_a_database_file_with_a_bad_page_is_told(tools: Tools, inbox: Path) -> None:
    for number in range(20):
        await add_photo(tools, inbox, number)
    assert await looked_through(tools.bench.database) == []
    await tools.bench.database.close()
    path = Path(str(tools.bench.database.url.database))
    async with tools.bench.database.read() as connection:
        page = (
            await connection.exec_driver_sql(
                "select rootpage from sqlite_master where name = 'ix_ledger_media_asset_id'"
            )
        ).scalar_one()
        size = (await connection.exec_driver_sql("pragma page_size")).scalar_one()
    await tools.bench.database.close()
    spoil(path, (page - 1) * size + size // 2, size // 2)
    assert await looked_through(tools.bench.database)


async def test_a_row_whose_parent_is_gone_is_told_in_the_morning_too(both_tools: Tools, inbox: Path) -> None:
    ids = await add_photo(both_tools, inbox, 1)
    async with both_tools.bench.database.write() as connection:
        await connection.execute(insert(Face).values(photo_id=ids["silver"], bounding_box=[0, 0, 1, 1], confidence=1))
    tools = watching(both_tools, inbox)
    is_sqlite = tools.bench.database.dialect == "sqlite"
    unguarded = "pragma foreign_keys = off" if is_sqlite else "set session_replication_role = replica"
    if is_sqlite:
        with closing(sqlite3.connect(str(tools.bench.database.url.database))) as connection_:
            connection_.execute(unguarded)
            connection_.execute("delete from file_versions")
            connection_.commit()
    else:
        async with tools.bench.database.write() as connection:
            await connection.exec_driver_sql(unguarded)
            await connection.exec_driver_sql("delete from file_versions")
            await connection.exec_driver_sql("set session_replication_role = origin")
    run = await verified(tools)
    fault = "faces: the photo_id of 1 rows name no row of file_versions."
    assert run.progress.report["database"] == [fault]
    async with tools.bench.database.read() as connection:
        digest = await gather(connection, both_tools.bench.layout.locks, LONG_AGO, utc_now())
    (trouble,) = [trouble for trouble in digest.troubles if trouble.kind == "database"]
    assert fault in trouble.sentence


@pytest.fixture
async def on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with migrated_database("postgresql", request, tmp_path) as url:
        opened = open_database(url)
        async with opened.write() as connection:
            names = [{"id": str(number), "original_filename": f"{number:0100d}.jpg"} for number in range(500)]
            await connection.execute(insert(MediaAsset), names)
        yield opened
        await opened.close()


async def test_a_page_of_postgresql_that_the_disk_has_spoilt_is_told(
    on_postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await looked_through(on_postgresql) == []
    assert any("checksum" in sentence for sentence in (await survey(on_postgresql)).checked)
    async with on_postgresql.write() as connection:
        await connection.exec_driver_sql("create extension pg_buffercache")
    async with on_postgresql.write() as connection:
        await connection.exec_driver_sql("checkpoint")
        await connection.exec_driver_sql("select pg_buffercache_evict_relation('media_assets')")
        where = "select current_setting('data_directory') || '/' || pg_relation_filepath('media_assets')"
        path = Path((await connection.exec_driver_sql(where)).scalar_one())
    spoil(path, 3 * 8192 + 5000, 10)
    # page by page, so that the others are read as well
    monkeypatch.setattr(integrity, "BLOCKS", 1)
    (fault,) = await looked_through(on_postgresql)
    assert fault.startswith("media_assets: invalid page in block 3 of relation")


async def test_an_index_of_postgresql_that_lacks_a_row_is_told_where_the_owner_lets_us(on_postgresql: Database) -> None:
    unchecked = (await survey(on_postgresql)).unchecked
    assert any("CREATE EXTENSION amcheck" in sentence for sentence in unchecked)
    async with on_postgresql.write() as connection:
        await connection.exec_driver_sql("create extension amcheck")
        ready = "update pg_index set indisready = {} where indexrelid = 'ix_media_assets_created_at'::regclass"
        await connection.exec_driver_sql(ready.format("false"))
    async with on_postgresql.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="new", original_filename="new.jpg"))
    async with on_postgresql.write() as connection:
        await connection.exec_driver_sql(ready.format("true"))
    (fault,) = await looked_through(on_postgresql)
    assert fault.startswith("ix_media_assets_created_at: heap tuple")
    assert "lacks matching index tuple" in fault


async def test_a_role_of_postgresql_that_may_not_look_at_indexes_looks_at_the_rest(on_postgresql: Database) -> None:
    async with on_postgresql.write() as connection:
        await connection.exec_driver_sql("create extension amcheck")
        await connection.exec_driver_sql("create role plain login")
        await connection.exec_driver_sql("grant select on all tables in schema public to plain")
    plain = open_database(on_postgresql.url.set(username="plain").render_as_string(hide_password=False))
    try:
        assert await looked_through(plain) == []
        unchecked = (await survey(plain)).unchecked
    finally:
        await plain.close()
        async with on_postgresql.write() as connection:
            await connection.exec_driver_sql("drop owned by plain")
            await connection.exec_driver_sql("drop role plain")
    assert any("GRANT EXECUTE ON FUNCTION bt_index_check(regclass,boolean) TO plain" in each for each in unchecked)
