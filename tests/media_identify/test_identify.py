"""One sequential read tells what a file is."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import piexif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import NotMedia, SourceVanished
from core.media import formats
from core.media.facts import Exif, Identity
from core.media.identify import identify
from core.media.metadata import Metadata, Said, WrittenTime, value_of


def photo(path: Path) -> bytes:
    exif = {
        "0th": {piexif.ImageIFD.Model: b"Praktica"},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: b"2024:07:26 14:30:25"},
    }
    Image.new("RGB", (32, 24), "teal").save(path, "JPEG", exif=piexif.dump(exif))
    return path.read_bytes()


def test_a_photo_is_hashed_named_and_read(tmp_path: Path) -> None:
    path = tmp_path / "upload-without-extension"
    content = photo(path)
    assert identify(str(path), "IMG_1.JPG") == Identity(
        size=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        format=formats.JPEG,
        exif=Exif(
            camera="Praktica",
            date_time_original="2024-07-26T14:30:25",
            date_time="2024-07-26T14:30:25",
        ),
        metadata=Metadata(
            model=Said("Praktica", "exif:Model"),
            taken=Said(WrittenTime(datetime(2024, 7, 26, 14, 30, 25)), "exif:DateTimeOriginal"),
        ),
    )


def test_a_video_brings_its_utc_time_and_duration(tmp_path: Path) -> None:
    header = struct.pack(">I4s4xIIII80x", 108, b"mvhd", 2_082_844_800 + 86_400, 0, 1000, 2500)
    path = tmp_path / "film.mp4"
    path.write_bytes(struct.pack(">I4s4s4xI4s", 16, b"ftyp", b"mp42", 8 + len(header), b"moov") + header)
    found = identify(str(path), "film.mp4")
    assert found.format == formats.MP4
    assert value_of(found.metadata.container_time) == datetime(1970, 1, 2, tzinfo=UTC)
    assert value_of(found.metadata.duration) == 2.5


@pytest.mark.parametrize("content", [b"", b"<html>404 Not Found</html>", b"Dear diary"])
def test_what_is_no_media_is_hashed_and_has_no_format(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    found = identify(str(path), "photo.jpg")
    assert (found.format, found.size, found.exif, found.warnings) == (None, len(content), Exif(), ())
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_the_name_it_came_with_tells_a_raw_from_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "tmp1234"
    Image.new("RGB", (8, 8)).save(path, "TIFF")
    assert identify(str(path), "scan.tif").format == formats.TIFF
    assert identify(str(path), "scan.dng").format == formats.DNG


def test_broken_metadata_is_told_and_the_file_identified_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    content = photo(path).replace(b"Exif\0\0MM", b"Exif\0\0??")
    path.write_bytes(content)
    found = identify(str(path), "broken.jpg")
    assert found.format == formats.JPEG
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.exif == Exif()
    (warning,) = found.warnings
    assert warning.startswith("Some metadata of this JPEG file is broken and was left unread")


def test_a_cut_off_item_directory_is_told_and_fails_nothing(tmp_path: Path) -> None:
    entry = struct.pack(">I4s4sHH4sx", 21, b"infe", b"\2\0\0\0", 1, 0, b"Exif")
    names = struct.pack(">I4s4xH", 14 + len(entry), b"iinf", 1) + entry
    places = struct.pack(">I4s4xHH", 16, b"iloc", 0x4400, 7)
    meta = struct.pack(">I4s4x", 12 + len(names) + len(places), b"meta") + names + places
    path = tmp_path / "cut.heic"
    path.write_bytes(struct.pack(">I4s4s4x", 16, b"ftyp", b"heic") + meta)
    found = identify(str(path), "cut.heic")
    assert found.format == formats.HEIC
    assert "iloc" in found.warnings[0]


def test_a_missing_file_and_a_folder_raise_what_the_ledger_understands(tmp_path: Path) -> None:
    with pytest.raises(SourceVanished):
        identify(str(tmp_path / "gone.jpg"), "gone.jpg")
    with pytest.raises(NotMedia):
        identify(str(tmp_path), "folder.jpg")


def test_reading_changes_neither_bytes_nor_times(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    content = photo(path)
    os.utime(path, ns=(1, 2))
    identify(str(path), "a.jpg")
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == 2


STARTS = (
    b"",
    b"\xff\xd8\xff\xe1\0\x40Exif\0\0",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0\x08\0\0\0",
    b"\0\0\0\x10ftypheic\0\0\0\0",
    b"\0\0\0\x10ftypqt  \0\0\0\0",
    b"RIFF\xff\0\0\0AVI ",
    b"RIFF\xff\0\0\0WEBPVP8X",
    b"FUJIFILMCCD-RAW 0201",
)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(STARTS),
    st.binary(max_size=400),
)
def test_any_bytes_end_in_an_identity_that_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(start + rest)
    found = identify(str(path), "any.jpg")
    assert found.size == len(start + rest)
    assert "\\u0000" not in msgspec.json.encode(found).decode()


def test_the_main_process_pays_for_no_metadata_reader() -> None:
    code = (
        "import sys, core.media.formats, core.media.capture_time\n"
        "print(sorted({'PIL', 'numpy', 'cv2', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
