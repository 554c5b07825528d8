"""What is passed over, and that the reason can be told.

What lines of an ignore file mean was checked with `git check-ignore` on the same trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.pipeline.states import State
from daemon.intake.rules import Rules, reason_to_ignore
from daemon.intake.scanner import walk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.intake.conftest import Inbox


def tree(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def seen(folder: Path, rules: Rules | None = None) -> set[str]:
    """What a walk finds; a look at each single path must say the same."""
    rules = rules or Rules()
    found = {sighting.path for sighting in walk(str(folder), rules=rules)}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {path for path in files if reason_to_ignore(rules, str(folder), path) is None}
    return found


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ("*.png", {"a.jpg", "trip/b.jpg", "trip/deep/c.jpg"}),
        ("/a.jpg", {"trip/b.jpg", "trip/deep/c.jpg", "s.png", "trip/t.png"}),
        ("b.jpg", {"a.jpg", "trip/deep/c.jpg", "s.png", "trip/t.png"}),
        ("trip/", {"a.jpg", "s.png"}),
        ("trip/*.jpg", {"a.jpg", "trip/deep/c.jpg", "s.png", "trip/t.png"}),
        ("trip/**/*.jpg", {"a.jpg", "s.png", "trip/t.png"}),
        ("*.png\n!s.png", {"a.jpg", "trip/b.jpg", "trip/deep/c.jpg", "s.png"}),
        # what lies in an ignored folder cannot be taken back
        ("trip/\n!trip/b.jpg", {"a.jpg", "s.png"}),
        ("*\n!*.jpg", {"a.jpg"}),
        ("# a comment\n\n", {"a.jpg", "trip/b.jpg", "trip/deep/c.jpg", "s.png", "trip/t.png"}),
    ],
)
def test_an_ignore_file_means_what_gitignore_means(tmp_path: Path, lines: str, kept: set[str]) -> None:
    tree(tmp_path, "a.jpg", "s.png", "trip/b.jpg", "trip/t.png", "trip/deep/c.jpg")
    (tmp_path / ".pictallionignore").write_text(lines)
    assert seen(tmp_path) == kept


def test_an_ignore_file_in_a_folder_counts_below_it_and_before_those_above(tmp_path: Path) -> None:
    tree(tmp_path, "a.png", "trip/b.png", "trip/b.jpg", "trip/c/d.png")
    (tmp_path / ".pictallionignore").write_text("*.png")
    (tmp_path / "trip" / ".pictallionignore").write_text("!b.png\n/b.jpg")
    assert seen(tmp_path) == {"trip/b.png"}


def test_android_s_file_hides_its_folder_and_all_below(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "cache/.nomedia", "cache/b.jpg", "cache/deep/c.jpg")
    assert seen(tmp_path) == {"a.jpg"}
    assert reason_to_ignore(Rules(), str(tmp_path), "cache/deep/c.jpg") == (
        "lies in cache, where a .nomedia file says that there are no photos"
    )


def test_only_what_is_included_and_not_excluded_is_taken(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "Camera/b.jpg", "Camera/c.png", "Camera/Trash/d.jpg", "Screenshots/e.jpg")
    assert seen(tmp_path, Rules(include=("/Camera/",))) == {"Camera/b.jpg", "Camera/c.png", "Camera/Trash/d.jpg"}
    assert seen(tmp_path, Rules(include=("*.jpg",), exclude=("Trash/", "/Screenshots/"))) == {"a.jpg", "Camera/b.jpg"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("x.jpg", None),
        (".x.jpg.A1b2C3", "files in transit"),
        (".stversions/x.jpg", "a folder of other programs"),
        ("raw/x.jpg", "ignored by the line 'raw/' of .pictallionignore"),
        ("x.gif", "excluded by '*.gif' in [[watch]] exclude"),
        ("x.png", "fits none of the patterns in [[watch]] include"),
    ],
)
def test_the_reason_can_be_told(tmp_path: Path, path: str, words: str | None) -> None:
    (tmp_path / ".pictallionignore").write_text("raw/")
    tree(tmp_path, path)
    rules = Rules(include=("*.jpg", "*.gif"), exclude=("*.gif",))
    reason = reason_to_ignore(rules, str(tmp_path), path)
    assert (reason is None) if words is None else (reason is not None and words in reason)


def test_a_line_that_means_nothing_hides_nothing(tmp_path: Path) -> None:
    tree(tmp_path, "a.jpg", "b.png")
    (tmp_path / ".pictallionignore").write_bytes(b"!\n*.png\n\xff\xfe\n")
    assert seen(tmp_path) == {"a.jpg"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_rules_take_nothing_back_and_count_from_the_next_scan(inbox: Inbox) -> None:
    inbox.write("trip/a.png")
    inbox.write("b.jpg")
    await inbox.scan()
    await inbox.take()
    inbox.write(".pictallionignore", b"*.png\n")
    inbox.write("trip/new.png")
    inbox.write("new.jpg")
    await inbox.scan()
    await inbox.hint("trip/a.png", "trip/new.png")
    states = await inbox.states()
    assert states == {"trip/a.png": State.DONE, "b.jpg": State.DONE, "new.jpg": State.QUEUED}
    (inbox.folder / ".pictallionignore").unlink()
    await inbox.scan()
    assert (await inbox.states())["trip/new.png"] is State.QUEUED
