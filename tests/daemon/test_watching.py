"""What the system does to watches: limits and mounts. Real ones, in namespaces of the daemon's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.daemon.conftest import spawn, start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.daemon.conftest import Daemon, Home

_PICTALLION = Path(sys.executable).with_name("pictallion")

#: Only this namespace is limited; the machine is left as it is.
_LIMIT = "/proc/sys/user/max_inotify_watches"


def _has_namespaces() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-Urm", "true"], check=False, capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not _has_namespaces(), reason="this system gives users no namespaces")


@contextmanager
def enclosed(home: Home, prepare: str = "true") -> Iterator[Daemon]:
    """A daemon that is the administrator of namespaces of its own, in which ``prepare`` is run first."""
    command = ["unshare", "-Urm", "sh", "-c", f'{prepare}; exec "$0" "$@"', _PICTALLION]
    daemon = spawn(home, command, keep_rights=True)
    try:
        daemon.wait_until_ready()
        yield daemon
    finally:
        daemon.kill()


def inside(daemon: Daemon, script: str, *arguments: str | Path) -> None:
    """Runs a shell script where the daemon is, with its rights."""
    command = ["nsenter", "-t", str(daemon.process.pid), "-U", "-m", "--preserve-credentials", "sh", "-ec", script, "-"]
    subprocess.run([*command, *map(str, arguments)], check=True, timeout=30)


def root_of(daemon: Daemon) -> Any:
    (root,) = daemon.get("/api/daemon/roots").json()
    return root


def until_measured(daemon: Daemon) -> Any:
    """The root as reported, once a hint was measured."""

    def look() -> Any:
        root = root_of(daemon)
        return root if root["hintSeconds"] is not None else None

    return wait_until("hints are measured", look)


def no_photo(path: Path) -> None:
    """Files that are no photos are as good as any here, and quick."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"no photo {path}".encode())


def test_hints_are_measured_and_a_file_is_found_by_them(daemon: Daemon) -> None:
    root = until_measured(daemon)
    assert (root["method"], root["methodReason"], root["overflows"]) == ("hints", None, 0)
    assert root["filesystem"]
    (listed,) = json.loads(daemon.home.run("roots", "list", "--json").stdout)
    assert listed["filesystem"] == root["filesystem"]
    assert (listed["method"], listed["hintSeconds"]) == ("hints", root["hintSeconds"])
    assert "hints (" in daemon.home.run("roots", "list").stdout
    no_photo(daemon.home.inbox / "new" / "a.jpg")
    daemon.home.wait_for_state("new/a.jpg", "ignored")
    assert not [event for event in daemon.events() if event["event"].startswith("no hints")]


@needs_namespaces
def test_folders_beyond_the_limit_are_scanned_until_it_is_raised(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0, "rescan_interval": "1s"}})
    for number in range(30):
        (home.inbox / f"{number}").mkdir()
    with enclosed(home, f"echo 20 >{_LIMIT}") as daemon:
        root = wait_until("it is noticed", lambda: root_of(daemon) if root_of(daemon)["filesystem"] else None)
        assert root["method"] == "scans"
        assert "sudo sysctl fs.inotify.max_user_watches=" in root["methodReason"]
        for number in range(30):
            no_photo(home.inbox / f"{number}" / "a.jpg")
        wait_until("all are found", lambda: home.states() == {"ignored": 30})
        (told,) = (event for event in daemon.events() if event["event"].startswith("no hints"))
        assert (told["level"], told["root"], told["reason"]) == ("warning", "inbox", root["methodReason"])
        assert "inbox is scanned, as hints cannot be relied on" in home.run("status").stdout
        inside(daemon, f"echo 1000 >{_LIMIT}")
        wait_until("hints are used", lambda: root_of(daemon)["method"] == "hints")
        assert "hints arrive again" in [event["event"] for event in daemon.events()]


@needs_namespaces
def test_new_folders_beyond_the_limit_are_noticed(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0, "rescan_interval": "1h"}})
    with enclosed(home, f"echo 20 >{_LIMIT}") as daemon:
        assert until_measured(daemon)["method"] == "hints"
        for number in range(30):
            (home.inbox / f"{number}").mkdir()
        wait_until("it is noticed", lambda: root_of(daemon)["method"] == "scans")
        assert "max_user_watches" in root_of(daemon)["methodReason"]


@needs_namespaces
def test_where_nothing_can_be_watched_at_all_files_are_found_by_scans(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0, "rescan_interval": "1s"}})
    with enclosed(home, "echo 0 >/proc/sys/user/max_inotify_instances") as daemon:
        no_photo(home.inbox / "a.jpg")
        home.wait_for_state("a.jpg", "ignored")
        assert root_of(daemon)["method"] == "scans"
        assert "max_user_instances" in root_of(daemon)["methodReason"]


@needs_namespaces
def test_what_is_mounted_over_a_root_freezes_it_and_it_goes_on_afterwards(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0}})
    for number in range(3):
        no_photo(home.inbox / f"{number}.jpg")
    with enclosed(home) as daemon:
        wait_until("all are known", lambda: home.states() == {"ignored": 3})
        inside(daemon, 'mount -t tmpfs none "$1"', home.inbox)
        trouble = wait_until("it is noticed", lambda: root_of(daemon)["trouble"])
        assert "Nothing is changed" in trouble
        assert home.states() == {"ignored": 3}
        no_photo(home.inbox / "while it was covered.jpg")
        inside(daemon, 'umount "$1"', home.inbox)
        home.wait_for_state("while it was covered.jpg", "ignored")
        assert root_of(daemon)["trouble"] is None
        no_photo(home.inbox / "later" / "a.jpg")
        home.wait_for_state("later/a.jpg", "ignored")
        assert home.states() == {"ignored": 5}


@needs_namespaces
def test_a_disk_that_is_mounted_below_a_root_is_looked_at_and_watched(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0}})
    card = home.inbox / "card"
    card.mkdir()
    with enclosed(home) as daemon:
        until_measured(daemon)
        inside(daemon, 'mount -t tmpfs none "$1"; mkdir "$1/DCIM"; echo no photo >"$1/DCIM/a.jpg"', card)
        home.wait_for_state("card/DCIM/a.jpg", "ignored")
        inside(daemon, 'echo no photo either >"$1/DCIM/b.jpg"', card)
        home.wait_for_state("card/DCIM/b.jpg", "ignored")
        inside(daemon, 'umount "$1"', card)
        home.wait_for_state("card/DCIM/a.jpg", "missing")
        no_photo(card / "c.jpg")
        home.wait_for_state("card/c.jpg", "ignored")


def test_a_root_that_was_replaced_while_the_daemon_runs_is_watched(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"settle_seconds": 0}})
    daemon = start(home)
    try:
        until_measured(daemon)
        shutil.rmtree(home.inbox)
        home.inbox.mkdir()
        wait_until("it is noticed", lambda: any("watched and scanned anew" in e["event"] for e in daemon.events()))
        no_photo(home.inbox / "new" / "a.jpg")
        home.wait_for_state("new/a.jpg", "ignored")
    finally:
        daemon.kill()
