"""Copies of one picture that the nightly pass has found, and what a person says of them."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from api.context import ApiContext
from api.schemas.duplicate import DuplicateDecision, DuplicateGroup, DuplicateGroups, duplicate_group_of
from core.duplicates.deciding import decide, take_back
from core.duplicates.facts import Decision, Kind
from core.duplicates.listing import find_duplicates, list_duplicates
from core.library.photos import MOST

PAGE = 100
"""Groups of a list when nobody says how many."""


@get("/api/daemon/duplicates", tags=["Duplicates"])
async def get_duplicates(
    context: NamedDependency[ApiContext],
    kind: Annotated[Kind | None, QueryParameter(description="groups of this kind only")] = None,
    decision: Annotated[
        Decision | None, QueryParameter(description="those of which this was said, in place of what is open")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=0, le=1000)] = PAGE,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST)] = 0,
) -> DuplicateGroups:
    """Groups of copies that wait for a decision, newest first, each with the picture that is proposed to stay."""
    async with context.bench.database.read() as connection:
        rows, total = await list_duplicates(connection, kind=kind, decision=decision, limit=limit, offset=offset)
    return DuplicateGroups([duplicate_group_of(row) for row in rows], total)


@get("/api/daemon/duplicates/{group_id:str}", tags=["Duplicates"])
async def get_duplicate_group(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> DuplicateGroup:
    """One group, decided or not."""
    async with context.bench.database.read() as connection:
        return duplicate_group_of(await find_duplicates(connection, group_id))


@post("/api/daemon/duplicates/{group_id:str}/decide", tags=["Duplicates"], status_code=200)
async def decide_duplicates(
    context: NamedDependency[ApiContext], group_id: FromPath[str], data: JSONBody[DuplicateDecision]
) -> DuplicateGroup:
    """Keeps all, archives all but some, or says that they are no duplicates: for good, unless it is taken back."""
    await decide(context.bench, group_id, data.decision, data.keep)
    async with context.bench.database.read() as connection:
        return duplicate_group_of(await find_duplicates(connection, group_id))


@post("/api/daemon/duplicates/{group_id:str}/undo", tags=["Duplicates"], status_code=200)
async def take_duplicates_back(context: NamedDependency[ApiContext], group_id: FromPath[str]) -> DuplicateGroup:
    """Takes a decision back, and brings what it had archived back into the library."""
    await take_back(context.bench, group_id)
    async with context.bench.database.read() as connection:
        return duplicate_group_of(await find_duplicates(connection, group_id))


ROUTES = (get_duplicates, get_duplicate_group, decide_duplicates, take_duplicates_back)
