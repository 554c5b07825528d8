"""Describes what waits for a language model, while the daemon lives and nothing more urgent is to be done.

It sleeps until it is woken, an answer has come or a time has come; with nothing to ask it costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.ai.builtin import NAME as BUILTIN
from core.ai.provider import Provider
from core.ai.quiet_hours import quiet_until
from core.backlog import queue
from core.backlog.missing import add_page, undescribed, who_is_asked
from core.backlog.paused import BY_PERSON, is_paused
from core.backlog.progress import Doing, Rate
from core.backlog.queue import Waiting
from core.backlog.states import BacklogState
from core.db.tables import utc_now
from core.pipeline.asking import LONGEST_PAUSE, Outcome, ask_about
from core.pipeline.hands import TROUBLE_PAUSE, Hands
from core.pipeline.workbench import Workbench
from core.window import Window

log = structlog.get_logger()

#: While files are taken in, it is looked so often whether they are done. [s]
INTAKE_PAUSE: Final = 1.0

#: So many questions in a row that nobody answered, and all wait together.
TROUBLES_TO_REST: Final = 5

#: How long an answer may be waited for after we were asked to stop; what is not there then is asked again. [s]
GRACE_SECONDS: Final = 2.0

NOBODY: Final = "Nobody is to be asked: the built-in provider is chosen."
INTAKE: Final = "Files are being taken in; they go first."

OnOutcome = Callable[[Waiting, Outcome], None]


class Describer:
    """Works the backlog off until :meth:`stop`. ``hands`` says how many photos a provider is asked about at a time;
    ``is_busy`` whether something goes first; ``on_outcome`` is told what became of each photo.
    """

    def __init__(
        self,
        bench: Workbench,
        *,
        hands: Callable[[str], int],
        most_attempts: int,
        quiet: Window | None,
        is_busy: Callable[[], bool],
        on_outcome: OnOutcome,
    ) -> None:
        self._bench = bench
        self._hands_for = hands
        self._most_attempts = most_attempts
        self._quiet = quiet
        self._is_busy = is_busy
        self._on_outcome = on_outcome
        self._hands = Hands("the backlog", self._fill)
        self._is_recovered = False
        self._is_changed = True
        self._rest: tuple[float, str] | None = None
        self._troubles = 0
        self._rate = Rate()
        self._doing = Doing()

    @property
    def doing(self) -> Doing:
        """What it is doing at the moment."""
        return _with_rate(self._doing, self._rate.per_hour(time.monotonic()))

    def wake(self) -> None:
        """Says that somebody may wait."""
        self._hands.wake()

    def changed(self) -> None:
        """Says that who is asked, or where, may be another now: nobody rests any more for what was."""
        self._is_changed = True
        self._hands.wake()

    def stop(self) -> None:
        """Begins nothing new; :meth:`run` returns when what is asked is answered."""
        self._hands.stop()

    async def give_up(self) -> None:
        """Waits no longer for answers; they are asked for again at the next start."""
        await self._hands.give_up()

    async def run(self) -> None:
        """Works until :meth:`stop`. Only the one daemon may: what it finds running, a dead one has left."""
        await self._hands.work()

    async def _fill(self) -> float | None:
        """Asks about as many as may be; returns how long to sleep at most, ``None`` for until woken."""
        if not self._is_recovered:
            async with self._bench.database.write() as connection:
                await queue.recover(connection, utc_now())
            self._is_recovered = True
        if self._is_busy():
            self._doing = Doing(self._doing.provider, self._doing.model, INTAKE)
            self._rate.pause()
            return INTAKE_PAUSE
        providers = await self._bench.providers.chosen()
        models = [provider for provider in providers if provider.name != BUILTIN]
        # without a model only those are described anew that a person asks for
        asked, least = (models, queue.CAME) if models else (list(providers), queue.ASKED)
        if self._is_changed:
            self._is_changed = False
            self._rest, self._troubles = None, 0
            await self._release(models)
        if (idle := await self._idle(asked)) is not None:
            self._rate.pause()
            return idle if idle > 0 else None
        self._doing = Doing(asked[0].name, asked[0].model, None if models else NOBODY)
        free_hands = self._hands_for(asked[0].name) - len(self._hands)
        if free_hands <= 0:
            return None
        now = utc_now()
        async with self._bench.database.read() as connection:
            # almost always there is nothing, which asks for no turn among writers
            is_due = await queue.is_due(connection, now, least)
            due = await queue.next_due(connection, least)
        if not is_due:
            return None if due is None else max((due - now).total_seconds(), 0.05)
        async with self._bench.database.write() as connection:
            claimed = await queue.claim(connection, free_hands, self._bench.holder, now, least)
        for waiting in claimed:
            self._hands.begin(self._work(waiting, asked))
        return None

    async def _idle(self, asked: Sequence[Provider]) -> float | None:
        """Why nothing is begun, if so: seconds until that is over, 0 for until woken."""
        now = utc_now()
        async with self._bench.database.read() as connection:
            is_paused_by_person = await is_paused(connection)
        seconds, reason, until = None, "", None
        if is_paused_by_person:
            seconds, reason = 0.0, BY_PERSON
        elif (until := quiet_until(self._quiet, now, self._bench.zone)) is not None:
            seconds = (until - now).total_seconds()
            reason = f"These are quiet hours ({self._quiet})."
        elif self._rest is not None and (left := self._rest[0] - time.monotonic()) > 0:
            seconds, reason, until = left, self._rest[1], now + timedelta(seconds=left)
        if seconds is not None:
            self._doing = Doing(asked[0].name, asked[0].model, reason, until)
        return seconds

    async def _release(self, models: Sequence[Provider]) -> None:
        """Nothing is deferred any more; queues all that nobody but the built-in provider has described."""
        now = utc_now()
        async with self._bench.database.write() as connection:
            await queue.release_deferred(connection, now)
        asked, roots = who_is_asked(models), self._bench.providers.roots
        after: str | None = "" if models else None
        while after is not None and not self._hands.is_stopping:
            async with self._bench.database.read() as connection:
                page = await undescribed(connection, after, asked, roots)
            if page.new or page.again:
                async with self._bench.database.write() as connection:
                    await add_page(connection, page, self._bench.today(now), now)
            after = page.last

    async def _work(self, waiting: Waiting, asked: Sequence[Provider]) -> None:
        try:
            outcome = await ask_about(self._bench, waiting, asked, self._most_attempts, self._troubles)
        except (SQLAlchemyError, OSError):
            log.exception("an answer could not be stored; it is asked for again", photo=waiting.version_id)
            await self._put_back(waiting)
            return
        if outcome.state is BacklogState.DEFERRED:
            self._count_trouble(outcome)
        elif outcome.provider is not None:
            self._troubles = 0
            self._rate.count(time.monotonic())
        log.info(
            f"describing {outcome.state}", photo=waiting.version_id, provider=outcome.provider, reason=outcome.reason
        )
        self._on_outcome(waiting, outcome)

    def _count_trouble(self, outcome: Outcome) -> None:
        self._troubles += 1
        rest = outcome.rest
        if rest is None and self._troubles >= TROUBLES_TO_REST:
            rest = min(2.0 ** (self._troubles - TROUBLES_TO_REST), LONGEST_PAUSE)
        if rest is not None:
            self._rest = time.monotonic() + rest, outcome.reason or ""

    async def _put_back(self, waiting: Waiting) -> None:
        while not self._hands.is_stopping:
            await asyncio.sleep(TROUBLE_PAUSE)
            now = utc_now()
            try:
                async with self._bench.database.write() as connection:
                    await queue.defer(connection, waiting.version_id, "The database refused the answer.", now, now)
            except (SQLAlchemyError, OSError):
                log.exception("the database still refuses", photo=waiting.version_id)
            else:
                return


@asynccontextmanager
async def describing(describer: Describer) -> AsyncIterator[None]:
    """Lets it work while the block runs; at the end answers are waited for a moment."""
    task = asyncio.create_task(describer.run())
    try:
        yield
    finally:
        describer.stop()
        done, _ = await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not done:
            await describer.give_up()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)


def _with_rate(doing: Doing, per_hour: float | None) -> Doing:
    return Doing(doing.provider, doing.model, doing.paused, doing.paused_until, per_hour)
