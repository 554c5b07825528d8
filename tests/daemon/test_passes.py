"""Passes in a real daemon: by themselves after a start, and from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.daemon.conftest import Home, start, wait_until
from tests.daemon.test_intake import all_done, noise


def runs_of(home: Home, name: str) -> list[Any]:
    return home.query("select * from pass_runs where name = ? order by id", name)


def test_what_is_late_runs_after_the_start_and_what_is_asked_for_at_once(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"night": {"start_delay": 0, "max_load": 0}})
    noise(home.inbox / "a.jpg", 1)
    daemon = start(home)
    try:
        all_done(home, 1)
        wait_until("it ran by itself", lambda: [run for run in runs_of(home, "thumbnails") if run["state"] == "done"])
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
        assert {each["name"]: each["lastRun"]["state"] for each in listed}["thumbnails"] == "done"
    finally:
        daemon.kill()
    again = home.run("pass", "run", "thumbnails", "--dry-run", "--json")
    assert json.loads(again.stdout)["dryRun"] is True, again.stderr
