"""Promotion to Gold, and back."""

from __future__ import annotations

import asyncio

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.context import ApiContext
from api.schemas.photo import Photo, photo_of
from api.schemas.promotion import BatchPromoted, Demoted, Embedded, PhotoFault, PhotoIds
from core.errors import BadRequest, IntakeError, NotFound, RequestError
from core.library.layout import Tier
from core.library.photos import find_photo, of_tier
from core.pipeline.promote import Action
from core.pipeline.together import demote_together, promote_together

AT_ONCE = 4
"""Photos of a batch that are in hand at a time: a worker computes for one while another is written to the disk."""


@post("/api/photos/{photo_id:str}/promote", tags=["Promotion"], status_code=200)
async def promote_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Photo:
    """Makes the Gold version of a Silver photo; one that is Gold already is brought up to date."""
    promoted = await promote_together(context.bench, photo_id)
    return await _photo(context, promoted.gold_id)


@post("/api/photos/{photo_id:str}/embed-metadata", tags=["Promotion"], status_code=200)
async def embed_metadata(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Embedded:
    """The same, as the history's ``EMBEDDED``."""
    promoted = await promote_together(context.bench, photo_id, Action.EMBEDDED)
    return Embedded(success=True, gold_version=await _photo(context, promoted.gold_id))


@post("/api/photos/batch-promote", tags=["Promotion"], status_code=200)
async def batch_promote(context: NamedDependency[ApiContext], data: JSONBody[PhotoIds]) -> BatchPromoted:
    """Promotes every Silver photo among these; others are passed over."""
    wanted = list(dict.fromkeys(data.photo_ids))
    async with context.bench.database.read() as connection:
        silver = await of_tier(connection, wanted, Tier.SILVER)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(photo_id: str) -> PhotoFault | bool:
        async with turns:
            try:
                return (await promote_together(context.bench, photo_id)).is_changed
            except (NotFound, BadRequest):
                return False
            except (IntakeError, RequestError) as error:
                return PhotoFault(photo_id, str(error))

    results = await asyncio.gather(*(one(photo_id) for photo_id in wanted if photo_id in silver))
    faults = [result for result in results if isinstance(result, PhotoFault)]
    return BatchPromoted(promoted=results.count(True), errors=faults)


@post("/api/photos/{photo_id:str}/demote", tags=["Promotion"], status_code=200)
async def demote_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Demoted:
    """Gives up a Gold or Silver version; the one below it is the photo again."""
    left = await _photo(context, await demote_together(context.bench, photo_id))
    message = f"{left.media_asset.original_filename} is {left.tier.capitalize()} again."
    return Demoted(success=True, message=message, active_version=left)


async def _photo(context: ApiContext, photo_id: str) -> Photo:
    async with context.bench.database.read() as connection:
        return photo_of(await find_photo(connection, photo_id))


ROUTES = (promote_photo, batch_promote, embed_metadata, demote_photo)
