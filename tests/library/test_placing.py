"""A file is in the library whole or not at all, whatever happens in between."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import PlacementFailed, SourceVanished, VerificationFailed
from core.library import placing
from core.library.placing import discard, place_bytes, place_copy, place_link, replace_bytes, temporary_name

CONTENT = os.urandom(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MTIME_NS = 1_234_567_890_123_456_789


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    path.write_bytes(CONTENT)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    return path


def everything_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_copy_has_the_same_bytes_and_time_and_is_read_only(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "library" / "2024" / "07" / "photo.jpg"
    place_copy(str(source), target, SHA256, MTIME_NS)
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mtime_ns == MTIME_NS
    assert target.stat().st_mode & 0o777 == 0o444
    assert everything_below(tmp_path / "library") == ["2024/07/photo.jpg"]
    assert source.stat().st_mtime_ns == MTIME_NS
    assert source.read_bytes() == CONTENT


def test_a_source_that_is_not_what_was_read_before_is_not_placed(source: Path, tmp_path: Path) -> None:
    source.write_bytes(CONTENT[:-1])
    with pytest.raises(VerificationFailed, match=r"photo\.jpg.*source left as it is.*tried again"):
        place_copy(str(source), tmp_path / "library" / "photo.jpg", SHA256, MTIME_NS)
    assert everything_below(tmp_path / "library") == []


def test_an_existing_file_is_never_overwritten(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "photo.jpg"
    target.write_bytes(b"somebody's")
    with pytest.raises(PlacementFailed):
        place_copy(str(source), target, SHA256, MTIME_NS)
    with pytest.raises(PlacementFailed):
        place_bytes(b"other", target)
    with pytest.raises(PlacementFailed):
        place_link(source, target, SHA256)
    assert target.read_bytes() == b"somebody's"
    assert everything_below(tmp_path) == ["photo.jpg", "source.jpg"]


def test_a_vanished_source_is_told_apart_from_a_failed_copy(tmp_path: Path) -> None:
    with pytest.raises(SourceVanished):
        place_copy(str(tmp_path / "gone.jpg"), tmp_path / "library" / "photo.jpg", SHA256, MTIME_NS)
    assert everything_below(tmp_path) == []


def test_bronze_and_silver_share_one_inode(source: Path, tmp_path: Path) -> None:
    bronze, silver = tmp_path / "bronze.jpg", tmp_path / "silver" / "silver.jpg"
    place_copy(str(source), bronze, SHA256, MTIME_NS)
    place_link(bronze, silver, SHA256)
    assert silver.stat().st_ino == bronze.stat().st_ino


@pytest.mark.parametrize("refusal", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_gets_verified_copies(
    source: Path, tmp_path: Path, refusal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # there is no file system without links to mount in a test; the refusal is what such a one answers
    def refuse(*_: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(placing.os, "link", refuse)
    bronze, silver = tmp_path / "bronze.jpg", tmp_path / "silver.jpg"
    place_copy(str(source), bronze, SHA256, MTIME_NS)
    place_link(bronze, silver, SHA256)
    assert silver.read_bytes() == CONTENT
    assert silver.stat().st_ino != bronze.stat().st_ino
    with pytest.raises(PlacementFailed):
        place_copy(str(source), silver, SHA256, MTIME_NS)
    assert everything_below(tmp_path) == ["bronze.jpg", "silver.jpg", "source.jpg"]


def test_a_full_disk_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    """A process that may write 100 kB per file, as a full disk stops a copy of 300 kB."""
    script = (
        "import resource, signal, sys; from pathlib import Path; from core.library.placing import place_copy;"
        "from core.errors import PlacementFailed;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "\ntry: place_copy(sys.argv[1], Path(sys.argv[2]), sys.argv[3], 0)"
        "\nexcept PlacementFailed as error: print(error)"
    )
    target = tmp_path / "library" / "photo.jpg"
    command = [sys.executable, "-c", script, str(source), str(target), SHA256]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "photo.jpg could not be placed" in told
    assert "Nothing was left behind" in told
    assert everything_below(tmp_path / "library") == []


def test_names_that_are_not_utf8_can_be_sources(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(path, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(CONTENT)
    place_copy(os.fsdecode(path), tmp_path / "photo.jpg", SHA256, MTIME_NS)
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT


def test_what_a_crash_left_under_the_temporary_name_is_in_nobodys_way(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "library" / "photo.jpg"
    target.parent.mkdir()
    temporary_name(target).write_bytes(b"half")
    place_copy(str(source), target, SHA256, MTIME_NS)
    assert everything_below(target.parent) == ["photo.jpg"]


def test_discarding_removes_the_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "photo.jpg"
    for path in (target, tmp_path / "other.jpg"):
        path.write_bytes(b"x")
    discard(target)
    discard(target)
    assert everything_below(tmp_path) == ["other.jpg"]


def test_a_rendered_picture_is_replaced_at_once(tmp_path: Path) -> None:
    target = tmp_path / "ab" / "thumbnail.jpeg"
    replace_bytes(b"old", target)
    replace_bytes(b"new", target)
    assert target.read_bytes() == b"new"
    assert everything_below(tmp_path) == ["ab/thumbnail.jpeg"]
