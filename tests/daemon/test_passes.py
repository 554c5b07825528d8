"""Passes in a real daemon: by themselves after a start, going on after it was killed, and from the command line."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from core.db.engine import open_database
from core.db.migrate import migrate
from core.db.tables import FileVersion, MediaAsset, new_id
from core.passes.verify import PAGE
from tests.daemon.conftest import _PICTALLION, PATIENCE, Daemon, Home, start, wait_until
from tests.daemon.test_intake import all_done, noise

NIGHT = {"window": "", "start_delay": 0, "max_load": 0}


def runs_of(home: Home, name: str) -> list[Any]:
    return home.query("select * from pass_runs where name = ? order by id", name)


def wait_for_run(home: Home, name: str) -> Any:
    """The first run of a pass, when it is done."""
    return wait_until(f"{name} ran", lambda: next((run for run in runs_of(home, name) if run["state"] == "done"), None))


def following(home: Home, *arguments: str) -> subprocess.Popen[str]:
    """A command that waits for a pass of the daemon."""
    command = [_PICTALLION, "--config", home.config, "pass", "run", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(command: subprocess.Popen[str]) -> tuple[int, str]:
    """With which exit code it ended, and the beginning of what it said went wrong."""
    _, errors = command.communicate(timeout=PATIENCE)
    return command.returncode, errors.removeprefix("pictallion: ").partition(":")[0].partition(".")[0]


def queue_of(daemon: Daemon) -> set[tuple[str, bool]]:
    return {(each["name"], each["dryRun"]) for each in daemon.get("/api/daemon/passes/queue").json()}


def test_what_is_late_runs_after_the_start_and_what_is_asked_for_at_once(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"night": NIGHT})
    noise(home.inbox / "a.jpg", 1)
    daemon = start(home)
    try:
        all_done(home, 1)
        assert wait_for_run(home, "verify")["reason"] is None
        wait_for_run(home, "thumbnails")
        grid = list((home.data / "thumbnails").rglob("*-250.jpeg"))
        assert grid
        for path in grid:
            path.unlink()
        ran = home.run("pass", "run", "thumbnails", "--json")
        assert ran.returncode == 0, ran.stderr
        run = json.loads(ran.stdout)
        assert (run["state"], run["report"]["made"]) == ("done", len(grid))
        assert all(path.exists() for path in grid)
        listed = json.loads(home.run("pass", "list", "--json").stdout)
        assert {each["name"]: each["lastRun"] for each in listed}["thumbnails"] == run
        assert listed == daemon.get("/api/daemon/passes").json()

        (by_night,) = json.loads(home.run("backup", "list", "--json").stdout)
        assert by_night["why"] is None
        made = home.run("backup", "create")
        assert made.returncode == 0, made.stderr
        refused = home.run("backup", "restore", by_night["name"], "--yes")
        assert refused.returncode == 4
        assert "Stop it first" in refused.stderr
    finally:
        daemon.kill()
    newest = json.loads(home.run("backup", "list", "--json").stdout)[0]
    assert newest["why"] == "by-hand"
    restored = home.run("backup", "restore", newest["name"], "--yes")
    assert restored.returncode == 0, restored.stderr
    assert home.states() == {"done": 1}
    assert {one["why"] for one in json.loads(home.run("backup", "list", "--json").stdout)} == {
        None,
        "by-hand",
        "before-restore",
    }
    again = home.run("pass", "run", "thumbnails", "--dry-run", "--json")
    assert json.loads(again.stdout)["dryRun"] is True, again.stderr
    assert home.run("pass", "run", "thumbnail").returncode == 2
    refused = home.run("pass", "run", "thumbnails", "--time-limit", "10m")
    assert (refused.returncode, "thumbnails always goes to its end" in refused.stderr) == (2, True)
    told = home.run("pass", "run", "digest", "--dry-run").stdout
    assert "What ran:\n  thumbnails: done" in told
    shown = home.run("digest").stdout.partition("\n")[2]
    assert "photos were taken in" in shown
    assert shown in told


def test_a_daemon_that_was_killed_goes_on_with_the_slice_that_it_had_in_hand(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"night": NIGHT | {"off": ["backup", "thumbnails", "events", "digest"]}})
    names = [f"media/bronze/2020/01/{number}.jpg" for number in range(2 * PAGE)]
    asyncio.run(_fill(home, names))
    hanging = home.data / names[PAGE + PAGE // 2]
    content = hanging.read_bytes()
    hanging.unlink()
    os.mkfifo(hanging)
    daemon = start(home)
    try:
        wait_until(
            "the first slice is written down", lambda: [run for run in runs_of(home, "verify") if run["done"] > 1]
        )
        cancelled, looking = following(home, "thumbnails"), following(home, "verify", "--dry-run")
        queued = {("verify", False), ("thumbnails", False), ("verify", True)}
        wait_until("both are queued", lambda: queued <= queue_of(daemon))
        assert home.run("pass", "cancel", "thumbnails").returncode == 0
        told_to_wait = ended(cancelled)
        followed = following(home, "verify")
        wait_until("it is asked for", lambda: daemon.get("/api/daemon/passes/queue").json()[0]["asked"])
    finally:
        daemon.kill()
    assert told_to_wait == (1, "thumbnails neither runs nor waits any more")
    assert ended(followed) == ended(looking) == (1, "The daemon ended before verify did")
    (cut,) = runs_of(home, "verify")
    assert (cut["state"], cut["done"]) == ("running", PAGE + 1)
    listed = json.loads(home.run("pass", "list", "--json").stdout)
    assert {each["name"]: each["lastRun"] for each in listed}["verify"]["state"] == "interrupted"
    began = "select file_path, verified_at from file_versions where verified_at > '2021-01-01' order by file_path"
    verified = list(map(tuple, home.query(began)))
    assert len(verified) == PAGE
    hanging.unlink()
    hanging.write_bytes(content)
    daemon = start(home)
    try:
        run = wait_for_run(home, "verify")
    finally:
        daemon.kill()
    assert [each["id"] for each in runs_of(home, "verify")] == [cut["id"]] == [run["id"]]
    report = json.loads(run["report"])
    assert (report["verified"], report["damaged"]) == (2 * PAGE, 0)
    assert set(verified) < set(map(tuple, home.query(began)))
    nothing = home.run("pass", "cancel", "verify")
    assert (nothing.returncode, "there is nothing to end" in nothing.stderr) == (1, True)


async def _fill(home: Home, names: list[str]) -> None:
    """A library of so many originals, none of which was read back for long."""
    database = open_database(f"sqlite+aiosqlite:///{home.data}/pictallion.db")
    await migrate(database)
    async with database.write() as connection:
        for number, name in enumerate(names):
            path, asset, data = home.data / name, new_id(), f"photo {number}".encode()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            await connection.execute(insert(MediaAsset).values(id=asset, original_filename=path.name))
            values = {"tier": "bronze", "file_hash": "0" * 32, "file_size": len(data), "mime_type": "image/jpeg"}
            read = {"verified_at": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number)}
            whole = hashlib.sha256(data).hexdigest()
            await connection.execute(
                insert(FileVersion).values(media_asset_id=asset, file_path=name, sha256=whole, **values, **read)
            )
    await database.close()
