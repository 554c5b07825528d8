"""Bursts, and photos that are alike: what there is, and what a person keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from heapq import nlargest
from itertools import chain
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from litestar.types import ExceptionHandler

from api.context import ApiContext
from api.errors import EXCEPTION_HANDLERS
from api.json_array import made_in_thread, sent
from api.known_answers import FROM_DATABASE, question_of
from api.schemas.burst import (
    BurstAnalysis,
    BurstDecision,
    BurstNotice,
    BurstNotices,
    BurstRestored,
    BurstsProcessed,
    SimilarGroup,
    encoded_bursts,
    unwrapped,
)
from api.schemas.photo import Photo, photo_of
from api.schemas.problem import Problem
from api.shared_lists import SharedLists
from core.bursts.deciding import Selection, process_bursts, undo_decision
from core.bursts.forming import Burst
from core.bursts.reading import Analysis, analyze, similar_of_tier
from core.bursts.similar import JOINED, SCORE
from core.library.photos import photos_by_id


def _without_bursts(handler: ExceptionHandler[Any]) -> ExceptionHandler[Any]:
    """The burst page takes whatever comes for an analysis: a fault has its keys, too, with nothing in them."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        answer = handler(request, error)
        if isinstance(answer.content, Problem):
            nothing = {"groups": [], "totalPhotos": 0, "ungroupedPhotos": []}
            answer.content = msgspec.to_builtins(answer.content) | nothing
        return answer

    return handle


@get(
    "/api/burst/analyze",
    tags=["Bursts"],
    opt={FROM_DATABASE: True},
    responses={200: ResponseSpec(BurstAnalysis, generate_examples=False, description="Bursts and the rest")},
    exception_handlers={kind: _without_bursts(handler) for kind, handler in EXCEPTION_HANDLERS.items()},
)
async def analyze_bursts(
    request: Request[Any, Any, Any], context: NamedDependency[ApiContext], lists: NamedDependency[SharedLists]
) -> Stream:
    """All bursts, latest first, with the best picture of each; and the pictures that are in none."""

    async def read() -> AsyncIterator[bytes]:
        async for chunk in made_in_thread(encoded_bursts(await analyze(context.bench.database))):
            yield chunk

    return sent(await lists.read(question_of(request), read))


@post("/api/burst/process", tags=["Bursts"], status_code=200)
async def decide_bursts(context: NamedDependency[ApiContext], data: JSONBody[BurstDecision]) -> BurstsProcessed:
    """Keeps the selected photos, and marks the others of their bursts as rejected until they are selected.

    A burst of which nothing is selected stays as it is. The client wraps what it sends as text in ``body``; both forms
    are understood.
    """
    selections, ungrouped = unwrapped(data)
    chosen = [Selection(one.group_id, one.selected_photo_ids) for one in selections]
    done = await process_bursts(context.bench, chosen, ungrouped)
    return BurstsProcessed(done.processed, done.promoted, done.errors)


@post("/api/daemon/bursts/{burst_id:str}/undo", tags=["Bursts"], status_code=200)
async def undo_burst(context: NamedDependency[ApiContext], burst_id: FromPath[str]) -> BurstRestored:
    """Takes back what was last decided of a burst. What has become of a photo since stays."""
    async with context.bench.database.write() as connection:
        return BurstRestored(await undo_decision(connection, burst_id))


@get("/api/photos/burst-analysis", tags=["Bursts"], opt={FROM_DATABASE: True})
async def notice_bursts(
    context: NamedDependency[ApiContext],
    limit: Annotated[int, QueryParameter(ge=0, le=10_000, description="how many of the latest photos")] = 100,
) -> BurstNotices:
    """The bursts that the latest photos are in: those of ``/api/burst/analyze``, with whole photos."""
    analysis = await analyze(context.bench.database)
    total, bursts, alone = await asyncio.to_thread(_of_latest, analysis, limit)
    photos = await _photos(context, [*(frame.id for burst in bursts for frame in burst.frames), *alone])
    notices = []
    for burst in bursts:
        shown = [photos[frame.id] for frame in burst.frames if frame.id in photos]
        start, end = burst.frames[0].taken, burst.frames[-1].taken
        notices.append(BurstNotice(burst.id, shown, start.isoformat(), end.isoformat(), len(shown)))
    return BurstNotices(notices, total, [photos[photo_id] for photo_id in alone if photo_id in photos])


def _of_latest(analysis: Analysis, limit: int) -> tuple[int, list[Burst], list[str]]:
    """How many photos are the latest, the bursts that they are in, and those in none; for a thread."""
    pictures = chain(analysis.alone, analysis.members.values())
    latest = nlargest(limit, pictures, key=lambda one: (one.came, one.id))
    considered = {one.id for one in latest}
    bursts = [burst for burst in analysis.bursts if any(frame.id in considered for frame in burst.frames)]
    return len(latest), bursts, [picture.id for picture in analysis.alone if picture.id in considered]


@get("/api/photos/similarity", tags=["Bursts"], opt={FROM_DATABASE: True})
async def find_similar(
    context: NamedDependency[ApiContext],
    tier: Annotated[str, QueryParameter(max_length=20, pattern=r"^[^\0]*$")] = "silver",
    threshold: Annotated[
        float, QueryParameter(ge=0.5, le=0.99, description="how alike; pairs above it are joined")
    ] = JOINED,
) -> list[SimilarGroup]:
    """Photos of a tier that are alike by two of name, tags and time, latest first.

    The Python branch joins above 0.85 when nobody says otherwise; as the contract has it, it is 0.6 here.
    """
    groups = await similar_of_tier(context.bench.database, tier, threshold)
    photos = await _photos(context, [photo_id for group in groups for photo_id in group])
    answer = []
    for group in groups:
        found = [photos[photo_id] for photo_id in group if photo_id in photos]
        if len(found) > 1:
            answer.append(SimilarGroup(found, SCORE, found[0]))
    return answer


async def _photos(context: ApiContext, photo_ids: list[str]) -> dict[str, Photo]:
    async with context.bench.database.read() as connection:
        return {row.id: photo_of(row) for row in await photos_by_id(connection, photo_ids)}


ROUTES = [analyze_bursts, decide_bursts, undo_burst, notice_bursts, find_similar]
