"""Does our reader say what exiftool says? Every value of every source, field by field.

    python -m tests.referee.reading FOLDER…

Needs the system package exiftool, so it is no part of the test suite. A value that only one of the two has, or that
differs, is explained by a rule with its reason below, or counts as unexplained; then the exit code is 1. ``--list``
names every difference.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.media import formats
from core.media.identify import read_sources
from core.media.metadata import Metadata, Said
from core.media.precedence import Source
from tests.referee.comparing import explain, same, theirs_of
from tests.referee.fields import FIELDS

_BATCH = 200
_OPTIONS = ("-json", "-n", "-struct", "-G1", "-a", "-q", "-q", "-api", "LargeFileSupport=1")


@dataclass(frozen=True)
class Difference:
    """One value on which the two disagree; ``reason`` is ``None`` where nothing explains it."""

    file: Path
    source: Source
    field: str
    ours: object
    theirs: object
    reason: str | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="name every difference")
    options = parser.parse_args()
    files = sorted(file for folder in options.folders for file in _files(folder))
    agreed: Counter[str] = Counter()
    having: defaultdict[str, set[Path]] = defaultdict(set)
    differences: list[Difference] = []
    count = 0
    for file, tags in _with_exiftool(files):
        sources = _ours(file)
        if sources is None:
            continue
        count += 1
        for source, field, ours, theirs in _values(sources, tags):
            having[field].add(file)
            if same(field, ours, theirs):
                agreed[field] += 1
            else:
                reason = explain(field, ours, theirs, sources.get(source, Metadata()))
                differences.append(Difference(file, source, field, ours, theirs, reason))
    _report(count, having, agreed, differences, options.list)
    return 1 if any(difference.reason is None for difference in differences) else 0


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in ([folder] if folder.is_file() else folder.rglob("*")) if path.is_file())


def _with_exiftool(files: list[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every file with its tags as ``group:name``, in exiftool's numbers."""
    for at in range(0, len(files), _BATCH):
        batch = files[at : at + _BATCH]
        command = [
            "exiftool",
            "-json",
            "-n",
            "-struct",
            "-G1",
            "-a",
            "-q",
            "-q",
            "-api",
            "LargeFileSupport=1",
            "-@",
            "-",
        ]
        answer = subprocess.run(command, input="\n".join(map(str, batch)), capture_output=True, text=True, check=False)
        # numbers stay texts: a version 1.00 is not 1
        answers = json.loads(answer.stdout or "[]", parse_float=str, parse_int=str)
        by_name = {item["SourceFile"]: item for item in answers}
        yield from ((file, by_name.get(str(file), {})) for file in batch)


def _ours(file: Path) -> dict[Source, Metadata] | None:
    """``None`` for what is no photo or video."""
    with file.open("rb") as stream:
        known = formats.sniff(stream.read(formats.HEAD_SIZE), file.name)
        return None if known is None else read_sources(stream, file.stat().st_size, known)[0]


def _values(
    sources: dict[Source, Metadata], tags: dict[str, Any]
) -> Iterator[tuple[Source, str, Said[Any] | None, dict[str, Any]]]:
    """Each field that either has, by source: our value and exiftool's tags for it."""
    for source, fields in FIELDS.items():
        for field in fields:
            ours = getattr(sources.get(source, Metadata()), field)
            theirs = theirs_of(source, field, tags)
            if ours is not None or theirs:
                yield source, field, ours, theirs


def _report(
    count: int,
    having: dict[str, set[Path]],
    agreed: Counter[str],
    differences: list[Difference],
    is_long: bool,
) -> None:
    explained = Counter(difference.field for difference in differences if difference.reason)
    unexplained = Counter(difference.field for difference in differences if not difference.reason)
    print(f"{count} files\n{'field':20} {'files':>6} {'agreed':>7} {'explained':>10} {'unexplained':>12}")
    for field in dict.fromkeys(field for fields in FIELDS.values() for field in fields):
        if having.get(field):
            numbers = f"{agreed[field]:7} {explained[field]:10} {unexplained[field]:12}"
            print(f"{field:20} {len(having[field]):6} {numbers}")
    print(f"{'all':20} {'':6} {agreed.total():7} {explained.total():10} {unexplained.total():12}\n\nExplained:")
    for reason, times in Counter(difference.reason for difference in differences if difference.reason).most_common():
        print(f"{times:5}  {reason}")
    for difference in differences:
        if is_long or difference.reason is None:
            print(
                f"{'explained' if difference.reason else 'UNEXPLAINED'}: {difference.file}: {difference.source} "
                f"{difference.field}: ours {difference.ours!r}, exiftool {difference.theirs!r}"
            )


if __name__ == "__main__":
    sys.exit(main())
