"""How many photos are there, and what happened last?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import CompoundSelect, Integer, Row, bindparam, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.db.tables import AssetHistory, FileVersion, MediaAsset
from core.library.layout import Tier

_ASSETS = "assets"


class Totals(msgspec.Struct, frozen=True):
    """Assets, and versions of each tier; archived ones do not count."""

    assets: int
    bronze: int
    silver: int
    gold: int


def _counts() -> CompoundSelect[str, int]:
    """Numbers to add up for each of ``assets`` and the tiers.

    Everything is counted from indexes alone and the few archived versions are taken off again: a condition on
    ``archived_at`` would read every row with its metadata.
    """
    live = aliased(FileVersion)
    is_archived = FileVersion.archived_at.is_not(None)
    is_shown = (
        select(literal(1))
        .where(live.media_asset_id == FileVersion.media_asset_id, live.archived_at.is_(None))
        .correlate(FileVersion)
        .exists()
    )
    # an expression, or SQLite would walk the index of tiers to have its groups in order
    archived_tier = func.lower(FileVersion.tier)
    return union_all(
        select(literal(_ASSETS), func.count()).select_from(MediaAsset),
        select(literal(_ASSETS), -func.count(FileVersion.media_asset_id.distinct())).where(is_archived, ~is_shown),
        select(FileVersion.tier, func.count()).group_by(FileVersion.tier),
        select(archived_tier, -func.count()).where(is_archived).group_by(archived_tier),
    )


_COUNTS = _counts()

_LATEST = (
    select(AssetHistory.__table__)
    .order_by(AssetHistory.timestamp.desc(), AssetHistory.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)


async def totals(connection: AsyncConnection) -> Totals:
    """Counts the library."""
    counted: Counter[str] = Counter()
    for what, number in await connection.execute(_COUNTS):
        counted[what] += number
    return Totals(counted[_ASSETS], counted[Tier.BRONZE], counted[Tier.SILVER], counted[Tier.GOLD])


async def latest_history(connection: AsyncConnection, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest history rows of all assets."""
    return (await connection.execute(_LATEST, {"limit": limit})).all()
