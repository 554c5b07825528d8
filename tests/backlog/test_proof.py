"""Hundreds of photos, a model that fails as it likes, and a daemon that is killed: each photo is described, and once.

``pytest -q -rP tests/backlog/test_proof.py`` prints the numbers.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select, update

from api.context import ApiContext, Describing
from core.backlog.states import BacklogState
from core.db.engine import open_database
from core.db.tables import AiAnswer, AiBacklogEntry, AssetHistory, utc_now
from core.feed import Feed
from daemon.describing import Describer
from tests.ai.model_server import SAID, Asked, Fault, ModelServer, model_server
from tests.api.conftest import runner_of, serve
from tests.backlog.conftest import Shelf, open_shelf, until
from tests.backlog.http_model import HttpModel

FAULTS = (Fault.BROKEN, Fault.DROPPED, Fault.WEB_PAGE, Fault.GARBAGE, Fault.EMPTY)
SHARE = 0.3
"""Of the requests go wrong, each in its own way."""

HANDS = 8

PATIENCE = 600.0
"""How long all of it may take on a machine that has other things to do. [s]"""


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """The longest time for which the event loop was held, in seconds that its thread had a processor for: what other
    programs, and other threads of this one, take meanwhile is not its own.
    """
    worst = [0.0]

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            worst[0] = max(worst[0], time.thread_time() - began)
            await asyncio.sleep(0.002)

    task = asyncio.create_task(watch())
    yield worst
    task.cancel()


def failing(server: ModelServer, seed: int) -> Counter[str]:
    """Lets a server fail at random; returns how often it answered well about each photo."""
    chance, answered = random.Random(seed), Counter[str]()
    server.faults = [chance.choice(FAULTS) if chance.random() < SHARE else None for _ in range(5_000)]

    def say(asked: Asked) -> Any:
        answered[asked.body["prompt"]] += 1
        return SAID

    server.answer = say
    return answered


async def time_passes(shelf: Shelf, describer: Describer) -> None:
    """What is to be tried later is due at once."""
    async with shelf.bench.database.write() as connection:
        later = update(AiBacklogEntry).where(AiBacklogEntry.next_attempt_at.is_not(None))
        await connection.execute(later.values(next_attempt_at=utc_now()))
    describer.wake()


async def test_all_are_described_none_twice_and_the_api_answers_all_the_while(shelf: Shelf) -> None:
    is_sqlite = shelf.bench.database.dialect == "sqlite"
    names = [f"IMG_{number:04}.jpg" for number in range(500 if is_sqlite else 60)]
    await shelf.add(*names)
    polls = 0
    with model_server() as server:
        answered = failing(server, 1)
        shelf.chosen.append(HttpModel(server.url))
        describer = shelf.describer(HANDS, most_attempts=30)
        link = Describing(lambda: describer.doing, describer.wake, describer.changed)
        runner, nothing = runner_of(shelf.bench, Feed()), (lambda: None)
        context = ApiContext(shelf.bench, lambda _: [], nothing, None, 0, nothing, list, runner, describing=link)
        async with serve(context) as url, httpx.AsyncClient(base_url=url, timeout=30) as http:
            async with watched_loop() as worst, shelf.described(describer):

                async def all_described() -> bool:
                    nonlocal polls
                    polls += 1
                    # nobody asks more often than this, and what is due later is due that much sooner
                    await asyncio.sleep(0.2)
                    await time_passes(shelf, describer)
                    answer = await http.get("/api/daemon/ai")
                    assert answer.status_code == 200
                    assert (await http.get("/api/photos", params={"limit": 50})).status_code == 200
                    return bool(answer.json()["photos"]["done"] == len(names))

                await until("all are described", all_described, PATIENCE)
            status = (await http.get("/api/daemon/ai")).json()
        requests = len(server.questions)
    async with shelf.bench.database.read() as connection:
        stored = (
            await connection.execute(select(func.count(AiAnswer.id), func.count(AiAnswer.version_id.distinct())))
        ).one()
        told = (await connection.execute(select(func.count(AssetHistory.id)))).scalar_one()
    twice = sum(count - 1 for count in answered.values())
    lost = len(names) - len(answered)
    print(
        f"{shelf.bench.database.dialect}: photos described {stored[1]}, requests {requests}, described twice {twice}, "
        f"lost {lost}, longest hold of the event loop {worst[0] * 1000:.0f} ms, API answers meanwhile {2 * polls}"
    )
    assert status["photos"] == {"waiting": 0, "running": 0, "done": len(names), "deferred": 0, "failed": 0}
    assert (twice, lost) == (0, 0)
    assert tuple(stored) == (len(names), len(names))
    assert told == len(names)
    assert requests > len(names)


async def test_a_daemon_that_is_killed_again_and_again_loses_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "pictallion.db")
    names = [f"IMG_{number:04}.jpg" for number in range(120)]
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/pictallion.db")
    shelf = open_shelf(database, tmp_path)
    await shelf.add(*names)
    kills = 3
    with model_server() as server:
        answered = failing(server, 2)
        server.faults = []
        for kill in range(kills + 1):
            command = [sys.executable, "-m", "tests.backlog.http_model", str(tmp_path), server.url, str(HANDS)]
            root, nowhere = Path(__file__).parents[2], asyncio.subprocess.DEVNULL
            daemon = await asyncio.create_subprocess_exec(*command, cwd=root, stdout=nowhere)
            try:
                wanted = len(names) * (kill + 1) // (kills + 1)
                await until(f"{wanted} are described", lambda wanted=wanted: _has_done(tmp_path, wanted), PATIENCE)  # type: ignore[misc]
            finally:
                daemon.kill()
                await daemon.wait()
    counted = await shelf.counts()
    async with database.read() as connection:
        stored = (await connection.execute(select(func.count(AiAnswer.id)))).scalar_one()
        told = (await connection.execute(select(func.count(AssetHistory.id)))).scalar_one()
    again = sum(answered.values()) - len(names)
    print(
        f"killed {kills} times: described {stored}, lost {len(names) - stored}, asked about again after a kill {again}"
    )
    assert counted[BacklogState.DONE] == len(names)
    # what was answered and not yet stored is asked again; what was stored is not
    assert (stored, told) == (len(names), len(names))
    assert set(answered) == set(names)
    assert again <= kills * HANDS
    await database.close()


async def _has_done(folder: Path, wanted: int) -> bool:
    connection = sqlite3.connect(f"file:{folder}/pictallion.db?mode=ro", uri=True, timeout=10)
    try:
        (done,) = connection.execute("SELECT count(*) FROM ai_backlog WHERE state = 'done'").fetchone()
    finally:
        connection.close()
    return bool(done >= wanted)
