"""Which photos should wait for a language model and do not? Looked for a page at a time, and put into the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.builtin import NAME as BUILTIN
from core.ai.privacy import those_that_stay
from core.ai.provider import Provider
from core.backlog.queue import CAME, PAGE, backlog_request, describable, waiting_afresh, waiting_row
from core.backlog.states import BacklogState
from core.db.tables import AiBacklogEntry, FileVersion
from core.db.types import UtcTimestamp
from core.db.upsert import insert_on_conflict


class Page(msgspec.Struct, frozen=True):
    """Photos that nobody but the built-in provider has described: ``new`` ones (id, capture time) are not in the queue
    yet, those of ``again`` (id, when their row was last written) are, and wait for nothing. ``looked_at`` counts all
    versions that were looked at, ``last`` is the last id of those, ``None`` at the end.
    """

    new: tuple[tuple[str, str | None], ...]
    again: tuple[tuple[str, datetime], ...]
    looked_at: int
    last: str | None


def who_is_asked(providers: Sequence[Provider]) -> str:
    """What those who are asked are remembered by: their names and models, in their order."""
    return ", ".join(f"{provider.name} {provider.model}" for provider in providers)


async def count_versions(connection: AsyncConnection) -> int:
    """How many versions :func:`undescribed` looks at in all."""
    return (await connection.execute(select(func.count()).select_from(FileVersion))).scalar_one()


async def undescribed(connection: AsyncConnection, after: str, asked: str, roots: Mapping[str, bool]) -> Page:
    """Looks at the :data:`PAGE` versions that follow the id ``after``, at first an empty text.

    What a model described is left as it is, whichever is chosen now, and so is a photo whose answer a person has taken
    back. Who was asked in vain is asked about again where ``asked`` (see :func:`who_is_asked`) are others by now; what
    had to stay on this machine also where nobody says so any more (``roots`` as for :mod:`core.ai.privacy`).
    """
    # by their ids alone, and then what they are: told all of it at once, SQLite goes through every photo for each page
    page = select(FileVersion.id).where(FileVersion.id > after).order_by(FileVersion.id).limit(PAGE)
    looked_at = (await connection.execute(page)).scalars().all()
    described_by = FileVersion.combined_metadata["ai"]["provider"].as_string()
    statement = (
        select(
            FileVersion.id,
            FileVersion.media_asset_id,
            FileVersion.captured_at,
            AiBacklogEntry.state,
            AiBacklogEntry.provider,
            AiBacklogEntry.asked_of,
            AiBacklogEntry.is_taken_back,
            AiBacklogEntry.updated_at,
            described_by.label("described_by"),
            and_(*describable()).label("is_describable"),
        )
        .outerjoin(AiBacklogEntry, AiBacklogEntry.version_id == FileVersion.id)
        .where(FileVersion.id.in_(looked_at))
        .order_by(FileVersion.id)
    )
    rows = (await connection.execute(statement)).all()
    wanted = [row for row in rows if row.is_describable and row.described_by in (None, BUILTIN)]
    again = [row for row in wanted if _is_over_in_vain(row)]
    # nobody else can be asked: whoever protected the photo may have changed their mind
    kept = [row for row in again if row.asked_of == asked]
    staying = await those_that_stay(connection, [row.media_asset_id for row in kept if _was_protected(row)], roots)
    left = {row.id for row in kept if not _was_protected(row) or row.media_asset_id in staying}
    return Page(
        new=tuple((row.id, row.captured_at) for row in wanted if row.state is None),
        again=tuple((row.id, row.updated_at) for row in again if row.id not in left),
        looked_at=len(looked_at),
        last=looked_at[-1] if len(looked_at) == PAGE else None,
    )


async def add_page(connection: AsyncConnection, page: Page, day: date, now: datetime) -> None:
    """Queues the photos of a page; one that somebody has touched in the queue since it was read is left to them."""
    request = backlog_request(day)
    if page.new:
        rows = [waiting_row(version_id, captured_at, request, CAME, now) for version_id, captured_at in page.new]
        await connection.execute(
            insert_on_conflict(connection.dialect.name, AiBacklogEntry).on_conflict_do_nothing(), rows
        )
    if page.again:
        seen = [{"seen_id": version_id, "seen_at": updated_at} for version_id, updated_at in page.again]
        await connection.execute(_AGAIN.values(waiting_afresh(request, CAME, now)), seen)


_AGAIN: Final = update(AiBacklogEntry).where(
    AiBacklogEntry.version_id == bindparam("seen_id"),
    AiBacklogEntry.updated_at == bindparam("seen_at", type_=UtcTimestamp()),
)


def _is_over_in_vain(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether the queue is done with a photo although no model has described it."""
    if row.state == BacklogState.FAILED:
        return row.asked_of is not None
    return row.state == BacklogState.DONE and not row.is_taken_back


def _was_protected(row: Row[*tuple[Any, ...]]) -> bool:
    return bool(row.state == BacklogState.DONE)
