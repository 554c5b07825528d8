"""Files that did not work out are listed with the reason, and tried again when a person says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PIL import Image

from tests.daemon.conftest import start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.daemon.conftest import Home


def test_a_file_leaves_quarantine_when_it_is_released(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"max_attempts": 1}})
    path = home.inbox / "a.jpg"
    Image.effect_noise((96, 64), 30).convert("RGB").save(path)
    path.chmod(0)
    daemon = start(home)
    try:
        home.wait_for_state("a.jpg", "quarantined")
        (entry,) = json.loads(home.run("quarantine", "list", "--json").stdout)
        assert (entry["root"], entry["path"], entry["attempts"]) == ("inbox", "a.jpg", 1)
        assert "may not be read by this user" in entry["reason"]
        assert "a.jpg" in home.run("quarantine", "list").stdout
        path.chmod(0o644)
        answer = home.run("quarantine", "release", str(path))
        assert (answer.returncode, answer.stdout) == (0, "1 files are tried again now.\n")
        home.wait_for_state("a.jpg", "done")
        answer = home.run("quarantine", "release", "inbox:a.jpg")
        assert answer.returncode == 1
        assert "None of these is quarantined: inbox:a.jpg" in answer.stderr
        assert home.run("retry", "--all").stdout == "There is nothing to try again.\n"
    finally:
        daemon.kill()


def test_retrying_waits_for_the_daemon_where_none_runs(make_home: Callable[..., Home]) -> None:
    home = make_home()
    path = home.inbox / "a.jpg"
    Image.effect_noise((96, 64), 30).convert("RGB").save(path)
    path.chmod(0)
    daemon = start(home)
    home.wait_for_state("a.jpg", "failed")
    daemon.stop()
    path.chmod(0o644)
    assert home.run("retry", "inbox:a.jpg").stdout == "1 files are tried again when the daemon runs.\n"
    daemon = start(home)
    try:
        home.wait_for_state("a.jpg", "done")
    finally:
        daemon.kill()


def test_naming_nothing_is_a_mistake(home: Home) -> None:
    assert home.run("retry").returncode == 2
    assert "Name files, or say --all." in home.run("retry").stderr
