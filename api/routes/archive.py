"""Putting photos away, bringing them back, deleting them."""

from __future__ import annotations

from litestar import delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.context import ApiContext
from api.schemas.batch import Deleted, PutAway
from api.schemas.photo import photo_of
from core.library.photos import find_photo
from core.pipeline.together import archive_together, delete_together, unarchive_together


@post("/api/photos/{photo_id:str}/archive", tags=["Photos"], status_code=200)
async def archive(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> PutAway:
    """Hides a photo with all its versions from every list and count; its file moves to ``media/archive``.

    What belongs to it (the film of a Live Photo, the RAW of a JPEG) goes with it.
    """
    await archive_together(context.bench, photo_id)
    return await _answer(context, photo_id, "was archived")


@post("/api/photos/{photo_id:str}/unarchive", tags=["Photos"], status_code=200)
async def unarchive(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> PutAway:
    """Brings an archived photo, and what belongs to it, back to where it was."""
    await unarchive_together(context.bench, photo_id)
    return await _answer(context, photo_id, "was brought back from the archive")


@delete("/api/photos/{photo_id:str}", tags=["Photos"], status_code=200)
async def delete_one(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> Deleted:
    """Deletes a version, and the photo with its last one; what belongs to it goes with it. An unknown one is fine.

    Faces, places in collections and thumbnails go. The bytes stay in ``media/archive`` (an original where it is), so
    that nothing is lost by a click; whoever wants the room back removes them there.
    """
    was_there = await delete_together(context.bench, photo_id)
    return Deleted(success=True, message="The photo was deleted." if was_there else "There was no such photo.")


async def _answer(context: ApiContext, photo_id: str, what: str) -> PutAway:
    async with context.bench.database.read() as connection:
        photo = photo_of(await find_photo(connection, photo_id, archived=True))
    return PutAway(success=True, message=f"{photo.media_asset.original_filename} {what}.", photo=photo)


ROUTES = [archive, unarchive, delete_one]
