"""Who lives is known from a lock that the kernel releases, so that a killed process is never taken for a living one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import AlreadyRunning
from core.pipeline.holders import (
    become_daemon,
    become_holder,
    daemon_is_running,
    forget,
    forget_forsaken,
    is_alive,
    living,
)

_AS_HOLDER = """
import pathlib, sys
from core.pipeline.holders import become_holder
with become_holder(pathlib.Path(sys.argv[1])) as name:
    print(name, flush=True)
    sys.stdin.read()
"""

_AS_DAEMON = """
import pathlib, sys
from core.pipeline.holders import become_daemon
with become_daemon(pathlib.Path(sys.argv[1])):
    print("daemon", flush=True)
    sys.stdin.read()
"""

_AS_CURIOUS = """
import pathlib, sys
from core.pipeline.holders import daemon_is_running
print("asking", flush=True)
while True:
    daemon_is_running(pathlib.Path(sys.argv[1]))
"""


@contextmanager
def process(program: str, locks: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Another process that runs ``program``, and what it says first."""
    with subprocess.Popen(
        [sys.executable, "-c", program, locks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip(), running
        finally:
            running.kill()


def test_a_holder_lives_until_its_process_ends_however_it_ends(tmp_path: Path) -> None:
    with process(_AS_HOLDER, tmp_path) as (name, other):
        assert is_alive(tmp_path, name)
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert not is_alive(tmp_path, name)
        assert (tmp_path / f"{name}.lock").exists()
        forget(tmp_path, name)
        assert not (tmp_path / f"{name}.lock").exists()


def test_a_holder_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    with process(_AS_HOLDER, tmp_path) as (_, other):
        other.communicate("")
        assert other.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_living_holder_is_not_forgotten(tmp_path: Path) -> None:
    with become_holder(tmp_path) as name:
        forget(tmp_path, name)
        assert is_alive(tmp_path, name)


def test_locks_of_the_dead_do_not_pile_up_and_those_of_the_living_stay(tmp_path: Path) -> None:
    for name, age in (("1-dead", 3600), ("2-newborn", 0)):
        path = tmp_path / f"{name}.lock"
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    with become_holder(tmp_path) as name:
        os.utime(tmp_path / f"{name}.lock", (0, 0))
        assert living(tmp_path) == [name]
        forget_forsaken(tmp_path)
        # the newborn's process may be about to lock it
        assert {path.stem for path in tmp_path.iterdir()} == {"2-newborn", name}


def test_nobody_and_unknown_ones_are_dead(tmp_path: Path) -> None:
    assert not is_alive(tmp_path, "")
    assert not is_alive(tmp_path, "1-unknown")
    assert list(tmp_path.iterdir()) == [], "asking leaves no file"


def test_two_holders_of_one_process_have_different_names(tmp_path: Path) -> None:
    with become_holder(tmp_path) as one, become_holder(tmp_path) as two:
        assert one != two


def test_there_is_one_daemon_for_a_library(tmp_path: Path) -> None:
    assert not daemon_is_running(tmp_path)
    with process(_AS_DAEMON, tmp_path) as (_, other):
        assert daemon_is_running(tmp_path)
        with pytest.raises(AlreadyRunning, match="data_dir"), become_daemon(tmp_path):
            pass
        other.kill()
        other.wait()
        assert not daemon_is_running(tmp_path)
    with become_daemon(tmp_path):
        assert daemon_is_running(tmp_path)


def test_asking_for_the_daemon_never_keeps_one_from_starting(tmp_path: Path) -> None:
    """``pictallion status`` in a loop, for a monitoring system, while systemd starts the daemon."""
    with become_daemon(tmp_path):
        pass
    with process(_AS_CURIOUS, tmp_path):
        for _ in range(2000):
            with become_daemon(tmp_path):
                pass
