"""What have people said of copies so far?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.tables import DuplicateGroup, DuplicateMember


async def decided_groups(connection: AsyncConnection) -> Mapping[str, Set[str]]:
    """By the id of an asset, the groups it is in of which somebody has said something."""
    statement = (
        select(DuplicateMember.media_asset_id, DuplicateMember.group_id)
        .join(DuplicateGroup, DuplicateGroup.id == DuplicateMember.group_id)
        .where(DuplicateGroup.decision.is_not(None))
    )
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for asset_id, group_id in await all_rows(connection, statement):
        groups[asset_id].add(group_id)
    return groups
