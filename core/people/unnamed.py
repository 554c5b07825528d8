"""Faces nobody has named yet: in groups, and with whose they may be. Reads what is needed and lets threads compare."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import aliased

from core.db.engine import Database
from core.db.in_batches import BATCH
from core.db.json_sql import json_text
from core.db.tables import Face, FileVersion, Person
from core.media.clock import day_of
from core.people.embeddings import BoxedFace, Embeddings
from core.people.grouping import FaceGroup, group_faces
from core.people.likeness import FURTHEST, SAME, SUGGEST, SURE, distance_of
from core.people.refused import Said, refused_names
from core.people.suggesting import HIGHEST, MOST_PER_FACE, Known, Suggestion, suggest

_version = aliased(FileVersion)

_FACES = (
    select(Face.id, json_text(Face.bounding_box), Face.person_id, _version.captured_at, Person.birthdate)
    .join(_version, _version.id == Face.photo_id)
    .outerjoin(Person, Person.id == Face.person_id)
    .where(_version.archived_at.is_(None), Face.ignored.is_(False))
    .order_by(Face.id)
)


class _Face(msgspec.Struct, frozen=True, gc=False):
    """Not a row of the database: of tens of thousands of those, the garbage collector would let nobody have a turn."""

    id: str
    box: tuple[int, ...]
    person_id: str | None
    captured_at: str | None
    birthdate: datetime | None


class Again(msgspec.Struct, frozen=True):
    """Faces that are surely somebody's. ``confidence`` 0–95."""

    person_id: str
    confidence: int
    face_ids: tuple[str, ...]


async def groups_of(
    embeddings: Embeddings,
    faces: Sequence[tuple[BoxedFace, int]],
    similarity: float | None = None,
    smallest: int | None = None,
    dismissed: Said | None = None,
) -> list[FaceGroup]:
    """Groups of faces, each given with the detector's confidence; a face without embedding is alone.

    ``similarity`` 0–1 is how alike members have to be, on the scale of the contract. Faces that a person has said of
    that they are not one person's (``dismissed``, of :func:`core.people.refused.dismissed_groups`) are in no group
    together.
    """
    places, vectors = await embeddings.of([face for face, _ in faces])
    distance = SAME if similarity is None else distance_of(100 * similarity)
    chosen = [faces[place][0][0] for place in places]
    confidences = [faces[place][1] for place in places]
    groups = await asyncio.to_thread(group_faces, chosen, confidences, vectors, distance, smallest or 2, dismissed)
    known = [FaceGroup(tuple(places[member] for member in group.members), group.confidence) for group in groups]
    return known + [FaceGroup((place,), 0) for place in sorted(set(range(len(faces))) - set(places))]


async def suggestions_for_unnamed(
    database: Database, embeddings: Embeddings, similarity: float | None = None, limit: int | None = None
) -> list[tuple[str, list[Suggestion]]]:
    """Faces without a name and the people that they may be, at most three each; only those with at least one.

    ``similarity`` 0–1 as in :func:`groups_of`. The surest faces first.
    """
    distance = SUGGEST if similarity is None else min(FURTHEST, distance_of(100 * similarity))
    found = await _suggest(database, embeddings, distance)
    return await asyncio.to_thread(_surest, found, 0 if similarity is None else 100 * similarity, limit)


def _surest(
    found: Sequence[tuple[str, list[Suggestion]]], least: float, limit: int | None
) -> list[tuple[str, list[Suggestion]]]:
    wanted = [
        (face_id, kept[:MOST_PER_FACE])
        for face_id, suggested in found
        if (kept := [one for one in suggested if one.confidence >= least])
    ]
    wanted.sort(key=lambda each: (-each[1][0].confidence, each[0]))
    return wanted if limit is None else wanted[:limit]


async def look_again(database: Database, embeddings: Embeddings) -> list[Again]:
    """Faces without a name by the person whose they surely are, most faces first."""
    theirs: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for face_id, suggested in await _suggest(database, embeddings, SURE):
        if suggested:
            best = max(suggested, key=lambda one: (one.weight, one.person_id))
            theirs[best.person_id].append((face_id, best.confidence))
    again = [
        Again(
            person_id,
            min(HIGHEST, round(sum(confidence for _, confidence in faces) / len(faces))),
            tuple(face_id for face_id, _ in faces),
        )
        for person_id, faces in theirs.items()
    ]
    return sorted(again, key=lambda one: (-len(one.face_ids), one.person_id))


async def _suggest(database: Database, embeddings: Embeddings, distance: float) -> list[tuple[str, list[Suggestion]]]:
    rows: list[_Face] = []
    async with database.read() as connection:
        found = await connection.stream(_FACES, execution_options={"yield_per": BATCH})
        async for batch in found.partitions():
            rows += [_Face(face_id, _box(box), whose, taken, born) for face_id, box, whose, taken, born in batch]
        refused = await refused_names(connection)
    faces = await asyncio.to_thread(lambda: [(row.id, row.box) for row in rows])
    places, vectors = await embeddings.of(faces)
    if not places:
        return []
    return await asyncio.to_thread(_compare, rows, places, vectors, distance, refused)


def _box(text: str) -> tuple[int, ...]:
    return tuple(msgspec.json.decode(text))


def _compare(
    every: Sequence[_Face], places: Sequence[int], vectors: Any, distance: float, refused: Said
) -> list[tuple[str, list[Suggestion]]]:
    rows = [every[place] for place in places]
    unnamed = [place for place, row in enumerate(rows) if row.person_id is None]
    owners = {place: row.person_id for place, row in enumerate(rows) if row.person_id is not None}
    named = list(owners)
    if not unnamed or not named:
        return []
    born = {person_id: rows[place].birthdate for place, person_id in owners.items()}
    people = [Known(person_id, None if day is None else day.date()) for person_id, day in sorted(born.items())]
    position = {person.person_id: place for place, person in enumerate(people)}
    taken = [day_of(rows[place].captured_at) for place in unnamed]
    whose = [position[person_id] for person_id in owners.values()]
    found = suggest(vectors[unnamed], taken, vectors[named], whose, people, distance)
    return [
        (rows[place].id, [one for one in suggested if one.person_id not in refused.get(rows[place].id, ())])
        for place, suggested in zip(unnamed, found, strict=True)
    ]
