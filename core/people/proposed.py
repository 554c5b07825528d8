"""What is proposed about faces without a name, as it is shown; and what a person says of it.

What is shown is true at this moment: a face that was named, ignored or archived since the last pass is in no list.
Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.json_sql import json_array, json_object, json_value
from core.db.tables import (
    Face,
    FileVersion,
    Person,
    RefusedName,
    SuggestedName,
    UnnamedGroup,
    UnnamedGroupFace,
    utc_now,
)
from core.errors import BadRequest, NotFound
from core.people.assigning import assign

ProposalRow = Row[*tuple[Any, ...]]

_IS_OPEN: Final = and_(Face.person_id.is_(None), Face.ignored.is_(False), FileVersion.archived_at.is_(None))

_IS_REFUSED: Final = exists().where(
    RefusedName.face_id == SuggestedName.face_id, RefusedName.person_id == SuggestedName.person_id
)

_FACE: Final = (
    Face.photo_id,
    Face.bounding_box,
    Person.id.label("person_id"),
    Person.name.label("person_name"),
)


_face, _version = aliased(Face), aliased(FileVersion)

# asked of each suggestion, so that SQLite goes by these in their order and not by all faces without a name
_IS_SUGGESTED: Final = and_(
    exists().where(
        _face.id == SuggestedName.face_id,
        _face.person_id.is_(None),
        _face.ignored.is_(False),
        _version.id == _face.photo_id,
        _version.archived_at.is_(None),
    ),
    ~_IS_REFUSED,
)


def _suggested(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(SuggestedName)
        .join(Face, Face.id == SuggestedName.face_id)
        .join(Person, Person.id == SuggestedName.person_id)
        .where(_IS_SUGGESTED)
    )


def _refused(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(RefusedName)
        .join(Face, Face.id == RefusedName.face_id)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .join(Person, Person.id == RefusedName.person_id)
        .where(_IS_OPEN)
    )


async def list_suggested(
    connection: AsyncConnection, *, person_id: str | None, is_dismissed: bool, limit: int, offset: int
) -> tuple[Sequence[ProposalRow], int]:
    """Faces and whose they may be, the surest first, and how many there are; or those of which that was dismissed, the
    latest first.
    """
    if is_dismissed:
        listed = _refused(RefusedName.face_id, *_FACE, RefusedName.refused_at.label("decided_at"))
        order: tuple[Any, ...] = (RefusedName.refused_at.desc(), RefusedName.face_id, RefusedName.person_id)
        count = _refused(func.count())
    else:
        listed = _suggested(SuggestedName.face_id, *_FACE, SuggestedName.confidence, SuggestedName.suggested_at)
        order = (SuggestedName.confidence.desc(), SuggestedName.face_id.desc(), SuggestedName.person_id)
        count = select(func.count()).select_from(SuggestedName).where(_IS_SUGGESTED)
    if person_id is not None:
        whose = (RefusedName if is_dismissed else SuggestedName).person_id == person_id
        listed, count = listed.where(whose), count.where(whose)
    rows = await connection.execute(listed.order_by(*order).limit(limit).offset(offset))
    return rows.all(), (await connection.execute(count)).scalar_one()


async def count_suggested(connection: AsyncConnection) -> int:
    """How many faces may be somebody's."""
    statement = select(func.count(SuggestedName.face_id.distinct())).where(_IS_SUGGESTED)
    return (await connection.execute(statement)).scalar_one()


async def accept_suggested(connection: AsyncConnection, pairs: Iterable[tuple[str, str]]) -> int:
    """Gives faces to people, as (face, person), where they are nobody's still; returns how many changed.

    Raises :class:`NotFound` for somebody who is not there.
    """
    by_person: defaultdict[str, list[str]] = defaultdict(list)
    for face_id, person_id in dict.fromkeys(pairs):
        by_person[person_id].append(face_id)
    changed = 0
    for person_id, face_ids in sorted(by_person.items()):
        is_nobodys = select(Face.id).where(Face.id.in_(face_ids), Face.person_id.is_(None), Face.ignored.is_(False))
        changed += await assign(connection, sorted((await connection.execute(is_nobodys)).scalars()), person_id)
    return changed


def _members(*columns: Any) -> Any:
    """Of a group those that are still nobody's; of a dismissed one all."""
    return (
        select(*columns)
        .select_from(UnnamedGroupFace)
        .join(Face, Face.id == UnnamedGroupFace.face_id)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .where(UnnamedGroupFace.group_id == UnnamedGroup.id, _IS_OPEN | UnnamedGroup.dismissed_at.is_not(None))
        .correlate(UnnamedGroup)
        .scalar_subquery()
    )


_MEMBER: Final = json_object(
    faceId=Face.id, photoId=Face.photo_id, box=json_value(Face.bounding_box), confidence=Face.confidence
)
_GROUPS: Final = select(UnnamedGroup.__table__, _members(json_array(_MEMBER)).label("members_json"))


def _is_listed(*, is_dismissed: bool) -> tuple[ColumnElement[bool], ...]:
    if is_dismissed:
        return (UnnamedGroup.dismissed_at.is_not(None),)
    return UnnamedGroup.dismissed_at.is_(None), _members(func.count()) > 1


async def list_groups(
    connection: AsyncConnection, *, is_dismissed: bool, limit: int, offset: int
) -> tuple[Sequence[ProposalRow], int]:
    """Groups of one unnamed person, newest first, and how many there are; or those that were dismissed."""
    is_listed = _is_listed(is_dismissed=is_dismissed)
    when = UnnamedGroup.dismissed_at if is_dismissed else UnnamedGroup.created_at
    page = _GROUPS.where(*is_listed).order_by(when.desc(), UnnamedGroup.id).limit(limit).offset(offset)
    return (await connection.execute(page)).all(), await _count_groups(connection, *is_listed)


async def count_groups(connection: AsyncConnection) -> int:
    """How many groups wait for a name."""
    return await _count_groups(connection, *_is_listed(is_dismissed=False))


async def find_group(connection: AsyncConnection, group_id: str) -> ProposalRow:
    """One group, dismissed or not; raises :class:`NotFound`."""
    row: ProposalRow | None = (await connection.execute(_GROUPS.where(UnnamedGroup.id == group_id))).first()
    if row is None:
        raise NotFound(f"There is no group of faces {group_id}.")
    return row


async def accept_group(
    connection: AsyncConnection, group_id: str, person_id: str, face_ids: Iterable[str] | None = None
) -> int:
    """Gives the faces of a group to a person: those that are still nobody's, or of these ``face_ids``.

    Returns how many changed. Raises :class:`NotFound`, and :class:`BadRequest` for faces of other groups, and for a
    dismissed group.
    """
    row = await find_group(connection, group_id)
    if row.dismissed_at is not None:
        raise BadRequest("The group was dismissed. Take that back first.")
    members = (
        select(Face.id)
        .join(FileVersion, FileVersion.id == Face.photo_id)
        .join(UnnamedGroupFace, UnnamedGroupFace.face_id == Face.id)
        .where(UnnamedGroupFace.group_id == group_id, _IS_OPEN)
    )
    found = sorted((await connection.execute(members)).scalars())
    if face_ids is not None:
        wanted = set(face_ids)
        every = select(UnnamedGroupFace.face_id).where(UnnamedGroupFace.group_id == group_id)
        if strangers := wanted - set((await connection.execute(every)).scalars()):
            raise BadRequest(f"{', '.join(sorted(strangers))}: no faces of the group {group_id}.")
        found = [face_id for face_id in found if face_id in wanted]
    return await assign(connection, found, person_id)


async def dismiss_group(connection: AsyncConnection, group_id: str) -> None:
    """No two of its faces are one person's, or nobody wants to know: they are not proposed together again.

    Raises :class:`NotFound`.
    """
    await find_group(connection, group_id)
    is_new = (UnnamedGroup.id == group_id, UnnamedGroup.dismissed_at.is_(None))
    await connection.execute(update(UnnamedGroup).where(*is_new).values(dismissed_at=utc_now()))


async def reopen_group(connection: AsyncConnection, group_id: str) -> None:
    """Takes a dismissal back. Raises :class:`NotFound`."""
    await find_group(connection, group_id)
    await connection.execute(update(UnnamedGroup).where(UnnamedGroup.id == group_id).values(dismissed_at=None))


async def _count_groups(connection: AsyncConnection, *is_listed: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(UnnamedGroup).where(*is_listed)
    return (await connection.execute(statement)).scalar_one()
