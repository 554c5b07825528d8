"""What becomes of a photo that nobody wants to see any more?

It is never destroyed. Archiving hides all versions of an asset and moves their files to ``media/archive/YYYY/MM``;
unarchiving brings them back. Deleting does the same for good: faces, places in collections and rendered pictures go,
the files stay in the archive, where the owner of the disk can remove them, and the same bytes are known when they come
again. Originals (Bronze), and files that are only referred to, stay where they are.

A file gets its second name, the row follows, the first name goes: a crash leaves at most one name too many, which the
audit tells. Whoever fails takes back the names that it has given itself and no other: the one that it did not get may
be the only name of somebody else's file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import (
    AssetHistory,
    CollectionPhoto,
    Face,
    FileVersion,
    MediaAsset,
    Person,
    UploadConflict,
    utc_now,
)
from core.errors import BadRequest, NameTaken, NotFound, PlacementFailed
from core.library.layout import ARCHIVE, Layout, Tier, is_reference, json_sidecar_of, month_directory, sidecar_of
from core.library.naming import numbered
from core.library.placing import discard, hash_file, place_link
from core.library.pointing import point_to
from core.library.sidecars import mark_stale
from core.library.upload_conflicts import PENDING
from core.media.clock import clock_of
from core.media.source_file import shown
from core.pipeline.rewritten import SUPERSEDED

if TYPE_CHECKING:
    from core.db.engine import Database
    from core.pipeline.workbench import Workbench

log = structlog.get_logger()

DELETED = "deleted"
"""The ``processing_state`` of a version that a person has deleted; it never comes back by itself."""

_RANKS = {Tier.BRONZE: 0, Tier.SILVER: 1, Tier.GOLD: 2}

_COLUMNS = (
    FileVersion.id,
    FileVersion.media_asset_id,
    FileVersion.tier,
    FileVersion.file_path,
    FileVersion.sha256,
    FileVersion.captured_at,
    FileVersion.created_at,
    FileVersion.archived_at,
    FileVersion.processing_state,
    MediaAsset.original_filename,
)
_Version = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class _Move:
    """A version whose file has a second name; ``given`` are that name and those of its sidecars that came with it."""

    version_id: str
    old: str
    new: str
    given: tuple[str, ...]


async def archive_photo(bench: Workbench, photo_id: str) -> None:
    """Hides a photo with all its versions. Raises :class:`NotFound`, and :class:`BadRequest` if it is hidden."""
    async with _held(bench, photo_id) as versions:
        await _archive(bench, versions, photo_id)


async def _archive(bench: Workbench, versions: Sequence[_Version], photo_id: str) -> None:
    chosen = _chosen(versions, photo_id)
    if chosen.archived_at is not None:
        raise BadRequest(f"{shown(chosen.original_filename)} is archived already.")
    seen = [version for version in versions if version.archived_at is None]
    moves = await _give_names(bench, seen, to_archive=True)
    details = f"{shown(chosen.original_filename)} was archived{_whereabouts(moves)}."
    async with _recorded(bench, moves) as connection:
        await _hide(connection, seen, moves, {"archived_at": utc_now()})
        await _refuse_newcomers(connection, chosen)
        await _write_history(connection, chosen.media_asset_id, "ARCHIVED", details)


async def unarchive_photo(bench: Workbench, photo_id: str) -> None:
    """Brings an archived photo back. Raises :class:`NotFound`, and :class:`BadRequest` if it is not archived."""
    async with _held(bench, photo_id) as versions:
        await _unarchive(bench, versions, photo_id)


async def _unarchive(bench: Workbench, versions: Sequence[_Version], photo_id: str) -> None:
    chosen = _chosen(versions, photo_id)
    if chosen.archived_at is None:
        raise BadRequest(f"{shown(chosen.original_filename)} is not archived.")
    hidden = [
        version
        for version in versions
        if version.archived_at is not None and version.processing_state not in (SUPERSEDED, DELETED, PENDING)
    ]
    if chosen not in hidden:
        raise BadRequest(f"{shown(chosen.original_filename)} was replaced by a newer version, which is in the library.")
    moves = await _give_names(bench, hidden, to_archive=False)
    details = f"{shown(chosen.original_filename)} was brought back from the archive."
    async with _recorded(bench, moves) as connection:
        await _hide(connection, hidden, moves, {"archived_at": None})
        await mark_stale(connection, [version.id for version in hidden])
        await _write_history(connection, chosen.media_asset_id, "RESTORED", details)


async def delete_photo(bench: Workbench, photo_id: str) -> bool:
    """Deletes a version, and with the last one above Bronze the whole photo; ``False`` where there is none.

    A Bronze version is the photo: with it, everything goes.
    """
    try:
        # who deletes the photo means all of it, whatever it has become while this waits for its turn
        is_whole = not _left(await _versions_beside(bench.database, photo_id), photo_id)
        async with _held(bench, photo_id) as versions:
            await _delete(bench, versions, photo_id, is_whole=is_whole or not _left(versions, photo_id))
    except NotFound:
        return False
    return True


def _left(versions: Sequence[_Version], photo_id: str) -> list[_Version]:
    """What is left of a photo without this version: the visible ones above Bronze, and nothing without the original."""
    if _chosen(versions, photo_id).tier == Tier.BRONZE:
        return []
    seen = (version for version in versions if version.archived_at is None)
    return [version for version in seen if version.id != photo_id and version.tier != Tier.BRONZE]


async def _delete(bench: Workbench, versions: Sequence[_Version], photo_id: str, *, is_whole: bool) -> None:
    chosen = _chosen(versions, photo_id)
    others = [] if is_whole else _left(versions, photo_id)
    gone = [version for version in versions if version.processing_state != SUPERSEDED] if is_whole else [chosen]
    moves = await _give_names(bench, [each for each in gone if each.archived_at is None], to_archive=True)
    what = "was deleted" if is_whole else f"lost its {chosen.tier.capitalize()} version"
    details = f"{shown(chosen.original_filename)} {what}{_whereabouts(moves)}."
    async with _recorded(bench, moves) as connection:
        await _hide(connection, gone, moves, {"archived_at": utc_now(), "processing_state": DELETED})
        if not is_whole:
            await point_to(connection, chosen.id, max(others, key=lambda other: _RANKS[other.tier]).id)
        else:
            await _forget(connection, [version.id for version in gone])
            await _refuse_newcomers(connection, chosen)
            # where it was an upload that waited for a decision: this is one
            await connection.execute(
                delete(UploadConflict).where(UploadConflict.media_asset_id == chosen.media_asset_id)
            )
        if not is_whole and chosen.tier == Tier.GOLD:
            await connection.execute(
                update(FileVersion)
                .where(FileVersion.id.in_([other.id for other in others]), FileVersion.processing_state == "promoted")
                .values(processing_state="processed")
            )
        await _write_history(connection, chosen.media_asset_id, "DELETED", details)
    kept = {other.sha256 for other in others}
    await asyncio.to_thread(_remove_rendered, bench.layout, {version.sha256 for version in gone} - kept - {None})


@asynccontextmanager
async def _held(bench: Workbench, photo_id: str) -> AsyncIterator[Sequence[_Version]]:
    """The versions of the photo's asset as they are while nobody else in this process moves their files.

    Raises :class:`NotFound`.
    """
    asset_id = (await _versions_beside(bench.database, photo_id))[0].media_asset_id
    async with bench.claims.hold(f"gold of {asset_id}"):
        yield await _versions_beside(bench.database, photo_id)


async def _versions_beside(database: Database, photo_id: str) -> Sequence[_Version]:
    """All versions of the photo's asset but deleted ones; raises :class:`NotFound`."""
    asset = select(FileVersion.media_asset_id).where(FileVersion.id == photo_id).scalar_subquery()
    statement = (
        select(*_COLUMNS)
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.media_asset_id == asset, FileVersion.processing_state.is_distinct_from(DELETED))
    )
    async with database.read() as connection:
        versions = (await connection.execute(statement)).all()
    if not any(version.id == photo_id for version in versions):
        raise NotFound(f"There is no photo {photo_id}.")
    return versions


def _chosen(versions: Iterable[_Version], photo_id: str) -> _Version:
    return next(version for version in versions if version.id == photo_id)


def _whereabouts(moves: Sequence[_Move]) -> str:
    return f"; its file is kept as {moves[0].new}" if moves else "; its file stays where it is"


async def _give_names(bench: Workbench, versions: Sequence[_Version], *, to_archive: bool) -> list[_Move]:
    """Second names for the files of these versions; what is not on disk, or is not ours to move, gets none."""
    moves: list[_Move] = []
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


async def _give_name(bench: Workbench, version: _Version, *, to_archive: bool) -> _Move | None:
    when = clock_of(version.captured_at) or version.created_at
    directory = month_directory(ARCHIVE if to_archive else Tier(version.tier), when)
    name = PurePosixPath(version.file_path).name
    for number in count():
        candidate = str(directory / (numbered(name, number) if number else name))
        if not await _is_free(bench, candidate):
            continue
        try:
            given = await asyncio.to_thread(_link, bench.layout, version, candidate)
        except NameTaken:
            # by another process, since it was looked at
            continue
        return _Move(version.id, version.file_path, candidate, given) if given else None
    raise AssertionError("numbers do not end")


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
async def _recorded(bench: Workbench, moves: Sequence[_Move]) -> AsyncIterator[AsyncConnection]:
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


async def _drop_others(bench: Workbench, moves: Sequence[_Move]) -> None:
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


async def _hide(
    connection: AsyncConnection, versions: Sequence[_Version], moves: Sequence[_Move], values: dict[str, Any]
) -> None:
    """Writes the new state of the versions and where their files are now.

    Raises :class:`BadRequest` when somebody else was quicker with one of them.
    """
    await lock_asset(connection, versions[0].media_asset_id)
    paths = {move.version_id: move.new for move in moves}
    for version in versions:
        unchanged = (FileVersion.id == version.id, FileVersion.file_path == version.file_path)
        since = FileVersion.archived_at.is_not_distinct_from(version.archived_at)
        path = {"file_path": paths[version.id]} if version.id in paths else {}
        result = await connection.execute(update(FileVersion).where(*unchanged, since).values(**values, **path))
        if result.rowcount != 1:
            raise _changed(version)


async def lock_asset(connection: AsyncConnection, asset_id: str) -> None:
    """Keeps the versions of an asset for this transaction, of which it changes several; it waits for its turn.

    In SQLite, where one transaction writes at a time, this does nothing.
    """
    await connection.execute(select(MediaAsset.id).where(MediaAsset.id == asset_id).with_for_update())


async def _refuse_newcomers(connection: AsyncConnection, chosen: _Version) -> None:
    """Raises :class:`BadRequest` when the photo, which is hidden by now, has got a version meanwhile.

    To be asked under :func:`lock_asset`, which who makes a version holds as well.
    """
    statement = select(FileVersion.id).where(
        FileVersion.media_asset_id == chosen.media_asset_id, FileVersion.archived_at.is_(None)
    )
    if (await connection.execute(statement.limit(1))).first() is not None:
        raise _changed(chosen)


def _changed(version: _Version) -> BadRequest:
    return BadRequest(f"{shown(version.original_filename)} was changed by somebody else just now; look again.")


async def _forget(connection: AsyncConnection, version_ids: Sequence[str]) -> None:
    """Takes faces of versions away, and their places in collections."""
    faces = select(Face.id).where(Face.photo_id.in_(version_ids))
    await connection.execute(
        update(Person).where(Person.selected_thumbnail_face_id.in_(faces)).values(selected_thumbnail_face_id=None)
    )
    await connection.execute(delete(Face).where(Face.photo_id.in_(version_ids)))
    await connection.execute(delete(CollectionPhoto).where(CollectionPhoto.photo_id.in_(version_ids)))


async def _write_history(connection: AsyncConnection, asset_id: str, action: str, details: str) -> None:
    row = {"media_asset_id": asset_id, "action": action, "details": details, "timestamp": utc_now()}
    await connection.execute(insert(AssetHistory), row)


def _remove_rendered(layout: Layout, hashes: Iterable[str]) -> None:
    for sha256 in hashes:
        for picture in layout.rendered(sha256, "*").parent.glob(f"{sha256}-*.jpeg"):
            discard(picture)
