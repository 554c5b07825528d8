"""Which answers belong together, and how are they taken back?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.builtin import NAME as BUILTIN
from core.backlog.states import BacklogState
from core.db.engine import Database
from core.db.tables import AiAnswer, AiBacklogEntry, AiRun, FileVersion
from core.errors import BadRequest, NotFound
from core.library.described import without_answer
from core.library.sidecars import mark_stale

BATCH: Final = 100
"""Answers that are taken back in one transaction."""


class Undone(msgspec.Struct, frozen=True, rename="camel"):
    """``restored`` photos say again what they said before; ``kept`` say since what a person or a later run said."""

    run: int
    restored: int
    kept: int


async def list_runs(connection: AsyncConnection, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest runs: id, request, provider, model, prompt version, when, and how many answers are still there."""
    count = (
        select(func.count(AiAnswer.id)).where(AiAnswer.run_id == AiRun.id).correlate(AiRun).scalar_subquery()
    ).label("photos")
    last = select(func.max(AiAnswer.answered_at)).where(AiAnswer.run_id == AiRun.id).correlate(AiRun).scalar_subquery()
    columns = (AiRun.id, AiRun.request, AiRun.provider, AiRun.model, AiRun.prompt_version)
    statement = select(*columns, AiRun.started_at, AiRun.undone_at, count, last.label("last_at"))
    return (await connection.execute(statement.order_by(AiRun.id.desc()).limit(limit))).all()


async def undo_run(database: Database, run_id: int, now: datetime) -> Undone:
    """Restores what was said before the answers of a run, where it is still them that is said.

    A few photos at a time: what is interrupted goes on where it stopped. Raises :class:`NotFound`, and
    :class:`BadRequest` for a run that was taken back before.
    """
    async with database.read() as connection:
        found = (await connection.execute(select(AiRun.undone_at).where(AiRun.id == run_id))).first()
    if found is None:
        raise NotFound(f"There is no run {run_id}; `pictallion ai runs` lists them.")
    if found.undone_at is not None:
        raise BadRequest(f"Run {run_id} was taken back on {found.undone_at:%Y-%m-%d at %H:%M} UTC.")
    restored = kept = 0
    while True:
        async with database.write() as connection:
            newest_first = select(AiAnswer.__table__).where(AiAnswer.run_id == run_id).order_by(AiAnswer.id.desc())
            answers = (await connection.execute(newest_first.limit(BATCH))).all()
            if not answers:
                await connection.execute(update(AiRun).where(AiRun.id == run_id).values(undone_at=now))
                return Undone(run_id, restored, kept)
            changed = [answer.version_id for answer in answers if await _take_back(connection, answer)]
            restored += len(changed)
            kept += len(answers) - len(changed)
            await mark_stale(connection, changed, now)
            await _settle(connection, changed, run_id, now)
            done = [answer.id for answer in answers]
            await connection.execute(delete(AiAnswer).where(AiAnswer.id.in_(done)))


async def _take_back(connection: AsyncConnection, answer: Any) -> bool:
    """Whether the photo says something else now."""
    later = (
        select(AiAnswer.__table__)
        .where(AiAnswer.version_id == answer.version_id, AiAnswer.id > answer.id)
        .order_by(AiAnswer.id)
        .limit(1)
    )
    statement = select(FileVersion.combined_metadata.label("said"), FileVersion.ai_short_description).where(
        FileVersion.id == answer.version_id
    )
    row = (await connection.execute(statement.with_for_update())).one()
    after = (await connection.execute(later)).first()
    if after is not None:
        # whoever takes the later answer back comes to what was before this one
        values = {
            "before": without_answer(after.before, answer.answer, answer.before),
            "short_before": answer.short_before if after.short_before == answer.short else after.short_before,
        }
        await connection.execute(update(AiAnswer).where(AiAnswer.id == after.id).values(values))
        return False
    metadata: dict[str, Any] = dict(row.said or {})
    before = metadata.get("ai")
    ai = without_answer(before, answer.answer, answer.before)
    if ai is None:
        metadata.pop("ai", None)
    else:
        metadata["ai"] = ai
    is_same_name = row.ai_short_description == answer.short
    short = answer.short_before if is_same_name else row.ai_short_description
    if ai == before and short == row.ai_short_description:
        return False
    changed = {"combined_metadata": metadata or None, "ai_short_description": short}
    await connection.execute(update(FileVersion).where(FileVersion.id == answer.version_id).values(changed))
    return True


async def _settle(connection: AsyncConnection, version_ids: Sequence[str], run_id: int, now: datetime) -> None:
    """They are not asked about again by themselves: who takes an answer back does not want the same one."""
    reason = f"Run {run_id} was taken back; `pictallion ai redo` asks again."
    values = {
        "provider": BUILTIN,
        "model": None,
        "prompt_version": None,
        "reason": reason,
        "is_taken_back": True,
        "updated_at": now,
    }
    is_done = (AiBacklogEntry.version_id.in_(version_ids), AiBacklogEntry.state == BacklogState.DONE)
    await connection.execute(update(AiBacklogEntry).where(*is_done).values(values))
