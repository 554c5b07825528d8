"""What is done to a photo is done to all that belong to it: a group is promoted, put away and deleted together.

The photo itself comes first and decides the answer. Each companion follows by itself; one to which it does not apply
(an original that cannot be decoded is never Gold) stays as it is. Doing it again finishes what was cut off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Row, func, select

from core.db.engine import Database
from core.db.tables import FileVersion
from core.errors import BadRequest, NotFound
from core.groups import members_of
from core.library.archive import DELETED, archive_photo, delete_photo, unarchive_photo
from core.library.layout import Tier
from core.pipeline.demote import demote
from core.pipeline.promote import Action, Promoted, promote
from core.pipeline.rewritten import SUPERSEDED
from core.pipeline.workbench import Workbench

T = TypeVar("T")

_Version = Row[*tuple[Any, ...]]


async def promote_together(bench: Workbench, photo_id: str, action: Action = Action.PROMOTED) -> Promoted:
    """:func:`core.pipeline.promote.promote` for a photo and the Silver versions of its companions."""
    companions = await _companions(bench.database, photo_id, _of_same_tier)
    return await _follow(lambda one: promote(bench, one, action), photo_id, companions)


async def demote_together(bench: Workbench, photo_id: str) -> str:
    """:func:`core.pipeline.demote.demote` for a photo and the versions of its companions of the same tier."""
    companions = await _companions(bench.database, photo_id, _of_same_tier)
    return await _follow(lambda one: demote(bench, one), photo_id, companions)


async def archive_together(bench: Workbench, photo_id: str) -> None:
    """:func:`core.library.archive.archive_photo` for a photo and its companions."""
    companions = await _companions(bench.database, photo_id, _any_as_visible)
    await _follow(lambda one: archive_photo(bench, one), photo_id, companions)


async def unarchive_together(bench: Workbench, photo_id: str) -> None:
    """:func:`core.library.archive.unarchive_photo` for a photo and its companions."""
    companions = await _companions(bench.database, photo_id, _any_as_visible)
    await _follow(lambda one: unarchive_photo(bench, one), photo_id, companions)


async def delete_together(bench: Workbench, photo_id: str) -> bool:
    """:func:`core.library.archive.delete_photo` for a photo and its companions.

    With the whole photo its companions go as a whole; with one version of it, theirs of the same tier.
    """
    companions = await _companions(bench.database, photo_id, _deleted_with)
    return await _follow(lambda one: delete_photo(bench, one), photo_id, companions)


async def _follow(act: Callable[[str], Awaitable[T]], photo_id: str, companions: Iterable[str]) -> T:
    result = await act(photo_id)
    for companion in companions:
        try:
            await act(companion)
        except (BadRequest, NotFound):
            # it is so already, or it cannot be so
            continue
    return result


_Choose = Callable[[_Version, list[_Version], list[_Version]], _Version | None]
"""Of the photo's version, all versions of its asset and those of a companion, the companion's version to act on."""


async def _companions(database: Database, photo_id: str, choose: _Choose) -> list[str]:
    """The version to act on of each companion, in the order of :func:`members_of`."""
    columns = (
        FileVersion.id,
        FileVersion.media_asset_id,
        FileVersion.tier,
        FileVersion.archived_at,
        FileVersion.processing_state,
    )
    asset = select(FileVersion.media_asset_id).where(FileVersion.id == photo_id)
    async with database.read() as connection:
        asset_id = (await connection.execute(asset)).scalar()
        members = await members_of(connection, [asset_id]) if asset_id is not None else []
        if len(members) < 2:
            return []
        statement = select(*columns).where(
            FileVersion.media_asset_id.in_(members),
            func.coalesce(FileVersion.processing_state, "").not_in((SUPERSEDED, DELETED)),
        )
        rows = (await connection.execute(statement)).all()
    versions = {member: [row for row in rows if row.media_asset_id == member] for member in members}
    mine = next((row for row in versions[members[0]] if row.id == photo_id), None)
    if mine is None:
        return []
    chosen = (choose(mine, versions[members[0]], versions[member]) for member in members[1:])
    return [version.id for version in chosen if version is not None]


def _of_same_tier(mine: _Version, _: list[_Version], theirs: list[_Version]) -> _Version | None:
    return next((one for one in theirs if one.tier == mine.tier and one.archived_at is None), None)


def _any_as_visible(mine: _Version, _: list[_Version], theirs: list[_Version]) -> _Version | None:
    is_hidden = mine.archived_at is not None
    return next((one for one in theirs if (one.archived_at is not None) is is_hidden), None)


def _deleted_with(mine: _Version, all_mine: list[_Version], theirs: list[_Version]) -> _Version | None:
    others = [one for one in all_mine if one.id != mine.id and one.tier != Tier.BRONZE and one.archived_at is None]
    if mine.tier != Tier.BRONZE and others:
        return _of_same_tier(mine, all_mine, theirs)
    # the Bronze version is the photo: with it, everything goes
    return min(theirs, key=lambda one: one.tier != Tier.BRONZE, default=None)
