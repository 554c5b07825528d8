"""exiftool as a process that stays, and answers for one file after the other."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

_OPTIONS = (
    *("-j", "-G0:1:4", "-a", "-U", "-n", "-struct", "-b", "-validate", "-api", "LargeFileSupport=1"),
    *("-all", "-icc_profile", "-trailer:all"),
)
_READY = b"{ready}\n"


class ExifTool:
    """A running exiftool; use it as a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["exiftool", "-stay_open", "True", "-@", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> ExifTool:
        return self

    def __exit__(self, *_: object) -> None:
        self._send("-stay_open", "False")
        self._process.wait()

    def _send(self, *lines: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._process.stdin.flush()

    def read(self, path: Path) -> dict[str, Any]:
        """Every tag of a file, by its groups and name (``EXIF:IFD0:Make``, with copy numbers where there are several);
        binary values as base64."""
        assert self._process.stdout is not None
        self._send(*_OPTIONS, str(path), "-execute")
        answer = b""
        while not answer.endswith(_READY):
            line = self._process.stdout.readline()
            assert line, "exiftool ended"
            answer += line
        (tags,) = json.loads(answer[: -len(_READY)] or b"[{}]")
        assert isinstance(tags, dict)
        return tags


def multiset(tags: dict[str, Any]) -> Counter[tuple[str, str]]:
    """The tags without their copy numbers, each with its value as text."""
    counted: Counter[tuple[str, str]] = Counter()
    for name, value in tags.items():
        parts = [part for part in name.split(":") if not part.startswith("Copy")]
        counted[":".join(parts), json.dumps(value, sort_keys=True, ensure_ascii=False)] += 1
    return counted
