"""What a photo needs on its way: the tools of the pipeline, put together once and handed to every stage."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from core.ai.providers import Providers
from core.ai.vocabulary import Vocabulary
from core.compute import Compute
from core.db.engine import Database
from core.library.layout import Layout
from core.media.source_file import shown
from core.pipeline.ledger import Entry
from core.pipeline.roots import UPLOAD, Root


class ContentClaims:
    """One at a time per content: of two files with the same bytes, the second waits and then finds the first stored."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def hold(self, sha256: str) -> AsyncIterator[None]:
        """Holds the content with this hash while the block runs."""
        lock = self._locks.setdefault(sha256, asyncio.Lock())
        self._users[sha256] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[sha256] -= 1
            if not self._users[sha256]:
                del self._users[sha256], self._locks[sha256]


@dataclass(frozen=True)
class Workbench:
    """The tools.

    ``holder`` is this process's name, ``naming`` the Silver naming pattern, ``home_zone`` an IANA name, ``vocabulary``
    the words that photos are tagged with.
    """

    database: Database
    layout: Layout
    compute: Compute
    providers: Providers
    holder: str
    naming: str
    home_zone: str | None
    max_attempts: int
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    claims: ContentClaims = field(default_factory=ContentClaims)

    @property
    def zone(self) -> tzinfo:
        """The zone by whose clock and calendar the owner lives."""
        return ZoneInfo(self.home_zone) if self.home_zone else UTC

    def today(self, now: datetime) -> date:
        """The owner's day at ``now``, which is aware."""
        return now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Item:
    """A file in hand: its ledger entry, the root it came from, and the name a person knows it by."""

    entry: Entry
    root: Root
    original_filename: str
    stages: Stopwatch

    @property
    def source(self) -> str:
        """The file system path."""
        return self.root.absolute(self.entry.path)

    @property
    def label(self) -> str:
        """How messages call the file: its path below the root, or the name that the sender of an upload gave it."""
        return shown(self.original_filename if self.root.name == UPLOAD else self.entry.path)


class Stopwatch:
    """How long each stage took, in milliseconds."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the time the block takes to ``stage``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            taken = (time.perf_counter() - began) * 1000
            self.milliseconds[stage] = round(self.milliseconds.get(stage, 0.0) + taken, 1)
