"""Files that belong together: Live Photos, RAW and JPEG, edits, brackets, bursts; and what a person says of them."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.context import ApiContext
from api.schemas.group import PhotoGroup, PhotoGroups, PrimaryChoice, photo_group_of
from core.groups.decisions import choose_primary, dissolve, restore
from core.groups.facts import GroupType
from core.groups.members import find_group, list_groups
from core.library.photos import MOST

PAGE = 100
"""Groups of a list when nobody says how many."""


@get("/api/daemon/groups", tags=["Groups"])
async def get_groups(
    context: NamedDependency[ApiContext],
    group_type: Annotated[GroupType | None, QueryParameter(name="type")] = None,
    dissolved: Annotated[bool, QueryParameter(description="those that a person has dissolved instead")] = False,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = PAGE,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST)] = 0,
) -> PhotoGroups:
    """Groups with their members, newest first."""
    async with context.bench.database.read() as connection:
        rows, total = await list_groups(
            connection, group_type=group_type, dissolved=dissolved, limit=limit, offset=offset
        )
    return PhotoGroups([photo_group_of(row) for row in rows], total)


@get("/api/daemon/groups/{group_id:str}", tags=["Groups"])
async def get_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> PhotoGroup:
    """One group, dissolved or not."""
    async with context.bench.database.read() as connection:
        return photo_group_of(await find_group(connection, group_id))


@post("/api/daemon/groups/{group_id:str}/dissolve", tags=["Groups"], status_code=200)
async def dissolve_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> PhotoGroup:
    """Parts the members for good: no rule brings them together again."""
    async with context.bench.database.write() as connection:
        await dissolve(connection, group_id)
        return photo_group_of(await find_group(connection, group_id))


@post("/api/daemon/groups/{group_id:str}/restore", tags=["Groups"], status_code=204)
async def restore_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> None:
    """Takes a dissolution back. The rules decide again, so the members may be in a group with another id."""
    async with context.bench.database.write() as connection:
        await restore(connection, group_id)


@post("/api/daemon/groups/{group_id:str}/primary", tags=["Groups"], status_code=200)
async def choose_group_primary(
    context: NamedDependency[ApiContext], group_id: FromPath[str], data: JSONBody[PrimaryChoice]
) -> PhotoGroup:
    """Shows this member for the group from now on."""
    async with context.bench.database.write() as connection:
        await choose_primary(connection, group_id, data.asset_id)
        return photo_group_of(await find_group(connection, group_id))


ROUTES = (get_groups, get_group, dissolve_group, restore_group, choose_group_primary)
