"""How programs bring files into a folder: one function per program, called from a process of its own.

``source`` is a file that lies ready elsewhere, ``target`` the name that it shall have in the end. ``pause`` is how long
the program rests in the middle [s]. Each returns the modification time that the file has in the end [ns].
"""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Writer = Callable[[Path, Path, float], int]


def _halves(source: Path) -> tuple[bytes, bytes]:
    data = source.read_bytes()
    return data[: len(data) // 2], data[len(data) // 2 :]


def _in_two_pieces(source: Path, name: Path, pause: float) -> None:
    first, second = _halves(source)
    with name.open("wb") as file:
        file.write(first)
        file.flush()
        time.sleep(pause)
        file.write(second)


def _under_another_name(source: Path, target: Path, name: str, pause: float, *, keep_time: bool) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(name)
    _in_two_pieces(source, temporary, pause)
    if keep_time:
        shutil.copystat(source, temporary)
    written = temporary.stat().st_mtime_ns
    temporary.rename(target)
    return written


def syncthing(source: Path, target: Path, pause: float) -> int:
    """``.syncthing.name.tmp``, the time of the sender, then the name."""
    return _under_another_name(source, target, f".syncthing.{target.name}.tmp", pause, keep_time=True)


def rsync(source: Path, target: Path, pause: float) -> int:
    """``.name.XXXXXX`` with ``-t``."""
    return _under_another_name(source, target, f".{target.name}.{secrets.token_hex(3)}", pause, keep_time=True)


def nextcloud(source: Path, target: Path, pause: float) -> int:
    """The server assembles an upload under a name of its own."""
    name = f"{target.name}.ocTransferId{random.randrange(10**9)}.part"
    return _under_another_name(source, target, name, pause, keep_time=True)


def firefox(source: Path, target: Path, pause: float) -> int:
    """An empty file holds the name while ``.part`` grows; then that replaces it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    return _under_another_name(source, target, f"{target.name}.part", pause, keep_time=False)


def chromium(source: Path, target: Path, pause: float) -> int:
    """``.crdownload``, then the name."""
    return _under_another_name(source, target, f"{target.name}.crdownload", pause, keep_time=False)


def airdrop(source: Path, target: Path, pause: float) -> int:
    """A hidden file that is renamed over what is there."""
    return _under_another_name(source, target, f".com.apple.{secrets.token_hex(4)}", pause, keep_time=True)


def smb(source: Path, target: Path, pause: float) -> int:
    """A slow copy over the network: under its own name, in pieces, the descriptor open all the time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    first, second = _halves(source)
    with target.open("wb") as file:
        file.write(first)
        file.flush()
        time.sleep(pause)
        file.write(second)
        file.flush()
        return os.fstat(file.fileno()).st_mtime_ns


def smb_reopened(source: Path, target: Path, pause: float) -> int:
    """As :func:`smb`, but the file is closed between the pieces."""
    target.parent.mkdir(parents=True, exist_ok=True)
    first, second = _halves(source)
    target.write_bytes(first)
    time.sleep(pause)
    with target.open("ab") as file:
        file.write(second)
        file.flush()
        return os.fstat(file.fileno()).st_mtime_ns


def cp_p(source: Path, target: Path, pause: float) -> int:
    """``cp -p``: under its own name, with the old modification time at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _in_two_pieces(source, target, pause)
    shutil.copystat(source, target)
    return source.stat().st_mtime_ns


PROGRAMS: dict[str, Writer] = {
    writer.__name__: writer
    for writer in (syncthing, rsync, nextcloud, firefox, chromium, airdrop, smb, smb_reopened, cp_p)
}


def write(program: str, source: Path, target: Path, pause: float = 0.0) -> subprocess.Popen[str]:
    """Lets ``program`` bring a file, in a process of its own."""
    arguments = ["one", program, str(source), str(target), str(pause)]
    return subprocess.Popen([sys.executable, __file__, *arguments], text=True)


def sync(jobs: Path, seconds: float, report: Path) -> subprocess.Popen[str]:
    """Brings many files, spread over ``seconds``, in a process of its own.

    ``jobs`` holds one JSON list per line: program, source, target. For each file that is complete, ``report`` gets the
    target and its modification time.
    """
    arguments = ["many", str(jobs), str(seconds), str(report)]
    return subprocess.Popen([sys.executable, __file__, *arguments], text=True)


def burst(folder: Path, files: int) -> subprocess.Popen[str]:
    """Makes so many tiny files in new, nested folders, as fast as it goes, in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, "burst", str(folder), str(files)], text=True)


def burst_paths(files: int) -> list[str]:
    """The files that :func:`burst` makes, relative to its folder."""
    return [f"{number // 2_000}/{number // 100}/{number % 3}/IMG_{number}.jpg" for number in range(files)]


def _burst(folder: str, files: int) -> None:
    made: set[str] = set()
    for number, path in enumerate(burst_paths(files)):
        target = f"{folder}/{path}"
        parent = target.rpartition("/")[0]
        if parent not in made:
            Path(parent).mkdir(parents=True)
            made.add(parent)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, b"%d" % number)
        os.close(descriptor)


def _many(jobs: Path, seconds: float, report: Path) -> None:
    lines = jobs.read_text().splitlines()
    began = time.monotonic()
    with report.open("w") as done:
        for number, line in enumerate(lines):
            time.sleep(max(0.0, began + seconds * number / len(lines) - time.monotonic()))
            program, source, target = json.loads(line)
            written = PROGRAMS[program](Path(source), Path(target), 0.02)
            done.write(json.dumps([target, written]) + "\n")
            done.flush()


if __name__ == "__main__":
    if sys.argv[1] == "one":
        PROGRAMS[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]), float(sys.argv[5]))
    elif sys.argv[1] == "burst":
        _burst(sys.argv[2], int(sys.argv[3]))
    else:
        _many(Path(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
