"""How files of versions get other names, so that a crash leaves at most a name too many, and no failure one too few.

A file gets its second name, the row follows, the first name goes. Whoever fails takes back the names that it has given
itself and no other: the one that it did not get may be the only name of somebody else's file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion
from core.errors import NameTaken, PlacementFailed
from core.library.layout import ARCHIVE, Layout, Tier, is_reference, json_sidecar_of, month_directory, sidecar_of
from core.library.naming import numbered
from core.library.placing import discard, hash_file, place_link
from core.media.clock import clock_of
from core.media.source_file import shown

if TYPE_CHECKING:
    from core.pipeline.workbench import Workbench

log = structlog.get_logger()

_Version = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Move:
    """A version whose file has a second name; ``given`` are that name and those of its sidecars that came with it."""

    version_id: str
    old: str
    new: str
    given: tuple[str, ...]


async def give_names(bench: Workbench, versions: Sequence[_Version], *, to_archive: bool) -> list[Move]:
    """Second names for the files of these versions, in the archive or out of it, by the month of their capture.

    Of each row ``id``, ``tier``, ``file_path``, ``captured_at``, ``created_at`` and ``original_filename`` are read.
    What is not on disk, or is not ours to move, gets none. Raises :class:`PlacementFailed`; no name is left then.
    """
    moves: list[Move] = []
    try:
        for version in versions:
            if version.tier == Tier.BRONZE or is_reference(version.file_path):
                continue
            # one after the other, so that each finds the names that the others have taken
            async with bench.claims.hold("a name in the archive"):
                move = await _give_name(bench, version, to_archive=to_archive)
            if move is not None:
                moves.append(move)
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_drop, bench.layout, [name for move in moves for name in move.given]))
        raise
    return moves


async def _give_name(bench: Workbench, version: _Version, *, to_archive: bool) -> Move | None:
    when = clock_of(version.captured_at) or version.created_at
    directory = month_directory(ARCHIVE if to_archive else Tier(version.tier), when)
    name = PurePosixPath(version.file_path).name
    number = 0
    while True:
        candidate = str(directory / (numbered(name, number) if number else name))
        if await _is_free(bench, candidate):
            try:
                given = await asyncio.to_thread(_link, bench.layout, version, candidate)
            except NameTaken:
                # by another process, since it was looked at
                log.info("a free name was taken in the same moment", name=candidate)
            else:
                return Move(version.id, version.file_path, candidate, given) if given else None
        number += 1


async def _is_free(bench: Workbench, file_path: str) -> bool:
    if await asyncio.to_thread(_is_on_disk, bench.layout, file_path):
        return False
    async with bench.database.read() as connection:
        statement = select(FileVersion.id).where(FileVersion.file_path == file_path)
        return (await connection.execute(statement)).first() is None


def _companions(file_path: str) -> tuple[str, ...]:
    """What may lie beside a file: its sidecar, and the other one that Gold videos have."""
    return sidecar_of(file_path), json_sidecar_of(file_path)


def _is_on_disk(layout: Layout, file_path: str) -> bool:
    return any(os.path.lexists(layout.absolute(name)) for name in (file_path, *_companions(file_path)))


def _link(layout: Layout, version: _Version, new: str) -> tuple[str, ...]:
    """The names that file and sidecars have been given, none where there is no file; after a failure, none is left."""
    given: list[str] = []
    try:
        if not layout.absolute(version.file_path).is_file():
            return ()
        for old, name in zip(
            (version.file_path, *_companions(version.file_path)), (new, *_companions(new)), strict=True
        ):
            path = layout.absolute(old)
            if path.is_file():
                place_link(path, layout.absolute(name), hash_file(path))
                given.append(name)
    except PlacementFailed:
        _drop(layout, given)
        raise
    except OSError as error:
        _drop(layout, given)
        raise _unmovable(version, error) from error
    return tuple(given)


def _unmovable(version: _Version, error: OSError) -> PlacementFailed:
    name, reason = shown(version.original_filename), error.strerror or error
    return PlacementFailed(f"The file of {name}, {version.file_path}, cannot be moved: {reason}. Nothing was changed.")


def _drop(layout: Layout, names: Iterable[str]) -> None:
    for name in names:
        try:
            discard(layout.absolute(name))
        except OSError as error:
            log.warning("a name too many of a file is still there; the audit tells it", reason=str(error))


@asynccontextmanager
async def recorded(bench: Workbench, moves: Sequence[Move]) -> AsyncIterator[AsyncConnection]:
    """A transaction that follows files to their second names: their first ones go when it is through, else the second.

    Where nobody knows whether it was committed, the rows say it; where they cannot be asked, both names stay.
    """
    try:
        async with bench.database.write() as connection:
            yield connection
    except Exception:
        await _drop_others(bench, moves)
        raise
    names = [name for move in moves for name in (move.old, *_companions(move.old))]
    await asyncio.to_thread(_drop, bench.layout, names)


async def _drop_others(bench: Workbench, moves: Sequence[Move]) -> None:
    """Takes back the names that no row has followed to."""
    statement = select(FileVersion.file_path).where(FileVersion.id.in_([move.version_id for move in moves]))
    try:
        async with bench.database.read() as connection:
            followed = set((await connection.execute(statement)).scalars())
    except (SQLAlchemyError, OSError) as error:
        log.warning("files have two names, and it is not known which is theirs; the audit tells it", reason=str(error))
        return
    names = [name for move in moves if move.new not in followed for name in move.given]
    await asyncio.to_thread(_drop, bench.layout, names)
