"""Works a queue off: begins as much as may be in hand, and sleeps until it is woken, or a time has come.

An empty queue costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()

#: How long to wait when the database or the system refuses. [s]
TROUBLE_PAUSE: Final = 5.0


class Hands:
    """The tasks that are in hand of ``queue``, as messages call it.

    ``fill`` begins what may be begun, with :meth:`begin`, and returns how long to sleep at most in seconds; ``None`` is
    until woken. Whenever a task is done, there is a free hand, and ``fill`` is asked again.
    """

    def __init__(self, queue: str, fill: Callable[[], Awaitable[float | None]]) -> None:
        self._queue = queue
        self._fill = fill
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_stopping = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def is_woken(self) -> bool:
        """Whether something has come up since ``fill`` was last asked."""
        return self._wake.is_set()

    def wake(self) -> None:
        """Says that there may be something to begin."""
        self._wake.set()

    def stop(self) -> None:
        """Begins nothing new; :meth:`work` returns when what is in hand is done."""
        self.is_stopping = True
        self._wake.set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Takes something in hand."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._put_down)

    async def give_up(self) -> None:
        """Drops what is in hand; the next start takes it up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def work(self) -> None:
        """Works until :meth:`stop`."""
        while not self.is_stopping:
            self._wake.clear()
            try:
                pause = await self._fill()
            except (SQLAlchemyError, OSError):
                log.exception(f"{self._queue} could not be read; it is tried again soon")
                pause = TROUBLE_PAUSE
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(f"a defect in {self._queue}; what was in hand is taken up after the next start", exc_info=error)
