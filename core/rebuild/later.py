"""What happened in the library after the moment that its database tells of, as after an older backup was restored.

Files have come, and others were put away or brought back under other names; a name that was given up may be another
photo's by now. Rows follow their bytes, and files that no row knows become photos.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select, update

from core.db.tables import FileVersion, utc_now
from core.library.layout import ARCHIVE, Layout, is_reference
from core.library.placing import hash_file
from core.pipeline.workbench import Workbench
from core.rebuild.inventory import Filed, take_inventory
from core.rebuild.report import Report
from core.rebuild.run import Progress, write_all
from core.rebuild.writing import People

_ARCHIVED = f"media/{ARCHIVE}/"


class _Row(msgspec.Struct, frozen=True):
    """A version: what the database says of its file."""

    id: str
    asset_id: str
    file_path: str
    sha256: str | None
    size: int


class _Moved(msgspec.Struct, frozen=True):
    """A version, and the file that has its bytes now; ``None`` where there is none and its name is another file's."""

    row: _Row
    file_path: str | None


async def finish_restore(bench: Workbench, in_hand: int, progress: Progress) -> Report | None:
    """:func:`take_back` where a restore was begun and is not finished, by this process or by one that was killed.

    ``None`` where there is nothing to finish.
    """
    mark = bench.layout.restoring
    if not mark.exists():
        return None
    since = datetime.fromisoformat(mark.read_text(encoding="ascii"))
    report = await take_back(bench, since, in_hand, progress)
    mark.unlink(missing_ok=True)
    return report


async def take_back(bench: Workbench, since: datetime, in_hand: int, progress: Progress) -> Report:
    """Brings the database up to the files of the library; it is as of ``since``, and may be for a second time.

    Files in folders of mode ``reference`` are left to the scan. What belongs to a photo that the database knows, and is
    not in it, as a Gold file that was made since, is in the report as unexplained.
    """
    inventory = await asyncio.to_thread(take_inventory, bench.layout, ())
    columns = (FileVersion.id, FileVersion.media_asset_id, FileVersion.file_path, FileVersion.sha256)
    async with bench.database.read() as connection:
        found = await connection.execute(select(*columns, FileVersion.file_size))
        rows = [_Row(*row) for row in found if not is_reference(row.file_path)]
    moved, strangers = await asyncio.to_thread(_moved, bench.layout, inventory.files, rows, since)
    await _follow(bench, moved)
    known = {row.file_path for row in rows} - strangers | {one.file_path for one in moved}
    inventory.files = [file for file in inventory.files if file.file_path not in known]
    return await write_all(bench, inventory, (), await People.of(bench.database), in_hand, progress)


def _moved(
    layout: Layout, files: Sequence[Filed], rows: Sequence[_Row], since: datetime
) -> tuple[list[_Moved], set[str]]:
    """The rows whose file is not under its name any more, and the names under which other files lie.

    Only files that were touched since, or have another size, are read: a library is large.
    """
    by_path = {row.file_path: row for row in rows}
    on_disk = {file.file_path for file in files}
    strangers = {
        file.file_path
        for file in files
        if (row := by_path.get(file.file_path)) is not None and _is_other(layout, row, since)
    }
    lost: defaultdict[tuple[int, str | None], list[_Row]] = defaultdict(list)
    for row in rows:
        if row.file_path not in on_disk or row.file_path in strangers:
            lost[row.size, row.sha256].append(row)
    sizes = {size for size, _ in lost}
    moved: list[_Moved] = []
    for file in files:
        path = layout.absolute(file.file_path)
        size = path.stat().st_size
        if size in sizes and (file.file_path not in by_path or file.file_path in strangers):
            same = lost.get((size, hash_file(path)), [])
            # Bronze and Silver have the same bytes: each follows to a file of its own tier, or into the archive
            fitting = [row for row in same if file.is_archived or _folder(row) in (file.tier, ARCHIVE)]
            if fitting:
                same.remove(fitting[0])
                moved.append(_Moved(fitting[0], file.file_path))
    moved += [_Moved(row, None) for left in lost.values() for row in left if row.file_path in strangers]
    return moved, strangers


def _folder(row: _Row) -> str:
    return row.file_path.split("/")[1]


def _is_other(layout: Layout, row: _Row, since: datetime) -> bool:
    path = layout.absolute(row.file_path)
    status = path.stat()
    if status.st_size == row.size and status.st_ctime < since.timestamp():
        return False
    return row.sha256 is not None and hash_file(path) != row.sha256


async def _follow(bench: Workbench, moved: Sequence[_Moved]) -> None:
    """Writes where the files of versions are. With one that was put away, or brought back, its whole photo was."""
    if not moved:
        return
    async with bench.database.write() as connection:
        for one in moved:
            # a name may be another row's by now: none has one that is still to be given up
            aside = f"{one.row.file_path}~{one.row.id}"
            await connection.execute(update(FileVersion).where(FileVersion.id == one.row.id).values(file_path=aside))
        for one in moved:
            if one.file_path is None:
                continue
            await connection.execute(
                update(FileVersion).where(FileVersion.id == one.row.id).values(file_path=one.file_path)
            )
            is_archived = one.file_path.startswith(_ARCHIVED)
            if is_archived != one.row.file_path.startswith(_ARCHIVED):
                await connection.execute(
                    update(FileVersion)
                    .where(
                        FileVersion.media_asset_id == one.row.asset_id,
                        FileVersion.archived_at.is_(None) if is_archived else FileVersion.archived_at.is_not(None),
                    )
                    .values(archived_at=utc_now() if is_archived else None)
                )
