"""Walks a folder and says what is there: the truth that hints are only hints of.

No file is opened and no link followed. A folder that cannot be read is reported, not guessed about. A folder that
looks as it did before costs one listing and one ``stat`` per file, and nothing else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from core.library.placing import is_temporary
from core.pipeline.ledger import Signature
from daemon.intake.rules import IGNORE_FILE, NO_MEDIA, FolderRules, Rules, rules_of

#: Nothing but what is always ignored.
NO_RULES = Rules()

_DIGEST_BITS = (1 << 64) - 1


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """Something below a root.

    ``oddity`` says, as the end of a sentence, why it cannot be taken; ``None`` for a regular file.
    """

    path: str
    signature: Signature
    oddity: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """What a folder looked like: a digest of the names and signatures of its files, and how many are of interest.

    Digests are 64 bits, comparable within one process only.
    """

    digest: int
    count: int


class Folder(msgspec.Struct, frozen=True):
    """One folder of a walk. ``sightings`` is ``None`` where it looks as it did before.

    ``temporary`` are the paths of files that were, or are, on their way into the library.
    """

    path: str
    snapshot: Snapshot
    sightings: list[Sighting] | None
    temporary: tuple[str, ...] = ()


@dataclass
class Unreadable:
    """The folders of one walk that could not be listed, with the system's words."""

    folders: dict[str, str] = field(default_factory=dict)


def walk_folders(
    root: str,
    start: str = "",
    unreadable: Unreadable | None = None,
    before: Mapping[str, Snapshot] | None = None,
    rules: Rules = NO_RULES,
) -> Iterator[Folder]:
    """Every folder at and below ``start`` (relative to ``root``; empty for all of it), in no particular order.

    Those that look as in ``before`` come without their sightings. What the ``rules`` ignore is passed over.
    """
    known = before or {}
    above = rules_of(rules, root, start)
    pending = [] if isinstance(above, str) else [above]
    while pending:
        state = pending.pop()
        folder = state.folder
        subfolders: list[str] = []
        files: list[tuple[str, os.stat_result]] = []
        temporary: list[str] = []
        digest = 0
        try:
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - names may not be UTF-8
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        subfolders.append(name)
                        continue
                    if name[0] == "." and is_temporary(name):
                        temporary.append(name)
                        continue
                    try:
                        found = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    # the order of a listing is not given, a sum has none
                    digest += hash((name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))
                    files.append((name, found))
        except OSError as error:
            if unreadable is not None:
                unreadable.folders[folder] = error.strerror or str(error)
            continue
        special = {name for name, _ in files if name in (NO_MEDIA, IGNORE_FILE)}
        if NO_MEDIA in special:
            files, subfolders = [], []
        if folder != start:
            state = state.reading(special)
        pending += [state.below(name) for name in subfolders if state.ignores_folder(name) is None]
        digest = (digest + state.fingerprint) & _DIGEST_BITS
        prefix = f"{folder}/" if folder else ""
        strays = tuple(prefix + name for name in temporary)
        snapshot = known.get(folder)
        if snapshot is not None and snapshot.digest == digest:
            yield Folder(folder, snapshot, None, strays)
            continue
        sightings = [_described(prefix + name, found) for name, found in files if state.ignores_file(name) is None]
        yield Folder(folder, Snapshot(digest, len(sightings)), sightings, strays)


def walk(
    root: str, start: str = "", unreadable: Unreadable | None = None, rules: Rules = NO_RULES
) -> Iterator[Sighting]:
    """Everything at and below ``start`` (relative to ``root``; empty for all of it), in no particular order."""
    for folder in walk_folders(root, start, unreadable, rules=rules):
        yield from folder.sightings or ()


def look_at_path(
    root: str, path: str, rules: Rules = NO_RULES, known: dict[str, FolderRules | str] | None = None
) -> Sighting | None:
    """The file at ``path``, or ``None`` when nothing, a folder or something to ignore is there.

    ``known`` keeps what was read of ignore files for further paths of the same look.

    Raises :class:`OSError` when the system cannot tell: a folder above lost its permission, a share does not answer.
    """
    folder, _, name = path.rpartition("/")
    state = rules_of(rules, root, folder, known)
    if isinstance(state, str) or state.ignores_file(name) is not None:
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
