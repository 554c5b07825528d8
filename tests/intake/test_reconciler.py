"""Scans pass over what looks as before, and see every change all the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import daemon.intake.scanner as scanner_module
from core.pipeline.states import State
from daemon.intake.scanner import walk_folders

if TYPE_CHECKING:
    from pathlib import Path

    from tests.intake.conftest import Inbox

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def opened_files(folder: Path) -> Iterator[list[str]]:
    """The files below ``folder`` that this process opens while the block runs, as the interpreter itself tells it."""
    opened: list[str] = []
    listening = True

    def listen(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and str(arguments[0]).startswith(str(folder)):
            opened.append(str(arguments[0]))

    sys.addaudithook(listen)
    yield opened
    listening = False


async def settle(inbox: Inbox) -> None:
    await inbox.scan()
    await inbox.take()
    await inbox.scan()


async def test_an_unchanged_tree_is_not_compared_again(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        inbox.write(f"{number % 4}/{number}.jpg")
    await settle(inbox)
    described: list[str] = []
    real = scanner_module._described
    monkeypatch.setattr(
        scanner_module, "_described", lambda path, stat, *more: described.append(path) or real(path, stat, *more)
    )
    with opened_files(inbox.folder) as opened:
        scanned = await inbox.scan()
    assert (scanned.seen, scanned.new, scanned.gone) == (20, 0, 0)
    assert described == []
    assert [path for path in opened if not path.endswith("/.pictallion/root")] == []
    inbox.write("2/new.jpg")
    assert (await inbox.scan()).new == 1
    assert {path.split("/")[0] for path in described} == {"2"}


@pytest.mark.parametrize("change", ["touch", "grow", "replace", "delete", "add", "rename"])
async def test_every_change_is_seen_by_the_next_scan(inbox: Inbox, change: str) -> None:
    path = inbox.write("trip/a.jpg")
    inbox.write("trip/b.jpg")
    inbox.write("c.jpg")
    await settle(inbox)
    if change == "touch":
        os.utime(path, ns=(1, 1))
    elif change == "grow":
        path.write_bytes(b"longer")
    elif change == "replace":
        inbox.write("trip/new").replace(path)
    elif change == "delete":
        path.unlink()
    elif change == "add":
        inbox.write("trip/d.jpg")
    else:
        path.rename(path.with_name("e.jpg"))
    await inbox.scan()
    states = await inbox.states()
    changed = {"touch": "trip/a.jpg", "add": "trip/d.jpg", "rename": "trip/e.jpg"}.get(change, "trip/a.jpg")
    assert states[changed] is (State.MISSING if change == "delete" else State.QUEUED)
    assert states["c.jpg"] is State.DONE


async def test_a_folder_that_is_gone_is_seen_and_comes_back(inbox: Inbox) -> None:
    inbox.write("trip/day/a.jpg")
    inbox.write("c.jpg")
    await settle(inbox)
    (inbox.folder / "trip").rename(inbox.folder.parent / "away")
    await inbox.scan()
    assert (await inbox.states())["trip/day/a.jpg"] is State.MISSING
    (inbox.folder.parent / "away").rename(inbox.folder / "trip")
    await inbox.scan()
    assert (await inbox.states())["trip/day/a.jpg"] is State.DONE


async def test_a_file_that_a_hint_missed_for_a_moment_comes_back_though_its_folder_looks_as_before(
    inbox: Inbox,
) -> None:
    path = inbox.write("trip/a.jpg")
    await settle(inbox)
    folder = path.parent.rename(inbox.folder.parent / "away")
    await inbox.hint("trip/a.jpg")
    assert (await inbox.states())["trip/a.jpg"] is State.MISSING
    folder.rename(inbox.folder / "trip")
    await inbox.scan()
    assert (await inbox.states())["trip/a.jpg"] is State.DONE


async def test_a_ledger_that_counts_otherwise_is_compared_in_full(inbox: Inbox) -> None:
    """Whatever went wrong with a shortcut, it lasts for one scan."""
    inbox.write("trip/a.jpg")
    await settle(inbox)
    row = await inbox.row("trip/a.jpg")
    await inbox.set_state(row.id, State.MISSING)
    await inbox.scan()
    await inbox.scan()
    assert (await inbox.states())["trip/a.jpg"] is State.DONE


def test_a_digest_does_not_depend_on_the_order_of_a_listing(tmp_path: Path, database_url: str) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder, names in ((first, "abc"), (second, "cba")):
        folder.mkdir()
        for name in names:
            os.link(_source(tmp_path, name), folder / name)
    (one,), (other,) = walk_folders(str(first)), walk_folders(str(second))
    assert one.snapshot == other.snapshot
    assert one.snapshot.count == 3


def _source(folder: Path, name: str) -> Path:
    path = folder / f"source {name}"
    if not path.exists():
        path.write_text(name)
    return path
