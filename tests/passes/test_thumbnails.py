"""Rendered pictures: those that are missing are made, and of too many those go that nobody has looked at."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import insert, select, update

from core.db.tables import FileVersion, MediaAsset, new_id, utc_now
from core.library.layout import Layout
from core.passes.runner import Runner, Wanted
from core.passes.runs import Run
from core.passes.shape import Tools
from core.passes.thumbnails import THUMBNAILS
from tests.passes.conftest import settings_of

PICTURE = Path(__file__).parent.parent / "fixtures" / "astronaut.jpg"
DAY = 86400


async def ran(tools: Tools, limit: int = 0, *, is_dry: bool = False) -> Run:
    settings = settings_of(tools.bench.layout.data_dir, night={"thumbnail_cache": limit})
    run = await Runner(replace(tools, settings=settings), [THUMBNAILS]).run(Wanted("thumbnails", is_dry=is_dry))
    assert run.reason is None
    return run


async def add(tools: Tools, name: str, content: bytes) -> str:
    """A photo of the library without pictures; its hash."""
    sha256, asset = hashlib.sha256(content).hexdigest(), new_id()
    path = f"media/silver/2025/08/{name}"
    target = tools.bench.layout.absolute(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    async with tools.bench.database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id=asset, original_filename=name))
        values = {"tier": "silver", "file_hash": "0" * 32, "file_size": len(content), "mime_type": "image/jpeg"}
        await connection.execute(
            insert(FileVersion).values(media_asset_id=asset, file_path=path, sha256=sha256, **values)
        )
    return sha256


async def test_missing_pictures_are_made_and_what_cannot_be_is_told(both_tools: Tools) -> None:
    sha256 = await add(both_tools, "a.jpg", PICTURE.read_bytes())
    await add(both_tools, "b.jpg", b"no picture")
    rendered = both_tools.bench.layout.rendered
    assert (await ran(both_tools, is_dry=True)).progress.report["made"] == 4
    assert not rendered(sha256, "250").exists()
    report = (await ran(both_tools)).progress.report
    assert (report["made"], report["impossible"]) == (2, 2)
    assert rendered(sha256, "250").read_bytes()[:3] == rendered(sha256, "preview").read_bytes()[:3] == b"\xff\xd8\xff"
    assert (await ran(both_tools)).progress.report["made"] == 0


async def test_a_slice_looks_at_many_pages_where_nothing_is_missing(tools: Tools) -> None:
    """After each slice others have their turn, for up to a minute: a page takes less than a tenth of a second."""
    await add(tools, "a.jpg", PICTURE.read_bytes())
    await ran(tools)
    async with tools.bench.database.write() as connection:
        (known,) = (await connection.execute(select(FileVersion))).mappings().all()
        assets = [{"id": new_id(), "original_filename": "a.jpg"} for _ in range(1200)]
        await connection.execute(insert(MediaAsset), assets)
        own = [{"id": new_id(), "media_asset_id": asset["id"], "file_path": asset["id"]} for asset in assets]
        await connection.execute(insert(FileVersion.__table__), [dict(known) | each for each in own])
    progress = await THUMBNAILS.step(tools, await THUMBNAILS.begin(tools))
    assert (progress.done, progress.checkpoint["phase"]) == (1201, "measure")


def render(layout: Layout, sha256: str, used: float) -> None:
    """The pictures of a content, a thousand bytes each, and last used then."""
    for name in ("250", "preview", "600-80"):
        path = layout.rendered(sha256, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
        os.utime(path, (used, used))


async def test_beyond_the_limit_pictures_of_no_photo_go_first_and_what_is_left_too_much_is_told(
    both_tools: Tools,
) -> None:
    layout, now = both_tools.bench.layout, time.time()
    shown, archived = [await add(both_tools, f"{name}.jpg", name.encode()) for name in ("shown", "archived")]
    async with both_tools.bench.database.write() as connection:
        await connection.execute(
            update(FileVersion).where(FileVersion.sha256 == archived).values(archived_at=utc_now())
        )
    coming, gone = (hashlib.sha256(name).hexdigest() for name in (b"coming", b"gone"))
    for sha256, used in ((shown, now - 9 * DAY), (archived, now - 3 * DAY), (gone, now - 3 * DAY), (coming, now)):
        render(layout, sha256, used)
    report = (await ran(both_tools, 6000)).progress.report
    assert (report["trimmed"], report["trimmedBytes"], report["overBy"]) == (6, 6000, 0)
    assert {path.name.partition("-")[0] for path in layout.thumbnails.rglob("*.jpeg")} == {shown, coming}
    dry = (await ran(both_tools, 1500, is_dry=True)).progress.report
    report = (await ran(both_tools, 1500)).progress.report
    assert dry == report
    assert (report["trimmed"], report["overBy"]) == (4, 500)
    assert {path.name for path in layout.thumbnails.rglob("*.jpeg")} == {f"{shown}-250.jpeg", f"{coming}-250.jpeg"}


async def test_without_a_limit_nothing_goes(tools: Tools) -> None:
    render(tools.bench.layout, hashlib.sha256(b"gone").hexdigest(), time.time() - 30 * DAY)
    assert (await ran(tools)).progress.report["trimmed"] == 0
    assert len(list(tools.bench.layout.thumbnails.rglob("*.jpeg"))) == 3


async def test_beyond_the_limit_those_go_that_were_not_used_for_longest_and_the_grid_stays(tools: Tools) -> None:
    layout = tools.bench.layout
    now = time.time()
    for age in range(20):
        render(layout, await add(tools, f"{age}.jpg", bytes([age])), now - age * DAY)
    limit = 20 * 1000 + 10 * 2000
    dry = await ran(tools, limit, is_dry=True)
    assert len(list(layout.thumbnails.rglob("*.jpeg"))) == 60
    report = (await ran(tools, limit)).progress.report
    assert report == dry.progress.report
    assert (report["bytes"], report["trimmed"], report["trimmedBytes"]) == (60_000, 20, 20_000)
    left = {path.name for path in layout.thumbnails.rglob("*.jpeg")}
    for age in range(20):
        sha256 = hashlib.sha256(bytes([age])).hexdigest()
        assert f"{sha256}-250.jpeg" in left
        assert (f"{sha256}-preview.jpeg" in left) == (f"{sha256}-600-80.jpeg" in left) == (age < 10)
    assert (await ran(tools, limit)).progress.report["trimmed"] == 0
    shutil.rmtree(layout.thumbnails)
    assert (await ran(tools, limit)).progress.report["bytes"] == 0
