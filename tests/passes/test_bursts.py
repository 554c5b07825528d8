"""The pass that looks for bursts."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from core.bursts.deciding import Selection, process_bursts, undo_decision
from core.bursts.reading import analyze
from core.db.tables import FileVersion, MediaAsset, utc_now
from core.digest.gather import gather
from core.passes.bursts import BURSTS
from core.passes.runner import Runner, Wanted
from core.passes.shape import Tools


async def test_bursts_are_counted_and_those_that_nobody_has_chosen_from(both_tools: Tools) -> None:
    bench = both_tools.bench
    async with bench.database.write() as connection:
        for number, second in enumerate((0, 1, 2, 30, 31, 59)):
            asset = {"id": f"a{number}", "original_filename": f"IMG_{number:04d}.jpg"}
            await connection.execute(insert(MediaAsset).values(**asset))
            version = {"id": f"v{number}", "media_asset_id": f"a{number}", "tier": "silver", "file_path": f"{number}"}
            taken = {"captured_at": f"2025-06-01T12:00:{second:02d}", "file_hash": f"{number}", "file_size": 1000}
            known = {"combined_metadata": {"ai": {"shortDescription": "A garden."}}, "mime_type": "image/jpeg"}
            await connection.execute(insert(FileVersion).values(**version, **taken, **known))
    runner = Runner(both_tools, (BURSTS,))
    run = await runner.run(Wanted("bursts", is_asked=True))
    assert run.progress.report == {"bursts": 2, "pictures": 5, "waiting": 2}
    async with bench.database.read() as connection:
        told = await gather(connection, bench.layout.locks, utc_now() - timedelta(hours=1), utc_now())
    assert told.waiting["bursts"] == 2
    latest = (await analyze(bench.database)).bursts[0]
    done = await process_bursts(bench, [Selection(latest.id, [latest.frames[0].id])], [])
    assert done.errors == []
    run = await runner.run(Wanted("bursts", is_asked=True))
    assert run.progress.report == {"bursts": 2, "pictures": 5, "waiting": 1}
    async with bench.database.write() as connection:
        assert await undo_decision(connection, latest.id)
    run = await runner.run(Wanted("bursts", is_asked=True))
    assert run.progress.report == {"bursts": 2, "pictures": 5, "waiting": 2}
