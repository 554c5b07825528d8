"""Walks a folder and says what is there: the truth that hints are only hints of.

No file is opened and no link followed. A folder that cannot be read is reported, not guessed about.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.pipeline.ledger import Signature
from daemon.intake.ignore import is_ignored_directory, is_ignored_file


@dataclass(frozen=True)
class Sighting:
    """Something below a root.

    ``oddity`` says, as the end of a sentence, why it cannot be taken; ``None`` for a regular file.
    """

    path: str
    signature: Signature
    oddity: str | None = None


@dataclass
class Unreadable:
    """The folders of one walk that could not be listed, with the system's words."""

    folders: dict[str, str] = field(default_factory=dict)


def walk(root: str, start: str = "", unreadable: Unreadable | None = None) -> Iterator[Sighting]:
    """Everything below ``start`` (relative to ``root``; empty for all of it), in no particular order."""
    pending = [start]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - names may not be UTF-8
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if not is_ignored_directory(entry.name):
                            pending.append(path)
                    elif not is_ignored_file(entry.name) and (sighting := _sighting(path, entry)) is not None:
                        yield sighting
        except OSError as error:
            if unreadable is not None:
                unreadable.folders[folder] = error.strerror or str(error)


def _sighting(path: str, entry: os.DirEntry[str]) -> Sighting | None:
    try:
        return _described(path, entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None


def look_at_path(root: str, path: str) -> Sighting | None:
    """The file at ``path``, or ``None`` when nothing, a folder or something to ignore is there.

    Raises :class:`OSError` when the system cannot tell: a folder above lost its permission, a share does not answer.
    """
    if any(is_ignored_directory(part) for part in path.split("/")[:-1]) or is_ignored_file(os.path.basename(path)):  # noqa: PTH119
        return None
    try:
        found = os.lstat(os.path.join(root, path))  # noqa: PTH118
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if stat.S_ISDIR(found.st_mode) else _described(path, found)


def _described(path: str, found: os.stat_result) -> Sighting:
    return Sighting(path, Signature.of(found), _oddity(found.st_mode))


def _oddity(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "is a symbolic link; links are not followed, what they lead to is taken where it lies"
    if stat.S_ISFIFO(mode):
        return "is a named pipe, not a file"
    if stat.S_ISSOCK(mode):
        return "is a socket, not a file"
    return "is a device, not a file"
