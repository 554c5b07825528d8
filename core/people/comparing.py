"""Compares the faces of a file (:mod:`core.people.face_file`) in a worker, a part at a time."""

from __future__ import annotations

import time
from datetime import date
from typing import Final

import msgspec

from core.people.face_file import FREE, SURE, FaceFile
from core.people.grouping import open_groups, settled
from core.people.suggesting import MOST_PER_FACE, suggest

SURELY: Final = 90
"""From this confidence on, 0–100, a face is surely somebody's: the contract's bar for looking again."""

_ROWS_AT_ONCE: Final = 512


class Names(msgspec.Struct, frozen=True, array_like=True):
    """A face, and the people that it may be with their confidence 0–100, best first."""

    face_id: str
    people: tuple[tuple[str, int], ...]


class Group(msgspec.Struct, frozen=True, array_like=True):
    """Faces that look like one person's, the surest first; ``confidence`` 0–100 is the mean over its pairs."""

    face_ids: tuple[str, ...]
    confidence: int


def suggest_names(file: FaceFile, start: int, end: int) -> list[Names]:
    """Whose the faces from row ``start`` to ``end`` may be; marks in the file which of them surely are somebody's.

    Done again, it finds the same.
    """
    rows, vectors, groups = file.rows(), file.vectors(), file.groups()
    named = rows.faces[file.unnamed :]
    faces = rows.faces[start:end]
    groups[start:end] = FREE
    if not named:
        return [Names(face.id, ()) for face in faces]
    whose = [face.whose or 0 for face in named]
    days: list[date | None] = [face.day for face in faces]
    found = suggest(vectors[start:end], days, vectors[file.unnamed :], whose, rows.people)
    names = []
    for row, (face, suggested) in enumerate(zip(faces, found, strict=True), start):
        refused = {rows.people[place].person_id for place in face.not_theirs}
        kept = [(one.person_id, one.confidence) for one in suggested if one.person_id not in refused]
        names.append(Names(face.id, tuple(kept[:MOST_PER_FACE])))
        if kept and kept[0][1] >= SURELY:
            groups[row] = SURE
    return names


def group_some(file: FaceFile, start: int, seconds: float) -> int:
    """Puts faces from row ``start`` on together, for some seconds; returns the row at which it goes on.

    Done again from the same row, what was found from there on is found anew.
    """
    ends = time.monotonic() + seconds
    vectors, groups, confidences = file.vectors()[: file.unnamed], file.groups(), file.confidences()
    dismissed = [frozenset(face.dismissed) for face in file.rows().faces[: file.unnamed]]
    groups[groups >= start] = FREE
    free = groups == FREE
    while start < file.unnamed:
        end = min(start + _ROWS_AT_ONCE, file.unnamed)
        for members in open_groups(vectors, free, start, end, dismissed):
            groups[members] = members[0]
            confidences[members[0]] = settled(members, vectors)[0].confidence
        start = end
        if time.monotonic() >= ends:
            break
    return start


def found_groups(file: FaceFile) -> list[Group]:
    """The groups of several faces that :func:`group_some` has found, the largest first."""
    import numpy as np

    if not file.unnamed:
        return []
    groups, confidences, rows = file.groups(), file.confidences(), file.rows()
    order = np.argsort(groups, kind="stable")
    openers, starts = np.unique(groups[order], return_index=True)
    found = []
    for opener, members in zip(openers.tolist(), np.split(order, starts[1:]), strict=True):
        if opener >= 0 and confidences[opener]:
            found.append(Group(tuple(rows.faces[row].id for row in members.tolist()), int(confidences[opener])))
    return sorted(found, key=lambda group: (-len(group.face_ids), -group.confidence, group.face_ids))
