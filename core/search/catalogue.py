"""The search index at hand: read once, and after that only what has changed.

A database reads 100,000 rows in the time in which a person notices that something is slow. Here they are columns of
numbers, some 300 bytes for each photo with a description of 30 words, in which everything is counted in milliseconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.db.engine import Database
from core.db.search_rows import changed_since, now, rows_after, rows_with
from core.search.segment import Segment, Vocabularies, joined, segment_of
from core.search.snapshot import Snapshot, changed, snapshot_of

log = structlog.get_logger()

_BATCH = 2_000
"""Rows that are read at once."""


class Catalogue:
    """Every photo of the search index, for one event loop; what is heavy runs in threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        # who is no longer waited for may still be adding to the vocabularies
        self._adding = threading.Lock()
        self._vocabularies = Vocabularies()
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

    async def read_ahead(self) -> None:
        """Reads all photos before anybody asks for some."""
        try:
            await self.current()
        except (SQLAlchemyError, OSError):
            # health tells what is wrong with the database; who searches once it answers waits until they are read
            log.exception("the search index could not be read")

    async def _read(self) -> Snapshot:
        self._vocabularies = Vocabularies()
        async with self._database.read() as connection:
            self._mark = await now(connection, self._database.dialect)
        segments = [segment_of([], self._vocabularies)]
        last = -1
        while True:
            async with self._database.read() as connection:
                rows = await rows_after(connection, last, _BATCH)
            if not rows:
                break
            last = rows[-1].id
            segments.append(await asyncio.to_thread(self._segment, rows))
        return await asyncio.to_thread(self._first, segments)

    async def _refreshed(self, snapshot: Snapshot) -> Snapshot:
        async with self._database.read() as connection:
            mark, ids = await changed_since(connection, self._database.dialect, self._mark)
        if not ids:
            self._mark = mark
            return snapshot
        ids.sort()
        segments = [segment_of([], self._vocabularies)]
        for start in range(0, len(ids), _BATCH):
            async with self._database.read() as connection:
                rows = await rows_with(connection, ids[start : start + _BATCH])
            segments.append(await asyncio.to_thread(self._segment, rows))
        refreshed = await asyncio.to_thread(self._changed, snapshot, ids, segments)
        self._mark = mark
        return refreshed

    def _segment(self, rows: Sequence[Any]) -> Segment:
        with self._adding:
            return segment_of(rows, self._vocabularies)

    def _first(self, segments: list[Segment]) -> Snapshot:
        with self._adding:
            return snapshot_of(joined(segments), self._vocabularies)

    def _changed(self, snapshot: Snapshot, ids: Sequence[int], segments: list[Segment]) -> Snapshot:
        with self._adding:
            return changed(snapshot, np.array(ids, np.int64), joined(segments), self._vocabularies)
