"""Real hints of the real operating system: whatever happens below a root leads to a look at the right path."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from core.pipeline.roots import Mode, Root
from daemon.intake.watcher import Watcher

#: watchdog warns of a race of its own when a tree grows quickly; the files are hinted all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

#: Hints come within milliseconds unless something is broken. [s]
PATIENCE = 20.0


@dataclass
class Hints:
    """What the watcher of two roots said so far."""

    phone: Path
    camera: Path
    outside: Path
    given: set[tuple[str, str]] = field(default_factory=set)
    overflows: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def hinted(self, name: str, path: str) -> None:
        self.given.add((name, path))
        self._told.set()

    def overflowed(self, name: str) -> None:
        self.overflows.append(name)
        self._told.set()

    def lost(self, name: str) -> None:
        self.ends.append(name)
        self._told.set()

    def refused(self, name: str, reason: str) -> None:
        raise AssertionError(f"{name}: {reason}")

    async def until(self, *paths: str, root: str = "phone") -> None:
        """Waits until there was a hint for each path, or for a folder above it, which is looked through as a whole."""
        async with asyncio.timeout(PATIENCE):
            while not all(self._covers(root, path) for path in paths):
                self._told.clear()
                await self._told.wait()

    async def until_any(self, told: list[str]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not told:
                self._told.clear()
                await self._told.wait()

    def _covers(self, root: str, path: str) -> bool:
        parts = path.split("/")
        return any((root, "/".join(parts[:length])) in self.given for length in range(1, len(parts) + 1))


@pytest_asyncio.fixture
async def hints(tmp_path: Path) -> AsyncIterator[Hints]:
    heard = Hints(tmp_path / "phone", tmp_path / "camera", tmp_path / "outside")
    for folder in (heard.phone, heard.camera, heard.outside):
        folder.mkdir()
    (heard.phone / "there before").mkdir()
    roots = [Root("phone", str(heard.phone), Mode.COPY), Root("camera", str(heard.camera), Mode.MOVE)]
    watcher = Watcher(heard)
    assert [watcher.watch(root) for root in roots] == [None, None]
    yield heard
    await asyncio.to_thread(watcher.stop)


async def test_a_file_that_is_written_is_hinted(hints: Hints) -> None:
    (hints.phone / "a.jpg").write_bytes(b"x")
    await hints.until("a.jpg")
    hints.given.clear()
    (hints.phone / "there before" / "b.jpg").write_bytes(b"x")
    await hints.until("there before/b.jpg")


async def test_a_file_that_is_written_to_again_is_hinted_again(hints: Hints) -> None:
    with (hints.phone / "a.jpg").open("wb", buffering=0) as file:
        await hints.until("a.jpg")
        hints.given.clear()
        file.write(b"more")
        await hints.until("a.jpg")


async def test_a_file_that_is_moved_in_is_hinted(hints: Hints) -> None:
    (hints.outside / "a.jpg").write_bytes(b"x")
    (hints.outside / "a.jpg").rename(hints.phone / "a.jpg")
    await hints.until("a.jpg")


async def test_a_folder_that_is_moved_in_is_hinted_and_watched_from_then_on(hints: Hints) -> None:
    (hints.outside / "trip" / "day 1").mkdir(parents=True)
    (hints.outside / "trip" / "day 1" / "a.jpg").write_bytes(b"x")
    (hints.outside / "trip").rename(hints.phone / "trip")
    await hints.until("trip/day 1/a.jpg")
    hints.given.clear()
    (hints.phone / "trip" / "day 1" / "b.jpg").write_bytes(b"x")
    await hints.until("trip/day 1/b.jpg")


async def test_files_in_a_tree_that_is_made_in_one_go_are_all_covered(hints: Hints) -> None:
    """A new folder's watch comes later than the first files in it."""
    names = [f"new/{number % 5}/{number}/a.jpg" for number in range(40)]
    for name in names:
        (hints.phone / name).parent.mkdir(parents=True)
        (hints.phone / name).write_bytes(b"x")
    await hints.until(*names)


async def test_a_rename_hints_both_names(hints: Hints) -> None:
    (hints.phone / "a.jpg").write_bytes(b"x")
    await hints.until("a.jpg")
    hints.given.clear()
    (hints.phone / "a.jpg").rename(hints.phone / "there before" / "b.jpg")
    await hints.until("a.jpg", "there before/b.jpg")


async def test_a_file_that_is_deleted_or_moved_out_is_hinted(hints: Hints) -> None:
    for name in ("a.jpg", "b.jpg"):
        (hints.phone / name).write_bytes(b"x")
    await hints.until("a.jpg", "b.jpg")
    hints.given.clear()
    (hints.phone / "a.jpg").unlink()
    (hints.phone / "b.jpg").rename(hints.outside / "b.jpg")
    await hints.until("a.jpg", "b.jpg")


async def test_a_folder_that_is_deleted_or_moved_out_is_hinted(hints: Hints) -> None:
    for name in ("one/a.jpg", "two/b.jpg"):
        (hints.phone / name).parent.mkdir()
        (hints.phone / name).write_bytes(b"x")
    await hints.until("one/a.jpg", "two/b.jpg")
    hints.given.clear()
    shutil.rmtree(hints.phone / "one")
    (hints.phone / "two").rename(hints.outside / "two")
    await hints.until("one/a.jpg", "two/b.jpg")


async def test_each_root_is_called_by_its_name(hints: Hints) -> None:
    (hints.camera / "a.jpg").write_bytes(b"x")
    await hints.until("a.jpg", root="camera")
    assert {root for root, _ in hints.given} == {"camera"}


@pytest.mark.skipif(sys.platform == "darwin", reason="APFS stores no names that are not UTF-8")
async def test_names_that_are_no_utf8_are_hinted_as_the_scanner_sees_them(hints: Hints) -> None:
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x8e\x82.jpg")
    (hints.phone / name).write_bytes(b"x")
    await hints.until(name)
    (path,) = hints.phone.glob("caf*")
    assert path.name == name


_BURST = """
import os, sys
os.chdir(sys.argv[1])
for number in range(30_000):
    os.close(os.open(f"{number}.jpg", os.O_CREAT | os.O_WRONLY))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the queue of FSEvents has no such end")
async def test_when_the_kernel_loses_hints_it_is_told_for_that_root_alone(hints: Hints) -> None:
    """A queue takes 16,384 events; another process writes faster than a thread of ours reads, unless held up."""
    async with asyncio.timeout(PATIENCE):
        while not hints.overflows:
            writer = await asyncio.create_subprocess_exec(sys.executable, "-c", _BURST, str(hints.phone))
            assert await writer.wait() == 0
    assert set(hints.overflows) == {"phone"}
    (hints.camera / "a.jpg").write_bytes(b"x")
    await hints.until("a.jpg", root="camera")


async def test_a_root_that_is_deleted_is_not_watched_any_more_which_is_told(hints: Hints) -> None:
    """The folder that is made in its place often has the same inode number."""
    shutil.rmtree(hints.phone)
    hints.phone.mkdir()
    await hints.until_any(hints.ends)
    assert set(hints.ends) == {"phone"}


async def test_folders_below_a_root_that_are_deleted_end_nothing(hints: Hints) -> None:
    shutil.rmtree(hints.phone / "there before")
    await hints.until("there before")
    (hints.phone / "a.jpg").write_bytes(b"x")
    await hints.until("a.jpg")
    assert hints.ends == []


async def test_a_root_that_is_a_symbolic_link_is_watched_where_it_leads(tmp_path: Path) -> None:
    heard = Hints(tmp_path / "link", tmp_path / "camera", tmp_path)
    (tmp_path / "disk").mkdir()
    heard.phone.symlink_to("disk")
    watcher = Watcher(heard)
    try:
        assert watcher.watch(Root("phone", str(heard.phone), Mode.COPY)) is None
        (heard.phone / "a.jpg").write_bytes(b"x")
        await heard.until("a.jpg")
    finally:
        await asyncio.to_thread(watcher.stop)


async def test_whether_a_root_is_watched_can_be_asked(tmp_path: Path) -> None:
    heard = Hints(tmp_path, tmp_path, tmp_path)
    root = Root("phone", str(tmp_path), Mode.COPY)
    watcher = Watcher(heard)
    assert not watcher.is_watching(root)
    watcher.watch(root)
    assert watcher.is_watching(root)
    await asyncio.to_thread(watcher.stop)
    assert not watcher.is_watching(root)
    assert watcher.watch(root) is not None


async def test_a_root_that_is_not_there_gives_no_hints_and_hinders_no_other(tmp_path: Path) -> None:
    heard = Hints(tmp_path / "phone", tmp_path / "camera", tmp_path)
    heard.phone.mkdir()
    absent = Root("camera", str(heard.camera), Mode.COPY)
    watcher = Watcher(heard)
    try:
        assert watcher.watch(absent) == "No such file or directory"
        assert watcher.watch(Root("phone", str(heard.phone), Mode.COPY)) is None
        (heard.phone / "a.jpg").write_bytes(b"x")
        await heard.until("a.jpg")
    finally:
        await asyncio.to_thread(watcher.stop)


async def test_after_the_end_there_are_no_hints(tmp_path: Path) -> None:
    heard = Hints(tmp_path, tmp_path, tmp_path)
    watcher = Watcher(heard)
    assert watcher.watch(Root("phone", str(tmp_path), Mode.COPY)) is None
    await asyncio.to_thread(watcher.stop)
    (tmp_path / "a.jpg").write_bytes(b"x")
    await asyncio.sleep(0)
    assert heard.given == set()
