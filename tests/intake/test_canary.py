"""A file of our own tells whether hints arrive, and is nobody else's business."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

import daemon.intake.canary as canary_module
from core.pipeline.roots import Mode, Root
from daemon.intake.canary import Canary
from daemon.intake.marker import write_marker
from daemon.intake.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Listening:
    """Gives the hints of a root to its canary; keeps those that it does not take."""

    def __init__(self, canary: Canary) -> None:
        self.canary = canary
        self.others: list[str] = []

    def hinted(self, name: str, path: str) -> None:
        if not self.canary.takes(path):
            self.others.append(path)

    def overflowed(self, name: str) -> None:
        raise AssertionError(name)

    def lost(self, name: str) -> None:
        raise AssertionError(name)

    def refused(self, name: str, reason: str) -> None:
        raise AssertionError(reason)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "phone"
    path.mkdir()
    return path


@pytest_asyncio.fixture
async def listening(folder: Path) -> AsyncIterator[Listening]:
    """A canary in a folder that is really watched."""
    heard = Listening(Canary(str(folder)))
    watcher = Watcher(heard)
    assert watcher.watch(Root("phone", str(folder), Mode.COPY)) is None
    yield heard
    await asyncio.to_thread(watcher.stop)


async def test_a_hint_is_measured_and_nobody_else_hears_of_it(listening: Listening, folder: Path) -> None:
    for _ in range(2):
        seconds = await listening.canary.seconds_to_hint()
        assert seconds is not None
        assert 0 < seconds < canary_module.PATIENCE
    assert list((folder / ".pictallion").iterdir()) == []
    assert listening.others == []


async def test_the_marker_of_the_root_stays(listening: Listening, folder: Path) -> None:
    assert write_marker(str(folder))
    assert await listening.canary.seconds_to_hint() is not None
    assert [path.name for path in (folder / ".pictallion").iterdir()] == ["root"]


async def test_nothing_stays_in_a_folder_that_syncthing_would_carry_to_every_phone(
    listening: Listening, folder: Path
) -> None:
    (folder / ".stfolder").mkdir()
    assert await listening.canary.seconds_to_hint() is not None
    assert not (folder / ".pictallion").exists()


async def test_hints_that_do_not_come_are_waited_for_no_longer_than_patience(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_module, "PATIENCE", 0.05)
    assert await Canary(str(folder)).seconds_to_hint() is None
    assert list((folder / ".pictallion").iterdir()) == []


async def test_where_nothing_can_be_written_nothing_is_measured(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await Canary(str(tmp_path / "absent")).seconds_to_hint()
    assert not (tmp_path / "absent").exists()


def test_the_canary_takes_the_hints_of_our_own_directory_and_no_others(tmp_path: Path) -> None:
    canary = Canary(str(tmp_path))
    assert canary.takes(".pictallion")
    assert canary.takes(".pictallion/root")
    assert not canary.takes("a.jpg")
    assert not canary.takes(".pictallion.jpg")
    assert not canary.takes("2024/.pictallion")
