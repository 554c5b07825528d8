"""Converted networks are built once, and never used when they are not what was built."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import core
from core.media.models.prepared import prepared

_CONTENT = bytes(range(256)) * 1000


def _refuse() -> bytes:
    raise AssertionError("the network was built a second time")


def test_a_network_is_built_once_and_found_afterwards(tmp_path: Path) -> None:
    cache = tmp_path / "not" / "there" / "yet"
    path = prepared(cache, "net-1.onnx", lambda: _CONTENT)
    assert path == cache / "net-1.onnx"
    assert path.read_bytes() == _CONTENT
    assert prepared(cache, "net-1.onnx", _refuse) == path


def test_a_new_version_is_built_beside_the_old_one(tmp_path: Path) -> None:
    prepared(tmp_path, "net-1.onnx", lambda: b"old")
    assert prepared(tmp_path, "net-2.onnx", lambda: b"new").read_bytes() == b"new"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: len(_CONTENT) // 2])


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[777] ^= 4
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _lose_the_checksum(path: Path) -> None:
    path.with_name(f"{path.name}.sha256").unlink()


@pytest.mark.parametrize("damage", [_cut, _flip_a_bit, _empty, _lose_the_checksum, Path.unlink])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(prepared(tmp_path, "net-1.onnx", lambda: _CONTENT))
    assert prepared(tmp_path, "net-1.onnx", lambda: _CONTENT).read_bytes() == _CONTENT
    prepared(tmp_path, "net-1.onnx", _refuse)


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        prepared(tmp_path / "cache", "net-1.onnx", _refuse)
    assert list(tmp_path.rglob("*.*")) == []


def test_a_cache_that_cannot_be_written_is_an_error_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "net-1.onnx.sha256").mkdir()
    with pytest.raises(OSError):
        prepared(tmp_path, "net-1.onnx", lambda: _CONTENT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net-1.onnx", "net-1.onnx.sha256"]


_BUILD_WHEN_TOLD = """
import sys
from pathlib import Path
from core.media.models.prepared import prepared

def build():
    print("building", flush=True)
    sys.stdin.readline()
    return bytes(range(256)) * 1000

print(prepared(Path(sys.argv[1]), "net-1.onnx", build), flush=True)
"""


def test_two_processes_that_build_at_once_both_end_with_an_intact_file(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _BUILD_WHEN_TOLD, str(tmp_path)],
            cwd=Path(core.__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "building\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert Path(output.strip()).read_bytes() == _CONTENT
    assert prepared(tmp_path, "net-1.onnx", _refuse).read_bytes() == _CONTENT
    assert len(list(tmp_path.iterdir())) == 2
