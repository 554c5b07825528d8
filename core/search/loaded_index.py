"""The search index at hand: read once, and after that only what has changed.

A database reads 100,000 rows in the time in which a person notices that something is slow. Here they are columns of
numbers, some 300 bytes for each photo with a description of 30 words, in which everything is counted in milliseconds.
Who searches first has them read: a daemon in which nobody does needs neither them nor numpy.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.db.engine import Database
from core.db.search_rows import changed_since, now, rows_after, rows_with

if TYPE_CHECKING:
    from core.search.segment import Segment, Vocabularies
    from core.search.snapshot import Snapshot

_BATCH = 500
"""Rows that are read at once: with more, what was read and is gone again leaves megabytes behind."""


class LoadedIndex:
    """Every photo of the search index, for one event loop; what is heavy runs in threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        # who is no longer waited for may still be adding to the vocabularies
        self._adding = threading.Lock()
        self._vocabularies: Vocabularies | None = None
        self._snapshot: Snapshot | None = None
        self._mark = 0

    async def current(self) -> Snapshot:
        """All photos as they are now, or later than now; the first time, all of them are read."""
        async with self._turn:
            if self._snapshot is None:
                self._snapshot = await self._read()
            else:
                self._snapshot = await self._refreshed(self._snapshot)
            return self._snapshot

    async def _read(self) -> Snapshot:
        from core.search.segment import Vocabularies

        vocabularies = self._vocabularies = Vocabularies()
        async with self._database.read() as connection:
            self._mark = await now(connection, self._database.dialect)
        segments = [self._segment([], vocabularies)]
        last = -1
        while True:
            async with self._database.read() as connection:
                rows = await rows_after(connection, last, _BATCH)
            if not rows:
                break
            last = rows[-1].id
            segments.append(await asyncio.to_thread(self._segment, rows, vocabularies))
        return await asyncio.to_thread(self._first, segments, vocabularies)

    async def _refreshed(self, snapshot: Snapshot) -> Snapshot:
        async with self._database.read() as connection:
            mark, ids = await changed_since(connection, self._database.dialect, self._mark)
        if not ids:
            self._mark = mark
            return snapshot
        vocabularies = self._vocabularies
        assert vocabularies is not None
        ids.sort()
        segments = [self._segment([], vocabularies)]
        for start in range(0, len(ids), _BATCH):
            async with self._database.read() as connection:
                rows = await rows_with(connection, ids[start : start + _BATCH])
            segments.append(await asyncio.to_thread(self._segment, rows, vocabularies))
        refreshed = await asyncio.to_thread(self._changed, snapshot, ids, segments, vocabularies)
        self._mark = mark
        return refreshed

    def _segment(self, rows: Sequence[Any], vocabularies: Vocabularies) -> Segment:
        from core.search.segment import segment_of

        with self._adding:
            return segment_of(rows, vocabularies)

    def _first(self, segments: list[Segment], vocabularies: Vocabularies) -> Snapshot:
        from core.search.segment import joined
        from core.search.snapshot import snapshot_of

        with self._adding:
            return snapshot_of(joined(segments), vocabularies)

    def _changed(
        self, snapshot: Snapshot, ids: Sequence[int], segments: list[Segment], vocabularies: Vocabularies
    ) -> Snapshot:
        import numpy as np

        from core.search.segment import joined
        from core.search.snapshot import changed

        with self._adding:
            return changed(snapshot, np.array(ids, np.int64), joined(segments), vocabularies)
