"""A long list that several clients ask for at once is read once, and is in memory once.

It is forgotten with the last answer that is being sent of it. Who asks gets one that was begun earlier only where
nothing has changed in the database in between; see :mod:`api.known_answers`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from api.known_answers import Question

AT_ONCE: Final = 2
"""Lists that are read at the same time: more would not be there sooner, and each is in memory as a whole."""

Reading: TypeAlias = Callable[[], AsyncIterator[bytes]]


class _Chunks(list[bytes]):
    """A list that can be referred to weakly."""


class SharedLists:
    """Lists that are being read or sent; in one event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._reading: dict[Question, asyncio.Task[_Chunks]] = {}
        self._sent: WeakValueDictionary[Question, _Chunks] = WeakValueDictionary()

    async def read(self, question: Question | None, reading: Reading) -> Sequence[bytes]:
        """All chunks of ``reading``, or of another one for the same question, which ``None`` never is."""
        if question is None:
            return [chunk async for chunk in reading()]
        known = self._sent.get(question)
        if known is not None:
            return known
        task = self._reading.get(question)
        if task is None:
            task = self._reading[question] = asyncio.create_task(self._read(question, reading))
            task.add_done_callback(lambda _: self._reading.pop(question))
        # one who hangs up does not take the list from the others
        return await asyncio.shield(task)

    async def _read(self, question: Question, reading: Reading) -> _Chunks:
        async with self._free:
            chunks = _Chunks([chunk async for chunk in reading()])
        self._sent[question] = chunks
        return chunks
