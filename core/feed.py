"""What has just happened, for whoever wants to follow it live.

The last announcements are remembered, each with an id, so that a follower whose connection broke goes on where it
stopped. Nothing is stored: ids of an earlier start of the daemon are recognised as such, and the follower is told to
look at everything anew.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

REMEMBERED = 1_000
"""Announcements that can be resumed from: at ten photos a second, a broken connection of more than a minute."""

RESET = "reset"
"""The kind of the announcement that what came before is not known any more."""


class Announcement(msgspec.Struct, frozen=True):
    """``id`` is unique over all starts of the daemon; ``kind`` is one of those that :class:`Feed` describes."""

    id: str
    kind: str
    facts: dict[str, Any]


class Feed:
    """Announcements of this process, in their order.

    Kinds: ``intake``, a file has reached a state of the ledger that it will stay in for now; ``progress``, how many
    files are in each state; ``root``, a watched folder is frozen or well again; ``pass``, a pass of the night has come
    further or ended; ``occasion``, a person has decided on one; ``faces``, a person has decided on what is proposed
    about them; ``described``, a language model was asked about a photo; ``backlog``, how many photos wait for that;
    ``reset``.
    """

    def __init__(self, started_at_ms: int | None = None) -> None:
        self._start = str(int(time.time() * 1000) if started_at_ms is None else started_at_ms)
        self._recent: deque[Announcement] = deque(maxlen=REMEMBERED)
        self._count = 0
        self._news = asyncio.Event()
        self._is_closed = False
        self._followers = 0
        self._is_followed = asyncio.Event()

    def announce(self, kind: str, **facts: Any) -> None:
        """Tells everybody who follows. ``facts`` are what JSON can hold."""
        self._count += 1
        self._recent.append(Announcement(f"{self._start}-{self._count}", kind, facts))
        self._wake()

    async def until_followed(self) -> None:
        """Returns when somebody follows; at once if somebody does."""
        await self._is_followed.wait()

    def close(self) -> None:
        """Ends :meth:`follow` for all."""
        self._is_closed = True
        self._wake()

    async def follow(self, last_id: str | None = None) -> AsyncGenerator[Announcement]:
        """Yields what is announced from now on, or after ``last_id``, until :meth:`close`.

        Where ``last_id`` is not known any more, a ``reset`` comes first. A follower that is slower than the memory is
        long gets one too, instead of a gap that it does not notice.
        """
        seen = self._count if last_id is None else self._number_of(last_id)
        self._followers += 1
        self._is_followed.set()
        try:
            while not self._is_closed:
                news = self._news
                if seen is None or seen < self._count - len(self._recent):
                    seen = self._count
                    yield Announcement(f"{self._start}-{seen}", RESET, {})
                for announcement in list(self._recent)[seen - self._count :] if seen < self._count else ():
                    seen += 1
                    yield announcement
                if seen == self._count:
                    await news.wait()
        finally:
            self._followers -= 1
            if not self._followers:
                self._is_followed.clear()

    def _number_of(self, last_id: str) -> int | None:
        start, _, number = last_id.partition("-")
        if start != self._start or not (number.isascii() and number.isdecimal()) or int(number) > self._count:
            return None
        return int(number)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
