"""Works the queue off: claims due entries and keeps a bounded number of them in hand.

It sleeps until it is woken, a file is done or a retry is due; an empty queue costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.db.tables import utc_now
from core.library.free_space import free_bytes
from core.pipeline import ledger
from core.pipeline.attempt import attempt
from core.pipeline.hands import TROUBLE_PAUSE, Hands
from core.pipeline.ledger import Entry, Fate
from core.pipeline.roots import Root
from core.pipeline.states import State
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

#: How long to wait for space before looking again, at first and at most. [s]
FIRST_SPACE_PAUSE = 1.0
LONGEST_SPACE_PAUSE = 30.0

#: Entries are claimed when this many hands are free: one transaction for two files.
CLAIM_AT_LEAST = 2

OnFate = Callable[[Entry, Fate], None]


class Dispatcher:
    """Takes entries of ``roots`` through the pipeline, at most ``in_hand`` at a time.

    ``on_fate`` is told each entry's fate. ``only_held`` leaves entries to others that were not queued for this
    process. Below ``min_free`` bytes of free space nothing new is begun.
    """

    def __init__(
        self,
        bench: Workbench,
        roots: Mapping[str, Root],
        in_hand: int,
        min_free: int,
        on_fate: OnFate,
        *,
        only_held: bool = False,
    ) -> None:
        self._bench = bench
        self._roots = roots
        self._in_hand = in_hand
        self._min_free = min_free
        self._on_fate = on_fate
        self._only_held = only_held
        self._is_drained = False
        self._hands = Hands("the queue", self._fill)
        #: Why nothing is begun at present: what was last heard of the disk.
        self.paused_reason: str | None = None
        self._space_pause = FIRST_SPACE_PAUSE
        self._try_at = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand and nothing was due when last looked for."""
        return self._is_drained and not self._hands

    def wake(self) -> None:
        """Says that the queue may have something new."""
        self._is_drained = False
        self._hands.wake()

    def stop(self) -> None:
        """Begins nothing new; :meth:`run` returns when what is in hand is done."""
        self._hands.stop()

    async def give_up(self) -> None:
        """Drops what is in hand; the next start takes it up again. Threads that copy for it may still run."""
        await self._hands.give_up()

    async def run(self) -> None:
        """Works until :meth:`stop`."""
        await self._hands.work()

    async def _fill(self) -> float | None:
        """Claims what fits into the free hands; returns how long to sleep at most, ``None`` for until woken."""
        free_hands = self._in_hand - len(self._hands)
        if free_hands < min(CLAIM_AT_LEAST, self._in_hand):
            return None
        if (pause := await self._wait_for_space()) is not None:
            return pause
        now = utc_now()
        names = list(self._roots)
        async with self._bench.database.write() as connection:
            entries = await ledger.claim(
                connection, names, free_hands, self._bench.holder, now, only_held=self._only_held
            )
        for entry in entries:
            self._hands.begin(self._work(entry))
        if entries:
            # more may be due; looked for when a hand is free again
            return None
        self._go_on()
        self._is_drained = not self._hands.is_woken
        async with self._bench.database.read() as connection:
            due = await ledger.next_due(connection, names, self._bench.holder, only_held=self._only_held)
        return None if due is None else max((due - now).total_seconds(), 0.05)

    async def _work(self, entry: Entry) -> None:
        try:
            fate = await attempt(self._bench, entry, self._roots[entry.root])
        except (SQLAlchemyError, OSError):
            log.exception("a fate could not be recorded; the file is taken up again", id=entry.id)
            await self._return_to_queue(entry)
        else:
            if fate.state is State.QUEUED and not fate.is_attempt:
                self._pause(fate.reason or "There is no room left.")
            elif fate.state is State.DONE:
                self._go_on()
            self._on_fate(entry, fate)

    async def _return_to_queue(self, entry: Entry) -> None:
        while True:
            await asyncio.sleep(TROUBLE_PAUSE)
            try:
                async with self._bench.database.write() as connection:
                    await ledger.settle_fate(connection, entry, Fate(State.QUEUED, is_attempt=False), utc_now())
            except (SQLAlchemyError, OSError):
                log.exception("the database still refuses", id=entry.id)
            else:
                return

    async def _wait_for_space(self) -> float | None:
        """How long to wait before anything new is begun; ``None`` when there is room, or to find out.

        After a pause one round of files is tried: a quota says only by refusing whether there is room.
        """
        data_dir = self._bench.layout.data_dir
        free = await asyncio.to_thread(free_bytes, data_dir)
        if free < self._min_free:
            self._pause(
                f"Only {free / 2**20:,.0f} MiB are free in {data_dir}; {self._min_free / 2**20:,.0f} are to stay."
            )
        if self.paused_reason is None:
            return None
        left = self._try_at - time.monotonic()
        if left > 0 or self._hands:
            return max(left, FIRST_SPACE_PAUSE)
        self._space_pause = min(self._space_pause * 2, LONGEST_SPACE_PAUSE)
        self._try_at = time.monotonic() + self._space_pause
        return self._space_pause if free < self._min_free else None

    def _pause(self, reason: str) -> None:
        if self.paused_reason is None:
            log.warning("intake pauses until there is room", reason=reason)
            self._space_pause = FIRST_SPACE_PAUSE
            self._try_at = time.monotonic() + self._space_pause
        self.paused_reason = reason

    def _go_on(self) -> None:
        if self.paused_reason is not None:
            log.info("there is room again, intake goes on")
            self.paused_reason = None
