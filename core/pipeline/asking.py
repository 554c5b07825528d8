"""One photo of the library and whoever describes it: what is asked, and what becomes of the answer, or of none.

Nothing is read that is known already: facts come from the photo's row, with what people have corrected since it came,
and the picture is the preview that was made when it was looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import literal, select

from core.ai.builtin import NAME as BUILTIN
from core.ai.moment import known_moment
from core.ai.provider import Answered, Provider, Question
from core.backlog import queue
from core.backlog.answers import CONFIRMED, GONE, store_answer
from core.backlog.missing import who_is_asked
from core.backlog.queue import Waiting
from core.backlog.states import BacklogState
from core.compute.tasks import render_reduced
from core.db.tables import FileVersion, MediaAsset, utc_now
from core.errors import (
    AnswerUnusable,
    IntakeError,
    PhotoProtected,
    ProviderError,
    ProviderMisconfigured,
    ProviderUnavailable,
    RequestError,
    Undecodable,
)
from core.library.placing import replace_bytes
from core.people.in_photo import known_people
from core.pipeline.kept_file import kept_file
from core.pipeline.look import PREVIEW
from core.pipeline.stored_facts import stored_facts
from core.pipeline.workbench import Workbench

TIME_LIMIT: Final = 600.0
"""How long one photo may take by the clock on the wall, whatever providers promise. [s]"""

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 600.0
"""How long a provider that is not there is left alone, at first and at most. [s]"""

MISCONFIGURED_PAUSE: Final = 600.0
"""How long until somebody may have put right what only a person can, without telling us. [s]"""

_PREVIEW_EDGE, _PREVIEW_QUALITY = 1440, 85


class Outcome(msgspec.Struct, frozen=True):
    """What became of a photo. ``rest`` are the seconds for which nobody else is to be asked about either."""

    state: BacklogState
    reason: str | None = None
    provider: str | None = None
    rest: float | None = None


async def ask_about(
    bench: Workbench, waiting: Waiting, providers: Sequence[Provider], most_attempts: int, troubles: int
) -> Outcome:
    """Asks about a photo that was claimed and stores what comes of it; ``troubles`` is how often in a row nobody was
    there. Raises only what the database raises.
    """
    try:
        question = await _question(bench, waiting.version_id)
        if not isinstance(question, Question):
            return await _leave(bench, waiting, question)
        async with asyncio.timeout(TIME_LIMIT):
            answered = await _answer(question, providers)
    except ProviderError as error:
        return await _without_answer(bench, waiting, error, providers, most_attempts, troubles)
    except TimeoutError:
        late = ProviderUnavailable(f"There was no answer within {TIME_LIMIT:.0f} seconds.")
        return await _without_answer(bench, waiting, late, providers, most_attempts, troubles)
    except (RequestError, IntakeError, Undecodable, OSError) as error:
        unusable = AnswerUnusable(str(error))
        return await _without_answer(bench, waiting, unusable, providers, most_attempts, troubles)
    now = utc_now()
    async with bench.database.write() as connection:
        if not await queue.is_running(connection, waiting.version_id):
            # somebody had it described at once meanwhile
            return Outcome(BacklogState.DONE)
        ai = await store_answer(connection, waiting.version_id, answered, waiting.request, bench.vocabulary, now)
    return Outcome(BacklogState.DONE, provider=answered.description.provider if ai is not None else None)


async def _answer(question: Question, providers: Sequence[Provider]) -> Answered:
    """The first answer; raises the error that says most of what may help."""
    met: list[ProviderError] = []
    for provider in providers:
        try:
            return await provider.describe(question)
        except ProviderError as error:
            met.append(error)
    # who is not there may answer later, who answers nonsense may not the next time; a person comes last
    order = (ProviderUnavailable, AnswerUnusable, ProviderMisconfigured, PhotoProtected)
    raise min(met, key=lambda error: next(n for n, kind in enumerate(order) if isinstance(error, kind)))


async def _leave(bench: Workbench, waiting: Waiting, reason: str, asked_of: str | None = None) -> Outcome:
    async with bench.database.write() as connection:
        await queue.settle_done(connection, waiting.version_id, BUILTIN, utc_now(), reason=reason, asked_of=asked_of)
    return Outcome(BacklogState.DONE, reason)


async def _without_answer(
    bench: Workbench,
    waiting: Waiting,
    error: ProviderError,
    providers: Sequence[Provider],
    most_attempts: int,
    troubles: int,
) -> Outcome:
    now, reason, asked_of = utc_now(), str(error), who_is_asked(providers)
    if isinstance(error, PhotoProtected):
        return await _leave(bench, waiting, reason, asked_of)
    if isinstance(error, AnswerUnusable):
        async with bench.database.write() as connection:
            state = await queue.fail(connection, waiting, reason, most_attempts, now, asked_of)
        return Outcome(state, reason)
    rest: float | None
    if isinstance(error, ProviderUnavailable):
        rest = error.retry_after
        pause = min(FIRST_PAUSE * 2 ** min(troubles, 20), LONGEST_PAUSE) if rest is None else rest
    else:
        rest = pause = MISCONFIGURED_PAUSE
    async with bench.database.write() as connection:
        await queue.defer(connection, waiting.version_id, reason, now + timedelta(seconds=pause), now)
    return Outcome(BacklogState.DEFERRED, reason, rest=rest)


async def _question(bench: Workbench, version_id: str) -> Question | str:
    """What is asked; instead, why nothing is. Raises what may happen to a file."""
    may_be = select(literal(True)).where(FileVersion.id == version_id, *queue.describable())
    statement = (
        select(FileVersion.__table__, MediaAsset.original_filename, MediaAsset.sha256.label("asset_sha256"))
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == version_id, FileVersion.archived_at.is_(None))
    )
    async with bench.database.read() as connection:
        found = (await connection.execute(statement)).mappings().first()
        if found is None:
            return GONE
        if (await connection.execute(may_be)).first() is None:
            return CONFIRMED
        row = dict(found)
        # the column is called metadata, the attribute is not
        row["combined_metadata"] = row.pop("metadata")
        facts = await stored_facts(connection, row)
        people = await known_people(connection, row["media_asset_id"], known_moment(facts.captured))
    return Question(row["media_asset_id"], facts, await _preview(bench, row), people)


async def _preview(bench: Workbench, row: Mapping[str, Any]) -> Path:
    """The JPEG of a photo; it is made again where somebody has cleared it away."""
    preview = bench.layout.rendered(row["sha256"], PREVIEW)
    if await asyncio.to_thread(preview.exists):
        return preview
    with kept_file(row["original_filename"], row["file_path"]):
        original = bench.layout.absolute(row["file_path"])
        picture = await bench.compute.run(render_reduced, str(original), _PREVIEW_EDGE, _PREVIEW_QUALITY)
    await asyncio.to_thread(replace_bytes, picture, preview)
    return preview
