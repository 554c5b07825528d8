"""A file that somebody still has open for writing is told from one that merely rests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from core.media.source_file import is_open_for_writing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no leases (fcntl(2), F_SETLEASE)")


@pytest.fixture(autouse=True)
def signals_as_in_the_daemon() -> Iterator[None]:
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(b"x")
    return tmp_path / "a.jpg"


def test_a_writer_is_noticed_as_long_as_it_is_there(path: Path) -> None:
    assert is_open_for_writing(str(path)) is False
    script = "import sys; f = open(sys.argv[1], 'ab'); print(flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script, path], stdin=pipe, stdout=pipe) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert is_open_for_writing(str(path)) is True
        writer.communicate(b"\n")
    assert is_open_for_writing(str(path)) is False


def test_readers_and_asking_itself_hinder_nobody(path: Path) -> None:
    with path.open("rb"):
        assert is_open_for_writing(str(path)) is False
    with path.open("ab") as writer:
        writer.write(b"y")
    assert path.read_bytes() == b"xy"


def test_a_writer_that_comes_while_it_is_asked_is_not_disturbed(path: Path) -> None:
    script = "import sys\nfor _ in range(2000):\n    open(sys.argv[1], 'ab').close()\nprint('well')"
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as writer:
        while writer.poll() is None:
            is_open_for_writing(str(path))
        assert writer.stdout is not None
        assert writer.stdout.read() == "well\n"


def test_what_is_not_there_or_no_file_is_unknown(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert is_open_for_writing(str(tmp_path / "nothing")) is None
    assert is_open_for_writing(str(tmp_path / "pipe")) is None


def test_without_the_signal_ignored_nothing_is_risked(path: Path) -> None:
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    assert is_open_for_writing(str(path)) is None
