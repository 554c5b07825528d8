"""Keeps the rendered pictures: makes those that the grid asks for and that are not there, and trims the others.

What is trimmed was not used for longest. All pictures of contents may go that no photo in sight has (those of archived
photos, say), and those first; of others squares of unusual sizes and previews, since they are made again when somebody
asks. The thumbnails of the grid stay, and the report says by how many bytes there is still more than is allowed.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import func, select

from core.compute.tasks import render_reduced, render_thumbnail
from core.db.tables import FileVersion
from core.errors import PlacementFailed, Undecodable, WorkerLost
from core.library.placing import replace_bytes
from core.media.facts import Kind
from core.media.formats import FORMATS
from core.passes.shape import SLICE_SECONDS, Pass, Progress, Tools
from core.pipeline.look import PREVIEW, THUMBNAIL

log = structlog.get_logger()

#: Versions that are looked at with one query.
PAGE = 500

#: Edge or longest side in pixels and JPEG quality of what every photo gets when it is looked at; see
#: :mod:`core.media.thumbnails`.
_GRID = (250, 60)
_PREVIEW = (1440, 80)

_PHOTO_TYPES: Final = frozenset(known.mime_type for known in FORMATS if known.kind is Kind.PHOTO)

#: ``thumbnails/00`` to ``thumbnails/ff``.
_FOLDERS = 256

_DAY = 86400


async def begin(tools: Tools) -> Progress:
    """Counts the photos whose pictures are looked for."""
    async with tools.bench.database.read() as connection:
        total = (await connection.execute(select(func.count()).select_from(FileVersion).where(*_WITH_PICTURE))).scalar()
    report = {"made": 0, "impossible": 0, "bytes": 0, "trimmed": 0, "trimmedBytes": 0, "overBy": 0}
    return Progress({"phase": "fill", "after": ""}, 0, (total or 0) + 2 * _FOLDERS, report=report)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Makes what is missing, then measures, then trims where there is more than is allowed."""
    phases = {"fill": _fill, "measure": _measure, "trim": _trim}
    return await phases[progress.checkpoint["phase"]](tools, progress)


THUMBNAILS = Pass("thumbnails", "Makes missing thumbnails and trims what nobody looks at", begin, step)

_WITH_PICTURE = (
    FileVersion.mime_type.in_(_PHOTO_TYPES),
    FileVersion.archived_at.is_(None),
    FileVersion.undecodable.is_(None),
    FileVersion.sha256.is_not(None),
)


async def _fill(tools: Tools, progress: Progress) -> Progress:
    """Page after page for some seconds: most pages lack nothing, and after each slice others have their turn."""
    after: str = progress.checkpoint["after"]
    report = Counter(progress.report)
    ends = time.monotonic() + SLICE_SECONDS
    done, is_last = 0, False
    while not is_last and (not done or time.monotonic() < ends):
        statement = (
            select(FileVersion.id, FileVersion.file_path, FileVersion.sha256)
            .where(FileVersion.id > after, *_WITH_PICTURE)
            .order_by(FileVersion.id)
            .limit(PAGE)
        )
        async with tools.bench.database.read() as connection:
            rows = list(await connection.execute(statement))
        seen = 0
        for row in rows:
            if done and time.monotonic() >= ends:
                break
            for name in await asyncio.to_thread(_missing, tools, row.sha256):
                is_made = tools.is_dry or await _make(tools, row.file_path, row.sha256, name)
                report["made" if is_made else "impossible"] += 1
            done += 1
            seen += 1
            after = row.id
        is_last = seen == len(rows) < PAGE
    checkpoint: dict[str, Any] = {"phase": "fill", "after": after}
    if is_last:
        checkpoint = {"phase": "measure", "folder": 0, "days": {}}
    return Progress(checkpoint, progress.done + done, progress.total, report=dict(report))


def _missing(tools: Tools, sha256: str) -> list[str]:
    """Which pictures are to be made. With a limit no previews are: they might be trimmed at once."""
    names = (THUMBNAIL,) if tools.settings.night.thumbnail_cache else (THUMBNAIL, PREVIEW)
    return [name for name in names if not tools.bench.layout.rendered(sha256, name).exists()]


async def _make(tools: Tools, file_path: str, sha256: str, name: str) -> bool:
    layout = tools.bench.layout
    source = layout.rendered(sha256, PREVIEW)
    if name == PREVIEW or not source.exists():
        source = layout.absolute(file_path)
    try:
        if name == PREVIEW:
            picture = await tools.bench.compute.run(render_reduced, str(source), *_PREVIEW)
        else:
            picture = await tools.bench.compute.run(render_thumbnail, str(source), *_GRID)
        await asyncio.to_thread(replace_bytes, picture, layout.rendered(sha256, name))
    except (Undecodable, WorkerLost, PlacementFailed, OSError) as error:
        log.info("a thumbnail could not be made", path=file_path, reason=str(error))
        return False
    return True


async def _measure(tools: Tools, progress: Progress) -> Progress:
    """How many bytes were last used on each day, folder by folder: what is to go follows from that."""
    first: int = progress.checkpoint["folder"]
    days = Counter({int(day): size for day, size in progress.checkpoint["days"].items()})
    report = dict(progress.report)
    ends = time.monotonic() + SLICE_SECONDS
    folder = first
    while folder < _FOLDERS and (folder == first or time.monotonic() < ends):
        kept, of_days = 0, Counter[int]()
        for picture in await _pictures(tools, folder):
            if picture.goes_with is None:
                kept += picture.size
            else:
                of_days[picture.goes_with] += picture.size
        days.update(of_days)
        report["bytes"] += kept + of_days.total()
        folder += 1
    checkpoint: dict[str, Any] = {"phase": "measure", "folder": folder, "days": {str(day): days[day] for day in days}}
    is_over = False
    if folder == _FOLDERS:
        limit = tools.settings.night.thumbnail_cache
        too_many = report["bytes"] - limit if limit else 0
        is_over = too_many <= 0
        checkpoint = {"phase": "trim", "folder": 0, "before": _last_to_go(days, too_many), "left": too_many}
    done = progress.total if is_over and progress.total is not None else progress.done + folder - first
    return Progress(checkpoint, done, progress.total, is_over, report)


async def _trim(tools: Tools, progress: Progress) -> Progress:
    folder, before, left = (progress.checkpoint[name] for name in ("folder", "before", "left"))
    report = dict(progress.report)
    ends = time.monotonic() + SLICE_SECONDS
    done = 0
    while left > 0 and folder < _FOLDERS and (not done or time.monotonic() < ends):
        pictures = await _pictures(tools, folder)
        count, size = await asyncio.to_thread(_remove, pictures, before, left, tools.is_dry)
        report["trimmed"] += count
        report["trimmedBytes"] += size
        left -= size
        folder += 1
        done += 1
    is_over = left <= 0 or folder == _FOLDERS
    if is_over and left > 0:
        report["overBy"] = left
        log.warning("the thumbnails of the grid take more room than thumbnail_cache allows", over_by=left)
    checkpoint = {"phase": "trim", "folder": folder, "before": before, "left": left}
    told = progress.total if is_over and progress.total is not None else progress.done + done
    return Progress(checkpoint, told, progress.total, is_over, report)


def _last_to_go(days: Counter[int], too_many: int) -> int:
    """The day, in days since 1970, of which the last pictures have to go: of all days before it everything does."""
    left = too_many
    for day in sorted(days):
        left -= days[day]
        if left <= 0:
            return day
    return max(days, default=0)


@dataclass(frozen=True)
class _Picture:
    """A rendered picture. ``goes_with`` is the day (since 1970) with whose pictures it goes, ``None`` if it stays."""

    path: str
    size: int
    goes_with: int | None


async def _pictures(tools: Tools, number: int) -> list[_Picture]:
    """The pictures in a folder. With a limit those that are of no photo in sight go with the first day of all.

    One that was used or made since yesterday is not among these: its photo may be on its way into the library.
    """
    found = await asyncio.to_thread(_listed, tools.bench.layout.thumbnails / f"{number:02x}")
    is_limited = tools.settings.night.thumbnail_cache > 0
    in_sight = await _in_sight(tools, {_content_of(entry.name) for entry, _, _ in found}) if is_limited else set()
    yesterday = int(time.time()) // _DAY - 1
    pictures = []
    for entry, day, size in found:
        goes_with: int | None = None if _is_of_grid(entry.name) else day
        if is_limited and day < yesterday and _content_of(entry.name) not in in_sight:
            goes_with = 0
        pictures.append(_Picture(entry.path, size, goes_with))
    return pictures


async def _in_sight(tools: Tools, hashes: set[str]) -> set[str]:
    """Those of the contents that a version has which is not archived."""
    found: set[str] = set()
    async with tools.bench.database.read() as connection:
        asked = sorted(hashes)
        for start in range(0, len(asked), PAGE):
            of_page = FileVersion.sha256.in_(asked[start : start + PAGE])
            statement = select(FileVersion.sha256).where(of_page, FileVersion.archived_at.is_(None))
            found.update(sha256 for sha256 in (await connection.execute(statement)).scalars() if sha256 is not None)
    return found


def _remove(pictures: Sequence[_Picture], before: int, at_most: int, is_dry: bool) -> tuple[int, int]:
    """Removes what goes with the day ``before`` or earlier until ``at_most`` bytes are gone; how many, and how many
    bytes.
    """
    count, removed = 0, 0
    for picture in pictures:
        if removed >= at_most:
            break
        if picture.goes_with is not None and picture.goes_with <= before:
            if not is_dry:
                Path(picture.path).unlink(missing_ok=True)
            count += 1
            removed += picture.size
    return count, removed


def _listed(folder: Path) -> list[tuple[os.DirEntry[str], int, int]]:
    """Each picture with the day of its last use and its size. Where reading leaves no trace, it is the day it was made.

    A file that goes while it is looked at is none.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                found.append((entry, int(max(status.st_atime, status.st_mtime)) // _DAY, status.st_size))
    except FileNotFoundError:
        return []
    return found


def _is_of_grid(name: str) -> bool:
    return name.endswith(f"-{THUMBNAIL}.jpeg")


def _content_of(name: str) -> str:
    return name.partition("-")[0]
