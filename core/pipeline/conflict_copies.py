"""Copies that sync programs make when a file was changed in two places at once, told by the names they give them.

They are photos like any other, because nobody but a person can say which of the two is wanted. They are only marked.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

#: What each program puts between the name and the extension.
_PATTERNS: Final = (
    # https://docs.syncthing.net/users/syncing.html#conflicting-changes
    ("Syncthing", re.compile(r"\.sync-conflict-\d{8}-\d{6}(-[A-Z0-9]{7})?")),
    # https://docs.nextcloud.com/desktop/latest/conflicts.html; with a user's name also ownCloud's
    ("Nextcloud", re.compile(r" \(conflicted copy [^()]*\d{4}-\d\d-\d\d \d{6}\)")),
    ("ownCloud", re.compile(r"_conflict-\d{8}-\d{6}")),
    # https://help.dropbox.com/organize/conflicted-copy, in English
    ("Dropbox", re.compile(r" \([^()]*conflicted copy( \d{4}-\d\d-\d\d)?( \d+)?\)")),
    ("Seafile", re.compile(r" \(SFConflict [^()]*\)")),
)


class ConflictCopy(msgspec.Struct, frozen=True):
    """``program`` made it, because the file ``of`` (a name in the same folder) was changed in two places."""

    of: str
    program: str


def conflict_copy(filename: str) -> ConflictCopy | None:
    """What the name of a file says about that; ``None`` for every other name."""
    stem, dot, extension = filename.rpartition(".")
    if not dot:
        stem, extension = filename, ""
    for program, pattern in _PATTERNS:
        found = list(pattern.finditer(stem))
        if found and found[-1].end() == len(stem) and found[-1].start() > 0:
            return ConflictCopy(f"{stem[: found[-1].start()]}{dot}{extension}", program)
    return None
