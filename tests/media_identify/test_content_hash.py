"""Files of others are opened with care and hashed in one read."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import NotMedia, SourceChanged, SourceUnreadable, SourceVanished
from core.media.content_hash import ContentHash, hash_file, hash_source
from core.media.source_file import open_source, shown


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_both_hashes_are_those_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    file = tmp_path / "a"
    file.write_bytes(content)
    found = hash_file(str(file))
    assert found.size == size
    assert found.md5 == hashlib.md5(content).hexdigest()
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_the_first_bytes_come_with_the_hashes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"0123456789")
    with open_source(str(file)) as source:
        assert hash_source(source, head_size=4).head == b"0123"
        assert hash_source(source, head_size=99).head == b"0123456789"


def test_the_first_bytes_may_be_more_than_one_buffer(tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    file = tmp_path / "a"
    file.write_bytes(content)
    with open_source(str(file)) as source:
        assert hash_source(source, head_size=2_000_000).head == content[:2_000_000]


def hash_while(file: Path, meddle: Callable[[], object], *, before_reading: bool = False) -> ContentHash:
    """Hash a file that is meddled with while it is open."""
    with open_source(str(file)) as source:
        if before_reading:
            meddle()
        content = hash_source(source)
        if not before_reading:
            meddle()
    return content


def append(file: Path, content: bytes) -> None:
    with file.open("ab") as writer:
        writer.write(content)


def test_a_file_that_grows_after_it_was_read_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "grows.jpg"
    file.write_bytes(b"half")
    with pytest.raises(SourceChanged, match=r"grows\.jpg changed while it was read\. It is taken in once it rests"):
        hash_while(file, lambda: append(file, b" and the rest"))


def test_a_file_that_shrinks_while_it_is_read_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "shrinks.jpg"
    file.write_bytes(b"whole")
    with pytest.raises(SourceChanged):
        hash_while(file, lambda: os.truncate(file, 2), before_reading=True)


def test_a_file_rewritten_with_the_same_size_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "rewritten.jpg"
    file.write_bytes(b"before")
    os.utime(file, ns=(0, 1_000_000_000))
    with pytest.raises(SourceChanged):
        hash_while(file, lambda: file.write_bytes(b"after."))


def test_a_file_that_is_only_read_by_others_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "rests.jpg"
    file.write_bytes(b"whole")
    assert hash_while(file, file.read_bytes).size == 5


def test_more_bytes_than_the_file_had_are_not_believed_even_if_its_size_is_restored(tmp_path: Path) -> None:
    file = tmp_path / "flickers.jpg"
    file.write_bytes(b"half")
    with open_source(str(file)) as source:
        longer = replace(source, size=3)
        with pytest.raises(SourceChanged):
            hash_source(longer)


def test_a_missing_file_has_vanished(tmp_path: Path) -> None:
    with pytest.raises(SourceVanished, match=r"gone\.jpg was gone"):
        hash_file(str(tmp_path / "gone.jpg"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "socket", "device"])
def test_only_regular_files_are_opened_and_nothing_blocks(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "thing.jpg"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "real.jpg").write_bytes(b"x")
        path.symlink_to("real.jpg")
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # the address of a socket is limited to about 100 bytes
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("thing.jpg")
    else:
        path = Path("/dev/null")
    with pytest.raises(NotMedia, match=r"not a regular file\. It is left alone\."):
        hash_file(str(path))


def test_a_name_longer_than_the_file_system_allows_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        hash_file(str(tmp_path / ("a" * 300)))


@pytest.mark.parametrize(
    "number, sentence",
    [
        (errno.EIO, "cannot be read (Input/output error). It is tried again later."),
        (errno.EACCES, "may not be read by this user (Permission denied). It is tried again later"),
    ],
)
def test_a_refusal_of_the_system_makes_the_file_unreadable(tmp_path: Path, number: int, sentence: str) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"x")
    with pytest.raises(SourceUnreadable, match=re.escape(sentence)), open_source(str(file)):
        raise OSError(number, os.strerror(number))


def test_a_refused_folder_leaves_nothing_open(tmp_path: Path) -> None:
    before = os.listdir("/dev/fd")  # noqa: PTH208 - the listing itself is one of them both times
    with pytest.raises(NotMedia):
        hash_file(str(tmp_path))
    assert os.listdir("/dev/fd") == before  # noqa: PTH208


def test_the_file_is_closed_even_if_reading_it_fails(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"x")
    with pytest.raises(LookupError), open_source(str(file)) as source:
        raise LookupError
    assert source.stream.closed


def test_a_name_that_is_no_utf8_is_read_and_shown_in_escapes(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.jpg")
    with pytest.raises(SourceVanished) as caught:
        hash_file(path)
    assert r"/caf\xe9\n.jpg was gone" in str(caught.value)
    assert str(caught.value).encode("utf-8")
    Path(path).write_bytes(b"x")
    assert hash_file(path).size == 1


def test_names_in_any_language_are_shown_as_they_are() -> None:
    assert shown("/fotos/Zürich – 東京 🏔.jpg") == "/fotos/Zürich – 東京 🏔.jpg"
