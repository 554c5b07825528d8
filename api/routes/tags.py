"""The tag library."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.context import ApiContext
from api.schemas.tag import Done, LibraryTag, NewTags, TagsAdded
from api.schemas.timestamp import timestamp
from core.library.tag_library import all_tags, count_tags, forget_tag


@get("/api/tags/library", tags=["Tags"])
async def get_tags(context: NamedDependency[ApiContext]) -> list[LibraryTag]:
    """All tags, most used first."""
    async with context.bench.database.read() as connection:
        rows = await all_tags(connection)
    return [LibraryTag(row.tag, row.usage_count, timestamp(row.created_at)) for row in rows]


@post("/api/tags/library", tags=["Tags"], status_code=200)
async def add_tags(context: NamedDependency[ApiContext], data: JSONBody[NewTags]) -> TagsAdded:
    """Counts one more use of each tag."""
    tags = [data.tags] if isinstance(data.tags, str) else data.tags
    async with context.bench.database.write() as connection:
        await count_tags(connection, tags)
    message = "1 tag was added to the library." if len(tags) == 1 else f"{len(tags)} tags were added to the library."
    return TagsAdded(success=True, message=message, added=data.tags)


@delete("/api/tags/library/{tag:path}", tags=["Tags"], status_code=200)
async def remove_tag(context: NamedDependency[ApiContext], tag: FromPath[str]) -> Done:
    """Takes a tag out of the library; an unknown one is fine."""
    async with context.bench.database.write() as connection:
        await forget_tag(connection, tag.removeprefix("/"))
    return Done(success=True)
