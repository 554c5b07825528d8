"""A walk sees every file once, opens none, follows no link and says what it could not read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from daemon.intake.ignore import is_ignored_directory, is_ignored_file
from daemon.intake.scanner import Unreadable, look_at_path, walk


def seen(root: Path, start: str = "") -> dict[str, str | None]:
    return {sighting.path: sighting.oddity for sighting in walk(str(root), start)}


def write(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_in_nested_folders_are_seen_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg")
    write(tmp_path / "2024" / "07" / "b.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert seen(tmp_path) == {"a.jpg": None, "2024/07/b.jpg": None}
    assert seen(tmp_path, "2024") == {"2024/07/b.jpg": None}


def test_links_are_told_and_not_followed_even_in_circles(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    found = seen(tmp_path)
    assert set(found) == {"real/a.jpg", "link.jpg", "real/loop", "broken.jpg"}
    assert all("symbolic link" in (found[path] or "") for path in ("link.jpg", "real/loop", "broken.jpg"))


def test_pipes_and_sockets_are_told_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
    found = seen(tmp_path)
    assert "named pipe" in (found["pipe.jpg"] or "")
    assert "socket" in (found["socket.jpg"] or "")


def test_names_that_are_not_utf8_are_seen(tmp_path: Path) -> None:
    name = b"caf\xe9\n\xf0\x9f\x8e\x82.jpg"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):  # noqa: PTH118, PTH123 - the name is bytes
        pass
    assert set(seen(tmp_path)) == {os.fsdecode(name)}


def test_a_vanished_root_is_reported_and_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    unreadable = Unreadable()
    assert list(walk(str(tmp_path / "gone"), unreadable=unreadable)) == []
    assert set(unreadable.folders) == {""}


@pytest.mark.parametrize(
    "name",
    [
        ".syncthing.IMG_1.jpg.tmp",
        "~syncthing~IMG_1.jpg.tmp",
        ".IMG_1.jpg.Xa3b9Q",
        "IMG_1.jpg.ocTransferId1234.part",
        "IMG_1.jpg.part",
        "IMG_1.jpg.crdownload",
        "IMG_1.JPG.PARTIAL",
        "IMG_1.jpg~",
        "~IMG_1.jpg",
        "._IMG_1.jpg",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
    ],
)
def test_files_in_transit_and_leftovers_of_systems_are_passed_over(name: str, tmp_path: Path) -> None:
    assert is_ignored_file(name)
    write(tmp_path / name)
    assert seen(tmp_path) == {}
    assert look_at_path(str(tmp_path), name) is None


@pytest.mark.parametrize("name", ["IMG_1.jpg", "Part 1.jpg", ".hidden.jpg", "a.tmp.jpg", "download.jpg", "~.d/a.jpg"])
def test_ordinary_names_are_not(name: str) -> None:
    assert not is_ignored_file(name.rpartition("/")[2])


@pytest.mark.parametrize("name", ["@eaDir", ".stversions", "#recycle", "$RECYCLE.BIN", ".Trash-1000", "__MACOSX"])
def test_what_lies_in_folders_of_other_programs_is_passed_over(name: str, tmp_path: Path) -> None:
    assert is_ignored_directory(name)
    write(tmp_path / name / "deep" / "a.jpg")
    assert seen(tmp_path) == {}
    assert look_at_path(str(tmp_path), f"{name}/deep/a.jpg") is None


def test_a_hint_about_a_folder_that_is_ignored_does_not_lead_into_it(tmp_path: Path) -> None:
    write(tmp_path / "trip" / ".stversions" / "deep" / "old.jpg")
    assert seen(tmp_path, "trip/.stversions") == {}
    assert seen(tmp_path, "trip/.stversions/deep") == {}
