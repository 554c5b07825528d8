"""What a language model answered becomes what the library says, in one transaction with all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import Answered
from core.ai.vocabulary import Vocabulary
from core.backlog.queue import settle_done
from core.db.tables import AiAnswer, AiRun, AssetHistory, FileVersion, MediaAsset
from core.db.upsert import insert_on_conflict
from core.events.assign import assign_events
from core.events.store import calendar
from core.library.described import answer_of, with_answer
from core.library.sidecars import mark_stale
from core.media.source_file import shown

CONFIRMED = "A person has confirmed what is said of it; it stays as it is."
GONE = "The photo is not in the library any more."


async def store_answer(
    connection: AsyncConnection,
    version_id: str,
    answered: Answered,
    request: str,
    vocabulary: Vocabulary,
    now: datetime,
    *,
    is_asked_by_person: bool = False,
    beside: Mapping[str, Any] | None = None,
    action: str = "AI_PROCESSED",
    details: str | None = None,
) -> dict[str, Any] | None:
    """Stores an answer with what it takes the place of, so that it can be taken back; returns the new ``metadata.ai``.

    What a person said stays. ``None`` where nothing is stored, because the photo is gone or, unless a person asks for
    just this one, confirmed; either way the photo waits no more. ``beside`` are other parts of the metadata that were
    found with it; ``action`` and ``details`` are for the history.
    """
    statement = (
        select(
            FileVersion.media_asset_id,
            FileVersion.tier,
            FileVersion.combined_metadata.label("combined_metadata"),
            FileVersion.ai_short_description,
            FileVersion.is_reviewed,
            FileVersion.event_type,
            FileVersion.archived_at,
            MediaAsset.original_filename,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == version_id)
        .with_for_update(of=FileVersion)
    )
    row = (await connection.execute(statement)).first()
    if row is None or row.archived_at is not None or (row.is_reviewed and not is_asked_by_person):
        gone = row is None or row.archived_at is not None
        reason = GONE if gone else CONFIRMED
        await settle_done(connection, version_id, answered.description.provider, now, reason=reason)
        return None
    metadata: dict[str, Any] = row.combined_metadata or {}
    before: dict[str, Any] | None = metadata.get("ai")
    ai = with_answer(before, answer_of(answered, vocabulary, now))
    short = answered.description.file_description
    values: dict[str, Any] = {
        "combined_metadata": {**metadata, **(beside or {}), "ai": ai},
        "ai_short_description": short,
        "is_reviewed": False,
    }
    await connection.execute(update(FileVersion).where(FileVersion.id == version_id).values(values))
    await mark_stale(connection, [version_id], now)
    if not (row.event_type or "").strip():
        await assign_events(connection, await calendar(connection), [version_id], again=False)
    said_by = answered.description.provider
    sentence = details or f"{shown(row.original_filename)} ({row.tier.capitalize()}) was described by {said_by}."
    history = {"media_asset_id": row.media_asset_id, "action": action, "details": sentence, "timestamp": now}
    await connection.execute(insert(AssetHistory), history)
    kept = {
        "run_id": await _run(connection, answered, request, now),
        "version_id": version_id,
        "answer": ai,
        "before": before,
        "short": short,
        "short_before": row.ai_short_description,
        "answered_at": now,
    }
    await connection.execute(insert(AiAnswer), kept)
    await settle_done(
        connection, version_id, said_by, now, model=answered.model, prompt_version=answered.prompt_version
    )
    return ai


async def _run(connection: AsyncConnection, answered: Answered, request: str, now: datetime) -> int:
    """The run that an answer belongs to; a new one where there is none yet, or it was taken back."""
    row = {
        "request": request,
        "provider": answered.description.provider,
        "model": answered.model,
        "prompt_version": answered.prompt_version,
    }
    known = select(AiRun.id).where(AiRun.undone_at.is_(None), *(getattr(AiRun, key) == row[key] for key in row))
    run_id: int | None = (await connection.execute(known)).scalar_one_or_none()
    if run_id is None:
        await connection.execute(
            insert_on_conflict(connection.dialect.name, AiRun).on_conflict_do_nothing(), row | {"started_at": now}
        )
        run_id = (await connection.execute(known)).scalar_one()
    return run_id
