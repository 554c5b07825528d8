"""Who is not whose face? What people have said: in so many words, or by taking a name from a face.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, delete, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.tables import Face, Person, RefusedName, UnnamedGroup, UnnamedGroupFace, utc_now
from core.db.types import UtcTimestamp
from core.db.upsert import insert_on_conflict
from core.groups.neighbourhood import chunks

Said: TypeAlias = Mapping[str, frozenset[str]]
"""By the id of a face what was said of it; a face of which nothing was is not in it."""


async def refuse(connection: AsyncConnection, pairs: Iterable[tuple[str, str]]) -> int:
    """Remembers of faces whose they are not, as (face, person); returns how many of them there are.

    Nothing is remembered of a face that has this very name.
    """
    done = 0
    for person_id, face_ids in _by_person(pairs):
        is_somebody = exists().where(Person.id == person_id)
        known = select(Face.id, literal(person_id), literal(utc_now(), UtcTimestamp())).where(
            Face.id.in_(face_ids), Face.person_id.is_distinct_from(person_id), is_somebody
        )
        await connection.execute(_remembering(connection, known))
        of_these = (RefusedName.face_id.in_(face_ids), RefusedName.person_id == person_id)
        done += (await connection.execute(select(func.count()).where(*of_these))).scalar_one()
    return done


async def allow(connection: AsyncConnection, pairs: Iterable[tuple[str, str]]) -> int:
    """Takes back what was said of faces, as (face, person); returns of how many something was said."""
    done = 0
    for person_id, face_ids in _by_person(pairs):
        of_these = (RefusedName.face_id.in_(face_ids), RefusedName.person_id == person_id)
        done += (await connection.execute(delete(RefusedName).where(*of_these))).rowcount
    return done


async def names_taken(connection: AsyncConnection, *are_changed: ColumnElement[bool]) -> None:
    """Remembers whose the faces are not any more that get another name, or none, by what a person says.

    ``are_changed`` are conditions on :class:`Face` that must hold when this is called.
    """
    lost = select(Face.id, Face.person_id, literal(utc_now(), UtcTimestamp())).where(
        Face.person_id.is_not(None), *are_changed
    )
    await connection.execute(_remembering(connection, lost))


async def names_given(connection: AsyncConnection, face_ids: Sequence[str], person_id: str) -> None:
    """Whoever gives somebody a face says so from now on, whatever was said before."""
    given = (RefusedName.face_id.in_(face_ids), RefusedName.person_id == person_id)
    await connection.execute(delete(RefusedName).where(*given))


async def merge_refused(connection: AsyncConnection, source_id: str, target_id: str) -> None:
    """What is not the source's is not the target's, who is the same person; what is named so is."""
    theirs = (
        select(RefusedName.face_id, literal(target_id), RefusedName.refused_at)
        .join(Face, Face.id == RefusedName.face_id)
        .where(RefusedName.person_id == source_id)
    )
    await connection.execute(_remembering(connection, theirs))
    named = select(Face.id).where(Face.person_id == target_id)
    is_theirs = (RefusedName.person_id == target_id, RefusedName.face_id.in_(named))
    await connection.execute(delete(RefusedName).where(*is_theirs))


async def refused_names(connection: AsyncConnection) -> Said:
    """Of every face without a name whose it is not."""
    statement = select(RefusedName.face_id, RefusedName.person_id).join(Face, Face.id == RefusedName.face_id)
    return _said(await all_rows(connection, statement.where(Face.person_id.is_(None))))


async def dismissed_groups(connection: AsyncConnection) -> Said:
    """Of every face without a name the dismissed groups that it is in: no two of one group are one person's."""
    statement = (
        select(UnnamedGroupFace.face_id, UnnamedGroupFace.group_id)
        .join(UnnamedGroup, UnnamedGroup.id == UnnamedGroupFace.group_id)
        .join(Face, Face.id == UnnamedGroupFace.face_id)
        .where(UnnamedGroup.dismissed_at.is_not(None), Face.person_id.is_(None))
    )
    return _said(await all_rows(connection, statement))


async def find_refused(connection: AsyncConnection, face_ids: Iterable[str]) -> frozenset[tuple[str, str]]:
    """What was said of these faces, as (face, person)."""
    found: set[tuple[str, str]] = set()
    for chunk in chunks(face_ids):
        statement = select(RefusedName.face_id, RefusedName.person_id).where(RefusedName.face_id.in_(chunk))
        found.update((row.face_id, row.person_id) for row in await connection.execute(statement))
    return frozenset(found)


def _by_person(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """The faces of each person, so many as one statement takes."""
    faces: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for face_id, person_id in pairs:
        faces[person_id][face_id] = None
    for person_id in sorted(faces):
        for chunk in chunks(faces[person_id]):
            yield person_id, list(chunk)


def _said(rows: Sequence[Any]) -> Said:
    said: defaultdict[str, set[str]] = defaultdict(set)
    for face_id, other in rows:
        said[face_id].add(other)
    return {face_id: frozenset(others) for face_id, others in said.items()}


def _remembering(connection: AsyncConnection, rows: Select[*tuple[Any, ...]]) -> Any:
    return (
        insert_on_conflict(connection.dialect.name, RefusedName)
        .from_select(["face_id", "person_id", "refused_at"], rows)
        .on_conflict_do_nothing()
    )
