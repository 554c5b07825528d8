"""Which picture answers a request for a size?

Squares are rendered in a worker process from the stored preview, once, and kept. The grid's size is there since the
photo was taken in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from core.compute.tasks import render_thumbnail
from core.errors import PlacementFailed, Undecodable, WorkerLost
from core.library.photos import StoredFile
from core.library.placing import replace_bytes
from core.media.facts import Kind
from core.media.formats import FORMATS
from core.pipeline.look import PREVIEW, THUMBNAIL
from core.pipeline.workbench import Workbench

log = structlog.get_logger()

MIN_EDGE, MAX_EDGE, DEFAULT_EDGE = 16, 1440, 300
"""Edge of a square in pixels. The stored preview, which squares are cut from, has no more detail than the largest."""

_QUALITIES: Final = {"low": 60, "high": 90}
_DEFAULT_QUALITY: Final = 80
"""JPEG qualities 0–100 of the contract."""

_STORED: Final = (250, 60)
"""Edge and quality of the thumbnail that every photo gets when it is looked at."""

_PHOTO_TYPES: Final = frozenset(known.mime_type for known in FORMATS if known.kind is Kind.PHOTO)


@dataclass(frozen=True)
class Size:
    """A square: its ``edge`` in pixels and JPEG ``quality`` 0–100."""

    edge: int
    quality: int

    @property
    def name(self) -> str:
        """What the rendered picture is called, see :meth:`core.library.layout.Layout.rendered`."""
        return THUMBNAIL if (self.edge, self.quality) == _STORED else f"{self.edge}-{self.quality}"


def size_of(width: int | None, height: int | None, quality: str | None) -> Size | None:
    """The size that these parameters ask for; ``None`` when they do not ask for one, so that the original is meant."""
    if width is None and height is None and quality is None:
        return None
    edge = width or height or DEFAULT_EDGE
    return Size(max(MIN_EDGE, min(edge, MAX_EDGE)), _QUALITIES.get(quality or "", _DEFAULT_QUALITY))


class Thumbnails:
    """Renders each picture once, however many ask for it at the same time."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._rendering: dict[Path, asyncio.Task[bytes | None]] = {}

    async def get(self, stored: StoredFile, size: Size, original: Path) -> bytes | None:
        """A JPEG of a stored file, which lies at ``original``; ``None`` when it cannot be made."""
        target = self._bench.layout.rendered(stored.sha256, size.name)
        picture = await asyncio.to_thread(_read, target)
        if picture is not None:
            return picture
        task = self._rendering.get(target)
        if task is None:
            task = asyncio.create_task(self._render(target, stored, size, original))
            self._rendering[target] = task
            task.add_done_callback(lambda _: self._rendering.pop(target))
        # a client that goes away does not take the picture from the others who wait for it
        return await asyncio.shield(task)

    async def _render(self, target: Path, stored: StoredFile, size: Size, original: Path) -> bytes | None:
        source = self._bench.layout.rendered(stored.sha256, PREVIEW)
        if not await asyncio.to_thread(source.exists):
            if stored.mime_type not in _PHOTO_TYPES:
                return None
            source = original
        try:
            picture = await self._bench.compute.run(render_thumbnail, str(source), size.edge, size.quality)
            await asyncio.to_thread(replace_bytes, picture, target)
        except (Undecodable, WorkerLost, PlacementFailed, OSError) as error:
            log.warning("no thumbnail; the original is sent", path=str(original), edge=size.edge, error=str(error))
            return None
        return picture


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
