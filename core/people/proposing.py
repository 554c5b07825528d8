"""Keeps the proposals about faces without a name in line with what was found, and with what people have decided.

What is written is looked at in the same transaction: a face that was named, ignored or taken away since it was compared
is in no proposal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.in_batches import BATCH
from core.db.tables import Face, Person, SuggestedName, UnnamedGroup, UnnamedGroupFace, utc_now
from core.groups.neighbourhood import chunks
from core.people.comparing import Group, Names
from core.people.refused import find_refused

_FACES_AT_ONCE = 500
"""Faces whose proposals are written before others have their turn."""


async def keep_suggestions(database: Database, found: Sequence[Names]) -> None:
    """Whose these faces may be, in the place of what was found before; writes only what changes."""
    for start in range(0, len(found), _FACES_AT_ONCE):
        some = found[start : start + _FACES_AT_ONCE]
        async with database.read() as connection:
            stored = await _stored(connection, [names.face_id for names in some])
        wanted = {(names.face_id, person): confidence for names in some for person, confidence in names.people}
        gone = sorted(pair for pair, confidence in stored.items() if wanted.get(pair) != confidence)
        new = {pair: confidence for pair, confidence in wanted.items() if stored.get(pair) != confidence}
        if gone or new:
            async with database.write() as connection:
                await _replace(connection, gone, new)


async def drop_suggestions_of_others(database: Database) -> None:
    """Removes what was suggested for faces that have a name by now, or are ignored."""
    others = select(Face.id).where(Face.person_id.is_not(None) | Face.ignored)
    async with database.write() as connection:
        await connection.execute(delete(SuggestedName).where(SuggestedName.face_id.in_(others)))


async def keep_groups(database: Database, found: Sequence[Group]) -> tuple[int, int]:
    """These groups are proposed, in the place of those before; writes only what changes.

    Returns how many there are, and in how many of them no face was in a group before. What was dismissed is left alone.
    """
    wanted = await asyncio.to_thread(lambda: {_id_of(group): group for group in found})
    async with database.read() as connection:
        statement = (
            select(UnnamedGroupFace.face_id, UnnamedGroup.id, UnnamedGroup.confidence, UnnamedGroup.created_at)
            .join(UnnamedGroup, UnnamedGroup.id == UnnamedGroupFace.group_id)
            .where(UnnamedGroup.dismissed_at.is_(None))
        )
        stored: dict[str, int] = {}
        since: dict[str, datetime] = {}
        rows = await connection.stream(statement, execution_options={"yield_per": BATCH})
        async for batch in rows.partitions():
            for face_id, group_id, confidence, created_at in batch:
                stored[group_id] = confidence
                since[face_id] = min(created_at, since.get(face_id, created_at))
    gone = [group_id for group_id in stored if group_id not in wanted]
    new = [group_id for group_id, group in wanted.items() if stored.get(group_id) != group.confidence]
    for chunk in chunks(gone):
        async with database.write() as connection:
            await _remove(connection, chunk)
    for some in _portions([(group_id, wanted[group_id]) for group_id in new]):
        async with database.write() as connection:
            await _remove(connection, [group_id for group_id, _ in some])
            await _add(connection, some, since)
    return len(wanted), sum(since.keys().isdisjoint(group.face_ids) for group in wanted.values())


async def _stored(connection: AsyncConnection, face_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    columns = (SuggestedName.face_id, SuggestedName.person_id, SuggestedName.confidence)
    rows = await connection.execute(select(*columns).where(SuggestedName.face_id.in_(face_ids)))
    return {(face_id, person_id): confidence for face_id, person_id, confidence in rows}


async def _replace(
    connection: AsyncConnection, gone: Sequence[tuple[str, str]], new: Mapping[tuple[str, str], int]
) -> None:
    if gone:
        of_these = tuple_(SuggestedName.face_id, SuggestedName.person_id).in_(gone)
        await connection.execute(delete(SuggestedName).where(of_these))
    faces = await _open_faces(connection, sorted({face_id for face_id, _ in new}))
    refused = await find_refused(connection, faces)
    people = set((await connection.execute(select(Person.id))).scalars())
    now = utc_now()
    rows = [
        {"face_id": face_id, "person_id": person_id, "confidence": confidence, "suggested_at": now}
        for (face_id, person_id), confidence in new.items()
        if face_id in faces and person_id in people and (face_id, person_id) not in refused
    ]
    if rows:
        await connection.execute(insert(SuggestedName), rows)


async def _open_faces(connection: AsyncConnection, face_ids: Sequence[str]) -> frozenset[str]:
    """Those of these faces that are still there, without a name and not ignored."""
    statement = select(Face.id).where(Face.id.in_(face_ids), Face.person_id.is_(None), Face.ignored.is_(False))
    return frozenset((await connection.execute(statement)).scalars())


def _id_of(group: Group) -> str:
    return blake2b("\n".join(sorted(group.face_ids)).encode(), digest_size=16).hexdigest()


def _portions(groups: Sequence[tuple[str, Group]]) -> list[list[tuple[str, Group]]]:
    """Groups that together have no more than :data:`_FACES_AT_ONCE` faces, unless one alone has."""
    portions: list[list[tuple[str, Group]]] = []
    faces = _FACES_AT_ONCE
    for each in groups:
        faces += len(each[1].face_ids)
        if faces > _FACES_AT_ONCE:
            portions.append([])
            faces = len(each[1].face_ids)
        portions[-1].append(each)
    return portions


async def _remove(connection: AsyncConnection, group_ids: Sequence[str]) -> None:
    open_group = (UnnamedGroup.id.in_(group_ids), UnnamedGroup.dismissed_at.is_(None))
    await connection.execute(delete(UnnamedGroup).where(*open_group))


async def _add(connection: AsyncConnection, groups: Sequence[tuple[str, Group]], since: Mapping[str, datetime]) -> None:
    """Those that are as they were found; the others wait for the next time."""
    wanted = [face_id for _, group in groups for face_id in group.face_ids]
    faces: set[str] = set()
    for chunk in chunks(wanted):
        faces |= await _open_faces(connection, chunk)
    known = await connection.execute(select(UnnamedGroup.id).where(UnnamedGroup.id.in_([one for one, _ in groups])))
    dismissed = set(known.scalars())
    left = [(one, group) for one, group in groups if one not in dismissed and faces.issuperset(group.face_ids)]
    if not left:
        return
    now = utc_now()
    rows: list[dict[str, Any]] = [
        {
            "id": group_id,
            "confidence": group.confidence,
            "created_at": min((since.get(face_id, now) for face_id in group.face_ids), default=now),
        }
        for group_id, group in left
    ]
    await connection.execute(insert(UnnamedGroup), rows)
    members = [{"group_id": group_id, "face_id": face_id} for group_id, group in left for face_id in group.face_ids]
    await connection.execute(insert(UnnamedGroupFace), members)
