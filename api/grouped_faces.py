"""All faces by person and by likeness, as the People page shows them."""

from __future__ import annotations

import msgspec

from api.schemas.face import AssignedGroup, GroupedFaces, UnassignedGroup
from api.schemas.face_list import box_of, face_text, faces_to_group
from core.db.engine import Database
from core.people.embeddings import BoxedFace, Embeddings
from core.people.grouping import MIN_GROUP
from core.people.unnamed import groups_of


async def grouped(
    database: Database, embeddings: Embeddings, similarity: float | None, smallest: int | None
) -> GroupedFaces:
    """Reads all faces in one statement, already as JSON, and puts them into their groups."""
    names: dict[str, str] = {}
    by_person: dict[str, list[bytes]] = {}
    unnamed: list[tuple[BoxedFace, int]] = []
    encoded: list[bytes] = []
    total = 0
    async with database.read() as connection:
        async for batch in faces_to_group(connection):
            total += len(batch)
            for row in batch:
                if row.ignored:
                    continue
                if row.person_id is None:
                    unnamed.append(((row.face_id, box_of(row)), row.confidence))
                    encoded.append(face_text(row).encode())
                else:
                    names[row.person_id] = row.name
                    by_person.setdefault(row.person_id, []).append(face_text(row).encode())
    groups = await groups_of(embeddings, unnamed, similarity, smallest)
    return GroupedFaces(
        assigned_groups=[
            AssignedGroup("person", person_id, names[person_id], _array(faces))
            for person_id, faces in sorted(by_person.items(), key=lambda each: (-len(each[1]), each[0]))
        ],
        unassigned_groups=[
            _group(
                unnamed[group.members[0]][0][0],
                [encoded[member] for member in group.members],
                group.confidence,
            )
            for group in groups
        ],
        total_faces=total,
        assigned_count=sum(map(len, by_person.values())),
        unassigned_count=len(unnamed),
    )


def _group(first: str, faces: list[bytes], confidence: int) -> UnassignedGroup:
    if len(faces) == 1:
        return UnassignedGroup("single", f"single_{first}", "Nobody like it", _array(faces), 0)
    is_pair = len(faces) < MIN_GROUP
    name = f"Possible match ({confidence} %)" if is_pair else f"Likely one person ({len(faces)} faces)"
    return UnassignedGroup("similarity", f"similar_{first}", name, _array(faces), confidence)


def _array(encoded: list[bytes]) -> msgspec.Raw:
    return msgspec.Raw(b"[" + b",".join(encoded) + b"]")
