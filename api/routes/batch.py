"""One operation on many photos."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from api.context import ApiContext
from api.schemas.batch import Batch, BatchAnswer, BatchParams, PhotoError
from core.errors import BadRequest, NotFound
from core.library.edits import TagChange, change_tags
from core.library.export import Copies, Packing, export
from core.library.membership import add_to_collection, require_collection
from core.pipeline.batch import Outcome, on_each
from core.pipeline.develop import bronze_of, develop
from core.pipeline.together import delete_together, promote_together

Work = Callable[[str], Awaitable[bool]]


@post("/api/photos/batch", tags=["Photos"], status_code=200)
async def batch(context: NamedDependency[ApiContext], data: JSONBody[Batch]) -> BatchAnswer:
    """``addTags``, ``delete``, ``promote`` (to ``params.tier``), ``addToCollection`` or ``export``; photo by photo."""
    params = data.params or BatchParams()
    match data.operation:
        case "addTags":
            work = _adding_tags(context, params)
        case "delete":
            work = _deleting(context)
        case "promote":
            work = _promoting(context, params)
        case "addToCollection":
            work = await _collecting(context, params)
        case "export":
            return await _exported(context, data.photo_ids, params)
    return _answer(await on_each(data.photo_ids, work))


def _adding_tags(context: ApiContext, params: BatchParams) -> Work:
    tags = params.tags
    if not tags:
        raise BadRequest("addTags needs params.tags, the tags to add.")

    async def work(photo_id: str) -> bool:
        async with context.bench.database.write() as connection:
            _, is_changed = await change_tags(connection, photo_id, tags, TagChange.ADD)
        return is_changed

    return work


def _deleting(context: ApiContext) -> Work:
    async def work(photo_id: str) -> bool:
        return await delete_together(context.bench, photo_id)

    return work


def _promoting(context: ApiContext, params: BatchParams) -> Work:
    async def to_gold(photo_id: str) -> bool:
        return (await promote_together(context.bench, photo_id)).is_changed

    async def to_silver(photo_id: str) -> bool:
        await develop(context.bench, await bronze_of(context.bench, photo_id))
        return True

    if params.tier is None:
        raise BadRequest("promote needs params.tier: silver or gold.")
    return to_gold if params.tier == "gold" else to_silver


async def _collecting(context: ApiContext, params: BatchParams) -> Work:
    collection_id = params.collection_id
    if not collection_id:
        raise BadRequest("addToCollection needs params.collectionId.")
    if "\0" in collection_id:
        raise NotFound("There is no such collection.")
    async with context.bench.database.read() as connection:
        await require_collection(connection, collection_id)

    async def work(photo_id: str) -> bool:
        async with context.bench.database.write() as connection:
            return await add_to_collection(connection, collection_id, [photo_id]) > 0

    return work


async def _exported(context: ApiContext, photo_ids: list[str], params: BatchParams) -> BatchAnswer:
    bench = context.bench
    packing, copies = Packing(params.format or Packing.ZIP), Copies(params.quality or Copies.ORIGINAL)
    path, errors = await export(bench.database, bench.layout, bench.compute, photo_ids, packing, copies)
    changed = len(set(photo_ids)) - len(errors)
    return _answer(Outcome(changed, errors), f"/api/files/{path}?download=true")


def _answer(outcome: Outcome, download_url: str | UnsetType = UNSET) -> BatchAnswer:
    errors = [PhotoError(photo_id, error) for photo_id, error in outcome.errors.items()]
    return BatchAnswer(success=True, processed=outcome.changed, errors=errors, download_url=download_url)


ROUTES = [batch]
