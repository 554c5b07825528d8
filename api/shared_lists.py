"""A long list that several clients ask for at once is read once, and is in memory once.

It is forgotten with the last answer that is being sent of it. Who asks gets one that was begun earlier only where
nothing has changed in the database in between; see :mod:`api.known_answers`. Clients that take their time while things
change each hold a list of their own: beyond :data:`MOST_BYTES` the oldest is given up, and whoever still takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from api.known_answers import Question

AT_ONCE: Final = 2
"""Lists that are read at the same time: more would not be there sooner, and each is in memory as a whole."""

MOST_BYTES: Final = 512 << 20
"""Of all lists that are being sent: four of 100,000 photos. The last one is sent however large it is."""

Reading: TypeAlias = Callable[[], AsyncIterator[bytes]]


class _Chunks:
    """The chunks of a list, until it is given up."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks
        self._count = len(chunks)
        self.bytes = sum(map(len, chunks))

    def __iter__(self) -> Iterator[bytes]:
        for place in range(self._count):
            if not self._chunks:
                # whoever is halfway through must not take what has come for all there is
                raise ConnectionAbortedError("The list was taken too slowly while it changed; ask for it again.")
            yield self._chunks[place]

    def give_up(self) -> None:
        self._chunks.clear()


class SharedLists:
    """Lists that are being read or sent; in one event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._reading: dict[Question, asyncio.Task[_Chunks]] = {}
        self._sent: WeakValueDictionary[Question, _Chunks] = WeakValueDictionary()

    async def read(self, question: Question | None, reading: Reading) -> Iterable[bytes]:
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
        self._make_room(MOST_BYTES - chunks.bytes)
        self._sent[question] = chunks
        return chunks

    def _make_room(self, room: int) -> None:
        """Gives up lists, the oldest first, until those that are left have ``room`` bytes at most."""
        held = list(self._sent.items())
        left = sum(chunks.bytes for _, chunks in held)
        for question, chunks in held:
            if left <= room:
                return
            left -= chunks.bytes
            del self._sent[question]
            chunks.give_up()
