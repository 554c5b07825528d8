"""What a person says of a photo."""

from __future__ import annotations

from litestar import patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.context import ApiContext
from api.schemas.edit import Favorite, FavoriteSet, PhotoEdit, Rating, TagEdit, TagsSet, edit_of
from api.schemas.photo import Photo, photo_of
from api.schemas.tag import Done
from core.library.edits import EDITED, UPDATED, Edit, TagChange, change_tags, edit_photo
from core.library.photos import find_photo


async def _edited(context: ApiContext, photo_id: str, edit: Edit, action: str = EDITED) -> Photo:
    async with context.bench.database.write() as connection:
        await edit_photo(connection, photo_id, edit, action)
        return photo_of(await find_photo(connection, photo_id))


@patch("/api/photos/{photo_id:str}/metadata", tags=["Photos"])
async def edit_metadata(
    context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[PhotoEdit]
) -> Photo:
    """Sets what is named and leaves the rest; edits within two minutes share one row of the history."""
    return await _edited(context, photo_id, edit_of(data))


@patch("/api/photos/{photo_id:str}", tags=["Photos"], operation_id="PatchPhoto")
async def patch_photo(
    context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[PhotoEdit]
) -> Photo:
    """The same as editing its metadata."""
    return await _edited(context, photo_id, edit_of(data))


@put("/api/photos/{photo_id:str}", tags=["Photos"])
async def put_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[PhotoEdit]) -> Photo:
    """Sets what is named; paths, hashes, tier, ids and dates belong to the server and are passed over."""
    return await _edited(context, photo_id, edit_of(data), UPDATED)


@patch("/api/photos/{photo_id:str}/rating", tags=["Photos"])
async def rate_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[Rating]) -> Done:
    """Gives a photo its stars; 0 takes them away."""
    async with context.bench.database.write() as connection:
        await edit_photo(connection, photo_id, Edit(rating=data.rating))
    return Done(success=True)


@patch("/api/photos/{photo_id:str}/favorite", tags=["Photos"])
async def favor_photo(
    context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[Favorite]
) -> FavoriteSet:
    """Makes a photo a favourite, or no longer one."""
    async with context.bench.database.write() as connection:
        await edit_photo(connection, photo_id, Edit(is_favorite=data.is_favorite))
    return FavoriteSet(success=True, is_favorite=data.is_favorite)


@patch("/api/photos/{photo_id:str}/tags", tags=["Photos"])
async def tag_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str], data: JSONBody[TagEdit]) -> TagsSet:
    """Adds to, takes from, or replaces the tags of a photo; the tag library counts the new ones."""
    change = TagChange(data.action) if data.action in set(TagChange) else TagChange.REPLACE
    async with context.bench.database.write() as connection:
        tags, _ = await change_tags(connection, photo_id, data.tags, change)
    return TagsSet(success=True, tags=list(tags))


ROUTES = [edit_metadata, patch_photo, put_photo, rate_photo, favor_photo, tag_photo]
