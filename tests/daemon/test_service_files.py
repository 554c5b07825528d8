"""What a user installs as a service fits the command line, and systemd is told what it waits for."""

from __future__ import annotations

import configparser
import plistlib
import shlex
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.run import GRACE_SECONDS
from tests.daemon.conftest import _PICTALLION, PATIENCE, Daemon, Home

REPOSITORY = Path(__file__).parent.parent.parent
UNIT = REPOSITORY / "systemd" / "pictallion.service"
PLIST = REPOSITORY / "launchd" / "com.pictallion.daemon.plist"


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser


@pytest.fixture(scope="module")
def plist() -> dict[str, object]:
    loaded: dict[str, object] = plistlib.loads(PLIST.read_bytes())
    return loaded


def is_accepted(home: Home, command: list[str]) -> bool:
    """Whether the real command line takes these arguments, with the configuration of ``home``."""
    arguments = [str(home.config) if part.endswith("config.toml") else part for part in command[1:]]
    assert str(home.config) in arguments
    result = subprocess.run([_PICTALLION, *arguments, "--help"], capture_output=True, text=True, check=False)
    assert "Usage: pictallion run" in result.stdout, result.stderr
    return result.returncode == 0


def test_the_unit_starts_the_daemon(unit: configparser.ConfigParser, home: Home) -> None:
    command = shlex.split(unit["Service"]["ExecStart"])
    assert Path(command[0]).is_absolute()
    assert Path(command[0]).name == _PICTALLION.name
    assert is_accepted(home, command)


def test_the_unit_waits_long_enough_for_the_files_in_hand(unit: configparser.ConfigParser) -> None:
    assert int(unit["Service"]["TimeoutStopSec"]) > GRACE_SECONDS + 5


def test_the_unit_is_notified_by_the_daemon_itself(unit: configparser.ConfigParser) -> None:
    assert unit["Service"]["Type"] == "notify"
    assert unit["Service"]["NotifyAccess"] == "main"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_plist_starts_the_daemon(plist: dict[str, object], home: Home) -> None:
    command = plist["ProgramArguments"]
    assert isinstance(command, list)
    assert Path(command[0]).name == _PICTALLION.name
    assert is_accepted(home, command)
    assert plist["Label"] == PLIST.stem


def test_the_plist_starts_it_again_only_after_a_crash(plist: dict[str, object]) -> None:
    assert plist["RunAtLoad"] is True
    assert plist["KeepAlive"] == {"SuccessfulExit": False}


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_hears_that_the_daemon_is_ready_and_that_it_stops(
    make_home: Callable[..., Home], is_abstract: bool
) -> None:
    home = make_home()
    name = f"@pictallion-test-{home.port}" if is_abstract else str(home.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, (home.folder / "daemon.log").open("ab") as log:
        systemd.bind(name.replace("@", "\0", 1) if is_abstract else name)
        systemd.settimeout(PATIENCE)
        process = subprocess.Popen(
            ["/usr/bin/env", f"NOTIFY_SOCKET={name}", _PICTALLION, "--config", home.config, "run"],
            stdout=log,
            stderr=log,
            cwd=home.folder,
        )
        daemon = Daemon(home, process, home.folder / "daemon.log")
        try:
            said = systemd.recv(4096).decode().splitlines()
            assert "READY=1" in said
            assert daemon.get("/api/health").status_code == 200, "ready means that it answers"
            process.send_signal(signal.SIGTERM)
            assert systemd.recv(4096).decode().splitlines() == ["STOPPING=1"]
            assert process.wait(PATIENCE) == 0
        finally:
            daemon.kill()


def test_an_address_that_nobody_listens_on_does_not_hinder_the_daemon(home: Home) -> None:
    """A shell that was started by a service hands its address on."""
    log = home.folder / "daemon.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["/usr/bin/env", f"NOTIFY_SOCKET={home.folder}/nobody", _PICTALLION, "--config", home.config, "run"],
            stdout=output,
            stderr=output,
            cwd=home.folder,
        )
    daemon = Daemon(home, process, log)
    try:
        daemon.wait_until_ready()
        assert daemon.stop() == 0
    finally:
        daemon.kill()
