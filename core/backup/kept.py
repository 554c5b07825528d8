"""Which backups are there, and which of them go?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"pictallion-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z(?:-([a-z-]+))?\.tar\.gz")


@dataclass(frozen=True)
class Backup:
    """A backup's file. ``label`` says why it was made if not by the nightly pass; such a one stays until somebody
    removes it.
    """

    path: Path
    made_at: datetime
    label: str | None
    size: int


def name_of(made_at: datetime, label: str | None = None) -> str:
    """What a backup's file is called; sorted by name, they are sorted by time."""
    stamp = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    return f"pictallion-{stamp}{f'-{label}' if label else ''}.tar.gz"


def backups(folder: Path) -> list[Backup]:
    """Those in a folder, newest first. What has another name is not ours."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if (match := _NAME.fullmatch(path.name)) is not None:
            made_at = datetime.strptime(match[1], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
            found.append(Backup(path, made_at, match[2], path.stat().st_size))
    return sorted(found, key=lambda backup: backup.path.name, reverse=True)


def superfluous(found: Sequence[Backup], daily: int, monthly: int) -> list[Backup]:
    """Those that go when the newest of each of the last ``daily`` days and ``monthly`` months that have one are kept.

    The newest of all stays in any case, and so do those with a label.
    """
    ordered = sorted((backup for backup in found if backup.label is None), key=lambda each: each.made_at, reverse=True)
    kept = set(ordered[:1])
    for count, form in ((daily, "%Y-%m-%d"), (monthly, "%Y-%m")):
        newest: dict[str, Backup] = {}
        for backup in ordered:
            newest.setdefault(backup.made_at.strftime(form), backup)
        kept.update(list(newest.values())[:count])
    return [backup for backup in ordered if backup not in kept]
