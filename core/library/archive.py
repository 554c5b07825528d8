"""What becomes of a photo that nobody wants to see any more?

It is never destroyed. Archiving hides all versions of an asset and moves their files to ``media/archive/YYYY/MM``;
unarchiving brings them back. Deleting does the same for good: faces, places in collections and rendered pictures go,
the files stay in the archive, where the owner of the disk can remove them, and the same bytes are known when they come
again. Originals (Bronze), and files that are only referred to, stay where they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select, update
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
from core.db.turns import lock_asset
from core.errors import BadRequest, NotFound
from core.library.layout import Layout, Tier
from core.library.placing import discard
from core.library.pointing import point_to
from core.library.second_names import Move, give_names, recorded
from core.library.sidecars import mark_stale
from core.library.upload_conflicts import PENDING
from core.media.source_file import shown
from core.pipeline.rewritten import SUPERSEDED

if TYPE_CHECKING:
    from core.db.engine import Database
    from core.pipeline.workbench import Workbench

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


async def archive_photo(bench: Workbench, photo_id: str) -> None:
    """Hides a photo with all its versions. Raises :class:`NotFound`, and :class:`BadRequest` if it is hidden."""
    async with _held(bench, photo_id) as versions:
        await _archive(bench, versions, photo_id)


async def _archive(bench: Workbench, versions: Sequence[_Version], photo_id: str) -> None:
    chosen = _chosen(versions, photo_id)
    if chosen.archived_at is not None:
        raise BadRequest(f"{shown(chosen.original_filename)} is archived already.")
    seen = [version for version in versions if version.archived_at is None]
    moves = await give_names(bench, seen, to_archive=True)
    details = f"{shown(chosen.original_filename)} was archived{_whereabouts(moves)}."
    async with recorded(bench, moves) as connection:
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
    moves = await give_names(bench, hidden, to_archive=False)
    details = f"{shown(chosen.original_filename)} was brought back from the archive."
    async with recorded(bench, moves) as connection:
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
    moves = await give_names(bench, [each for each in gone if each.archived_at is None], to_archive=True)
    what = "was deleted" if is_whole else f"lost its {chosen.tier.capitalize()} version"
    details = f"{shown(chosen.original_filename)} {what}{_whereabouts(moves)}."
    async with recorded(bench, moves) as connection:
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


def _whereabouts(moves: Sequence[Move]) -> str:
    return f"; its file is kept as {moves[0].new}" if moves else "; its file stays where it is"


async def _hide(
    connection: AsyncConnection, versions: Sequence[_Version], moves: Sequence[Move], values: dict[str, Any]
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
