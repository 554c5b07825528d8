"""A share that is not mounted, a disk in another's place: the daemon waits, says so, and goes on by itself."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from tests.daemon.conftest import start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.daemon.conftest import Daemon, Home


def fill(folder: Path, count: int) -> None:
    """Files that are no photos are as good as any here, and quick."""
    for number in range(count):
        path = folder / f"{number % 5}" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no photo %d" % number)


def root_of(daemon: Daemon) -> Any:
    (root,) = daemon.get("/api/daemon/roots").json()
    return root


def test_a_root_that_lost_its_files_is_frozen_everywhere_visible_and_thaws_when_they_are_back(
    make_home: Callable[..., Home],
) -> None:
    home = make_home()
    fill(home.inbox, 80)
    daemon = start(home)
    try:
        wait_until("all are known", lambda: home.states() == {"ignored": 80})
        root = root_of(daemon)
        assert (root["name"], root["mode"], root["trouble"]) == ("inbox", "copy", None)
        assert root["ledger"] == {"ignored": 80}
        away = home.inbox.rename(home.folder / "away")
        home.inbox.mkdir()
        assert home.run("scan").returncode == 0
        trouble = wait_until("the trouble is told", lambda: root_of(daemon)["trouble"])
        assert "it is empty, where 80 files should be" in trouble
        assert "pictallion roots accept inbox" in trouble
        assert home.states() == {"ignored": 80}
        (listed,) = json.loads(home.run("roots", "list", "--json").stdout)
        assert listed["trouble"] == trouble
        assert "it is empty" in home.run("status").stdout.replace("\n", "")
        assert any(event["event"] == "root is frozen" for event in daemon.events())
        shutil.rmtree(home.inbox)
        away.rename(home.inbox)
        assert home.run("scan").returncode == 0
        wait_until("it is believed again", lambda: root_of(daemon)["trouble"] is None)
        assert home.states() == {"ignored": 80}
    finally:
        daemon.kill()


def test_a_person_says_that_the_files_are_meant_to_be_gone(make_home: Callable[..., Home]) -> None:
    home = make_home()
    fill(home.inbox, 80)
    daemon = start(home)
    try:
        wait_until("all are known", lambda: home.states() == {"ignored": 80})
        for path in home.inbox.rglob("*.jpg"):
            path.unlink()
        wait_until("it is frozen", lambda: root_of(daemon)["trouble"])
        answer = home.run("roots", "accept", "inbox")
        assert (answer.returncode, answer.stdout) == (0, "inbox is scanned now.\n")
        wait_until("they are missing", lambda: home.states() == {"missing": 80})
        assert root_of(daemon)["trouble"] is None
    finally:
        daemon.kill()


def test_a_root_that_nobody_knows_cannot_be_accepted(daemon: Daemon) -> None:
    answer = daemon.home.run("roots", "accept", "attic")
    assert answer.returncode == 2
    assert "No watched folder called attic was ever scanned; there are inbox." in answer.stderr
