"""Tells those who follow how the queue, the roots and the passes are doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.backlog import queue
from core.backlog.progress import Doing, seconds_left
from core.backlog.queue import Waiting
from core.db.engine import Database
from core.feed import Feed
from core.media.source_file import shown
from core.passes.runs import Run
from core.pipeline import tally
from core.pipeline.asking import Outcome
from core.pipeline.ledger import Entry, Fate
from core.pipeline.states import State

log = structlog.get_logger()

#: How often the queue is counted while somebody follows. [s]
COUNT_SECONDS = 1.0

#: Not worth telling: it is looked at again by itself in a moment.
_PASSING = (State.WAITING, State.QUEUED, State.RUNNING)


def announce_fate(feed: Feed, entry: Entry, fate: Fate) -> None:
    """A file has been taken in, or not."""
    if fate.state not in _PASSING:
        feed.announce(
            "intake",
            root=entry.root,
            path=shown(entry.path),
            state=fate.state.value,
            reason=fate.reason,
            assetId=fate.media_asset_id,
        )


def announce_run(feed: Feed, run: Run) -> None:
    """A pass has come further, or has ended."""
    feed.announce(
        "pass",
        id=run.id,
        name=run.name,
        state=run.state.value,
        dryRun=run.is_dry,
        done=run.progress.done,
        total=run.progress.total,
        secondsLeft=run.seconds_left,
        reason=run.reason,
    )


def announce_outcome(feed: Feed, waiting: Waiting, outcome: Outcome) -> None:
    """A photo has been described, or was asked about in vain."""
    feed.announce(
        "described",
        photoId=waiting.version_id,
        state=outcome.state.value,
        provider=outcome.provider,
        reason=outcome.reason,
    )


class Progress:
    """Announces what has changed since it was last looked at; costs nothing while nobody follows."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        troubles: Callable[[], dict[str, str | None]],
        describing: Callable[[], Doing],
    ) -> None:
        """``troubles`` tells for each root why nothing is changed for it, if so; ``describing`` what is done about
        photos that a language model is to describe.
        """
        self._feed = feed
        self._database = database
        self._troubles = troubles
        self._describing = describing
        self._counted: dict[State, int] = {}
        self._backlog: dict[str, Any] = {}
        self._known: dict[str, str | None] = troubles()

    async def run(self) -> None:
        """Announces until it is cancelled."""
        while True:
            await self._feed.until_followed()
            try:
                await self._look()
            except SQLAlchemyError:
                log.exception("the queue could not be counted for those who follow; it is tried again")
            await asyncio.sleep(COUNT_SECONDS)

    async def _look(self) -> None:
        for name, trouble in self._troubles().items():
            if trouble != self._known.get(name):
                self._known[name] = trouble
                self._feed.announce("root", root=name, trouble=trouble)
        async with self._database.read() as connection:
            counted = await tally.counts(connection)
            photos = await queue.counts(connection)
        if counted != self._counted:
            self._counted = counted
            self._feed.announce("progress", ledger={state.value: number for state, number in counted.items()})
        doing = self._describing()
        backlog = {"photos": {state.value: number for state, number in photos.items()}, "paused": doing.paused}
        if backlog != self._backlog:
            self._backlog = backlog
            left = seconds_left(photos, doing.per_hour)
            self._feed.announce("backlog", **backlog, perHour=doing.per_hour, secondsLeft=left)
