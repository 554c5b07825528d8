"""All faces by person and by likeness, as the People page shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from api.schemas.face import AssignedGroup, UnassignedGroup
from api.schemas.face_list import faces_to_group, listed_face
from core.db.engine import Database
from core.people.embeddings import BoxedFace, Embeddings
from core.people.grouping import MIN_GROUP, FaceGroup
from core.people.refused import dismissed_groups
from core.people.unnamed import groups_of

_NONE: Final = msgspec.Raw(b"[]")

_BATCH: Final = 250
"""Faces that are put together in one go: less than a millisecond."""


async def grouped(
    database: Database, embeddings: Embeddings, similarity: float | None, smallest: int | None
) -> Iterator[bytes]:
    """A :class:`api.schemas.face.GroupedFaces` in pieces, for a thread.

    Reads all faces in one statement, already as JSON, and puts them into their groups.
    """
    names: dict[str, str] = {}
    by_person: dict[str, list[bytes]] = {}
    unnamed: list[tuple[BoxedFace, int]] = []
    encoded: list[bytes] = []
    total = 0
    async with database.read() as connection:
        async for batch in faces_to_group(connection):
            total += len(batch)
            for row in batch:
                face = listed_face(row)
                if face.ignored:
                    continue
                if face.person_id is None:
                    unnamed.append(((face.id, face.bounding_box), face.confidence))
                    encoded.append(msgspec.json.encode(face))
                else:
                    names[face.person_id] = row.name
                    by_person.setdefault(face.person_id, []).append(msgspec.json.encode(face))
        dismissed = await dismissed_groups(connection)
    groups = await groups_of(embeddings, unnamed, similarity, smallest, dismissed)
    return _encoded(total, by_person, names, [face for face, _ in unnamed], encoded, groups)


def _encoded(
    total: int,
    by_person: Mapping[str, Sequence[bytes]],
    names: Mapping[str, str],
    unnamed: Sequence[BoxedFace],
    encoded: Sequence[bytes],
    groups: Sequence[FaceGroup],
) -> Iterator[bytes]:
    counts = total, sum(map(len, by_person.values())), len(unnamed)
    yield b'{"totalFaces":%d,"assignedCount":%d,"unassignedCount":%d,"assignedGroups":[' % counts
    most_first = sorted(by_person.items(), key=lambda each: (-len(each[1]), each[0]))
    for place, (person_id, faces) in enumerate(most_first):
        yield from _group(AssignedGroup("person", person_id, names[person_id], _NONE), faces, bool(place))
    yield b'],"unassignedGroups":['
    for place, group in enumerate(groups):
        faces = [encoded[member] for member in group.members]
        yield from _group(_unassigned(unnamed[group.members[0]][0], len(faces), group.confidence), faces, bool(place))
    yield b"]}"


def _unassigned(first: str, faces: int, confidence: int) -> UnassignedGroup:
    if faces == 1:
        return UnassignedGroup("single", f"single_{first}", "Nobody like it", 0, _NONE)
    is_pair = faces < MIN_GROUP
    name = f"Possible match ({confidence} %)" if is_pair else f"Likely one person ({faces} faces)"
    return UnassignedGroup("similarity", f"similar_{first}", name, confidence, _NONE)


def _group(group: AssignedGroup | UnassignedGroup, faces: Sequence[bytes], is_next: bool) -> Iterator[bytes]:
    """The faces come last, and may be many megabytes: they are not put into a text once more."""
    yield b"," * is_next + msgspec.json.encode(group).removesuffix(b"]}")
    for start in range(0, len(faces), _BATCH):
        yield b"," * bool(start) + b",".join(faces[start : start + _BATCH])
    yield b"]}"
