"""Which photos are to be described once more? A filter's words, and putting what it finds into the queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.backlog.queue import PAGE, afresh, describable, row_asked_for
from core.backlog.states import BacklogState
from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.search_sql import FACTS, tagged
from core.db.tables import AiBacklogEntry, Collection, CollectionPhoto, Face, FileVersion, MediaAsset, Person
from core.db.upsert import insert_on_conflict
from core.errors import BadRequest
from core.library.layout import Tier


class Where(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What photos have to be; what is ``None`` does not matter, all of the rest has to be true.

    ``provider`` and ``model`` are who described them (``builtin``, ``llava:latest``), ``before`` an ISO 8601 day or
    time in UTC before which that was. ``tag`` is one whole tag or keyword, ``event`` an event's type or part of its
    name, ``collection`` and ``person`` a name or an id, ``name`` part of the original's name, ``path`` part of where
    the file lies in the library.
    """

    tier: str | None = None
    provider: str | None = None
    model: str | None = None
    before: str | None = None
    tag: str | None = None
    event: str | None = None
    collection: str | None = None
    person: str | None = None
    name: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in msgspec.to_builtins(self).items())


KEYS: Final = Where.__struct_encode_fields__


class Redone(msgspec.Struct, frozen=True, rename="camel"):
    """``photos`` are asked about again, or would be; ``confirmed`` are left as they are because a person has said that
    they are right (reviewed, or Gold). ``request`` is what the answers will be gathered by.
    """

    photos: int
    confirmed: int
    request: str


def parse_where(texts: Iterable[str]) -> Where:
    """Reads ``key=value`` each. Raises :class:`BadRequest` naming the nearest key, or what is no value of it."""
    values: dict[str, str] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise BadRequest(f"{text} says nothing; write key=value, such as provider=builtin.")
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KEYS)}."
            raise BadRequest(f"Photos cannot be chosen by {key}; {advice}")
        if key in values:
            raise BadRequest(f"{key} is given twice; all of what is given has to be true of a photo.")
        values[key] = value
    return Where(**values)


async def redo(database: Database, where: Where, now: datetime, *, is_dry: bool = False) -> Redone:
    """Queues the photos that ``where`` finds, before those that merely came; with ``is_dry`` they are counted only.

    Raises :class:`BadRequest` for a filter without any condition, or with a value that is none.
    """
    conditions = list(_conditions(where, database.dialect))
    if not conditions:
        raise BadRequest(f"Say which photos: by {', '.join(KEYS)}. The whole library is tier=silver.")
    request = f"redo of {now:%Y-%m-%d %H:%M:%S} UTC where {where}"
    may_be = describable()
    async with database.read() as connection:
        found = await all_rows(connection, _select(conditions, may_be))
        all_found = (await connection.execute(_count(conditions))).scalar_one()
    redone = Redone(len(found), all_found - len(found), request)
    if is_dry:
        return redone
    for start in range(0, len(found), PAGE):
        page = found[start : start + PAGE]
        async with database.write() as connection:
            await _queue(connection, page, request, now)
    return redone


def _select(conditions: list[ColumnElement[bool]], may_be: list[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    return (
        select(FileVersion.id, FileVersion.captured_at)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(*conditions, *may_be)
    )


def _count(conditions: list[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    is_image = (FileVersion.mime_type.like("image/%"), FileVersion.tier != Tier.BRONZE)
    assets = select(func.count(FileVersion.media_asset_id.distinct()))
    joined = assets.join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
    return joined.where(*conditions, *is_image, FileVersion.archived_at.is_(None), FileVersion.undecodable.is_(None))


async def _queue(connection: AsyncConnection, page: list[Any], request: str, now: datetime) -> None:
    statement = insert_on_conflict(connection.dialect.name, AiBacklogEntry).on_conflict_do_update(
        index_elements=[AiBacklogEntry.version_id],
        set_=afresh(request, now),
        # what is asked about at this moment is answered by who is asked now
        where=AiBacklogEntry.state != BacklogState.RUNNING,
    )
    await connection.execute(statement, [row_asked_for(row.id, row.captured_at, request, now) for row in page])


def _conditions(where: Where, dialect: str) -> Iterator[ColumnElement[bool]]:
    ai = FileVersion.combined_metadata["ai"]
    if where.tier is not None:
        if where.tier not in (Tier.SILVER, Tier.GOLD):
            raise BadRequest(f"Photos of tier {where.tier} are not described; there are silver and gold.")
        yield FileVersion.tier == where.tier
    if where.provider is not None:
        yield ai["provider"].as_string() == where.provider
    if where.model is not None:
        yield ai["model"].as_string() == where.model
    if where.before is not None:
        # what has no date is older than what has one
        described_at = ai["describedAt"].as_string()
        yield or_(described_at.is_(None), described_at < _moment(where.before))
    if where.tag is not None:
        yield FileVersion.id.in_(select(FACTS.c.version_id).where(FACTS.c.id.in_(tagged(dialect, where.tag))))
    if where.event is not None:
        is_named = FileVersion.event_name.icontains(where.event, autoescape=True)
        yield or_(FileVersion.event_type == where.event, is_named)
    if where.collection is not None:
        named = select(Collection.id).where(or_(Collection.id == where.collection, Collection.name == where.collection))
        yield _is_beside(select(CollectionPhoto.photo_id).where(CollectionPhoto.collection_id.in_(named)))
    if where.person is not None:
        named = select(Person.id).where(or_(Person.id == where.person, Person.name == where.person))
        yield _is_beside(select(Face.photo_id).where(Face.person_id.in_(named), Face.ignored.is_(False)))
    if where.name is not None:
        yield MediaAsset.original_filename.icontains(where.name, autoescape=True)
    if where.path is not None:
        yield FileVersion.file_path.icontains(where.path, autoescape=True)


def _is_beside(versions: Select[str]) -> ColumnElement[bool]:
    """That the photo is one of these, whichever version of it was meant."""
    other = aliased(FileVersion)
    return exists().where(other.media_asset_id == FileVersion.media_asset_id, other.id.in_(versions))


def _moment(text: str) -> str:
    """An ISO 8601 day or time as ``describedAt`` is written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{text} is no day; write it as in {date(2026, 1, 31)}.") from None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
