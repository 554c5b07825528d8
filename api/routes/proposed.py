"""Whose faces without a name may be, as the nightly pass has found, and what a person says of it."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.context import ApiContext
from api.schemas.proposed import (
    DecidedCount,
    GroupAccepted,
    GroupNamed,
    NamesDecided,
    SuggestedNames,
    UnnamedGroup,
    UnnamedGroups,
    suggested_name_of,
    unnamed_group_of,
)
from core.errors import BadRequest
from core.library.photos import MOST
from core.people.people import add_person
from core.people.proposed import (
    accept_group,
    accept_suggested,
    dismiss_group,
    find_group,
    list_groups,
    list_suggested,
    reopen_group,
)
from core.people.refused import allow, refuse

PAGE = 100
"""Proposals of a list when nobody says how many."""


@get("/api/daemon/faces/suggestions", tags=["Faces"])
async def get_suggested_names(
    context: NamedDependency[ApiContext],
    person_id: Annotated[
        str | None, QueryParameter(name="personId", max_length=200, pattern=r"^[^\0]*$", description="theirs only")
    ] = None,
    dismissed: Annotated[bool, QueryParameter(description="what was dismissed, in place of what is open")] = False,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = PAGE,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST)] = 0,
) -> SuggestedNames:
    """Faces without a name and people whose they may be, as the last pass has found, the surest first.

    ``/api/faces/suggestions`` compares at once, which takes the longer the more faces there are.
    """
    async with context.bench.database.read() as connection:
        rows, total = await list_suggested(
            connection, person_id=person_id, is_dismissed=dismissed, limit=limit, offset=offset
        )
    return SuggestedNames([suggested_name_of(row) for row in rows], total)


@post("/api/daemon/faces/suggestions/accept", tags=["Faces"], status_code=200)
async def accept_suggested_names(context: NamedDependency[ApiContext], data: JSONBody[NamesDecided]) -> DecidedCount:
    """Gives each face to its person, where it is nobody's still."""
    async with context.bench.database.write() as connection:
        changed = await accept_suggested(connection, _pairs(data))
    return _told(context, changed, state="accepted")


@post("/api/daemon/faces/suggestions/dismiss", tags=["Faces"], status_code=200)
async def dismiss_suggested_names(context: NamedDependency[ApiContext], data: JSONBody[NamesDecided]) -> DecidedCount:
    """Says that faces are not these people's: nobody suggests them again."""
    async with context.bench.database.write() as connection:
        changed = await refuse(connection, _pairs(data))
    return _told(context, changed, state="dismissed")


@post("/api/daemon/faces/suggestions/undo", tags=["Faces"], status_code=200)
async def undo_suggested_names(context: NamedDependency[ApiContext], data: JSONBody[NamesDecided]) -> DecidedCount:
    """Takes back that faces are not these people's."""
    async with context.bench.database.write() as connection:
        changed = await allow(connection, _pairs(data))
    return _told(context, changed, state="proposed")


@get("/api/daemon/faces/groups", tags=["Faces"])
async def get_unnamed_groups(
    context: NamedDependency[ApiContext],
    dismissed: Annotated[bool, QueryParameter(description="what was dismissed, in place of what is open")] = False,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = PAGE,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST)] = 0,
) -> UnnamedGroups:
    """Faces that look like one person's whom nobody has named, as the last pass has found, the newest groups first."""
    async with context.bench.database.read() as connection:
        rows, total = await list_groups(connection, is_dismissed=dismissed, limit=limit, offset=offset)
    return UnnamedGroups([unnamed_group_of(row) for row in rows], total)


@get("/api/daemon/faces/groups/{group_id:str}", tags=["Faces"])
async def get_unnamed_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> UnnamedGroup:
    """One group, dismissed or not."""
    async with context.bench.database.read() as connection:
        return unnamed_group_of(await find_group(connection, group_id))


@post("/api/daemon/faces/groups/{group_id:str}/accept", tags=["Faces"], status_code=200)
async def accept_unnamed_group(
    context: NamedDependency[ApiContext], group_id: FromPath[str], data: JSONBody[GroupAccepted]
) -> GroupNamed:
    """Gives the faces of a group to somebody who is known, or to somebody new; faces with a name by now keep it."""
    if (data.person_id is None) == (data.name is None):
        raise BadRequest("Say who they are: either personId, of somebody known, or name, of somebody new.")
    async with context.bench.database.write() as connection:
        person_id = data.person_id or (await add_person(connection, data.name or "")).id
        changed = await accept_group(connection, group_id, person_id, data.face_ids)
    _told(context, changed, state="accepted", groupId=group_id)
    return GroupNamed(person_id, changed)


@post("/api/daemon/faces/groups/{group_id:str}/dismiss", tags=["Faces"], status_code=200)
async def dismiss_unnamed_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> UnnamedGroup:
    """Says that it is no group: no two of its faces are proposed together again."""
    async with context.bench.database.write() as connection:
        await dismiss_group(connection, group_id)
        group = unnamed_group_of(await find_group(connection, group_id))
    _told(context, len(group.faces), state="dismissed", groupId=group_id)
    return group


@post("/api/daemon/faces/groups/{group_id:str}/undo", tags=["Faces"], status_code=200)
async def undo_unnamed_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> UnnamedGroup:
    """Takes back that it was dismissed."""
    async with context.bench.database.write() as connection:
        await reopen_group(connection, group_id)
        group = unnamed_group_of(await find_group(connection, group_id))
    _told(context, len(group.faces), state="proposed", groupId=group_id)
    return group


def _pairs(data: NamesDecided) -> list[tuple[str, str]]:
    return [(one.face_id, one.person_id) for one in data.suggestions]


def _told(context: ApiContext, changed: int, **facts: Any) -> DecidedCount:
    context.feed.announce("faces", faces=changed, **facts)
    return DecidedCount(changed)


ROUTES = (
    get_suggested_names,
    accept_suggested_names,
    dismiss_suggested_names,
    undo_suggested_names,
    get_unnamed_groups,
    get_unnamed_group,
    accept_unnamed_group,
    dismiss_unnamed_group,
    undo_unnamed_group,
)
