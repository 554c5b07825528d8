"""Describing photos, and processing them anew: one, or many."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from sqlalchemy import select

from api.context import ApiContext
from api.schemas.batch import BatchDone, ChosenPhotos, PhotoError
from api.schemas.metadata import Described
from api.schemas.photo import Photo, photo_of
from api.schemas.processing import DescribedPhoto, Reprocessed
from core.db.tables import FileVersion
from core.errors import BadRequest, NotFound
from core.library.layout import Tier
from core.library.photos import find_photo
from core.pipeline.again import describe_photo, reprocess_photo
from core.pipeline.batch import Outcome, on_each
from core.pipeline.develop import bronze_of, develop


async def _photo(context: ApiContext, photo_id: str) -> Photo:
    async with context.bench.database.read() as connection:
        return photo_of(await find_photo(connection, photo_id))


async def _tier(context: ApiContext, photo_id: str) -> str | None:
    statement = select(FileVersion.tier).where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    async with context.bench.database.read() as connection:
        return (await connection.execute(statement)).scalar()


@post("/api/photos/{photo_id:str}/process", tags=["Processing"], status_code=200)
async def process(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Photo:
    """Makes the Silver version of a Bronze photo; a Silver photo without a description is described."""
    if await _tier(context, photo_id) == Tier.SILVER:
        await describe_photo(context.bench, photo_id)
        return await _photo(context, photo_id)
    return await _photo(context, await develop(context.bench, await bronze_of(context.bench, photo_id)))


@post("/api/photos/{photo_id:str}/process-ai", tags=["Processing"], status_code=200)
async def process_ai(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> DescribedPhoto:
    """Has a Silver photo described that is not described yet."""
    described = await describe_photo(context.bench, photo_id)
    return DescribedPhoto(success=True, message="The photo was described.", ai_metadata=_converted(described))


@post("/api/photos/{photo_id:str}/reprocess", tags=["Processing"], status_code=200)
async def reprocess(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Reprocessed:
    """Looks at a photo again, describes it anew and finds its faces once more; those that are named stay."""
    await reprocess_photo(context.bench, photo_id)
    photo = await _photo(context, photo_id)
    return Reprocessed(
        success=True, message=f"{photo.media_asset.original_filename} was processed again.", updated_photo=photo
    )


@post("/api/photos/batch-ai-process", tags=["Processing"], status_code=200)
async def batch_ai_process(context: NamedDependency[ApiContext], data: JSONBody[ChosenPhotos]) -> BatchDone:
    """Has every Silver photo among these described that is not yet; others are passed over."""

    async def one(photo_id: str) -> bool:
        try:
            await describe_photo(context.bench, photo_id)
        except (NotFound, BadRequest):
            return False
        return True

    return _done(await on_each(data.photo_ids, one))


@post("/api/photos/batch-process", tags=["Processing"], status_code=200)
async def batch_process(context: NamedDependency[ApiContext], data: JSONBody[ChosenPhotos]) -> BatchDone:
    """Makes Bronze photos Silver and describes Silver ones that are not yet; others are passed over."""

    async def one(photo_id: str) -> bool:
        try:
            if await _tier(context, photo_id) == Tier.SILVER:
                await describe_photo(context.bench, photo_id)
            else:
                await develop(context.bench, await bronze_of(context.bench, photo_id))
        except (NotFound, BadRequest):
            return False
        return True

    return _done(await on_each(data.photo_ids, one))


def _done(outcome: Outcome) -> BatchDone:
    return BatchDone(outcome.changed, [PhotoError(photo_id, error) for photo_id, error in outcome.errors.items()])


def _converted(described: dict[str, Any]) -> Described:
    return msgspec.convert(described, Described)


ROUTES = [process, process_ai, reprocess, batch_ai_process, batch_process]
