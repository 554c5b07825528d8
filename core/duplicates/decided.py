"""What have people said of copies so far?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import all_rows
from core.db.tables import DuplicateGroup, DuplicateMember
from core.duplicates.facts import Decision, Group


class Decided(msgspec.Struct, frozen=True):
    """What holds for assets, by their ids.

    ``groups``: those of which somebody has said something. Two that are in one of them are never proposed together
    again. ``kept``: what is to stay beside its copies, and is never proposed to be archived. Who put all copies away
    but one has not said that this one is better than what comes later.
    """

    groups: Mapping[str, Set[str]]
    kept: Set[str]

    def allows(self, group: Group) -> bool:
        """Whether the group is still one to propose."""
        seen: set[str] = set()
        for asset_id in group.asset_ids:
            mine = self.groups.get(asset_id, frozenset())
            if seen & mine:
                return False
            seen |= mine
        return not any(member.asset_id in self.kept for member in group.members)


async def read_decided(connection: AsyncConnection) -> Decided:
    """All that was decided and not taken back."""
    statement = (
        select(
            DuplicateMember.media_asset_id,
            DuplicateMember.group_id,
            DuplicateMember.is_archived,
            DuplicateGroup.decision,
        )
        .join(DuplicateGroup, DuplicateGroup.id == DuplicateMember.group_id)
        .where(DuplicateGroup.decision.is_not(None))
    )
    groups: defaultdict[str, set[str]] = defaultdict(set)
    stayed: defaultdict[str, set[str]] = defaultdict(set)
    for row in await all_rows(connection, statement):
        groups[row.media_asset_id].add(row.group_id)
        if row.decision != Decision.NOT_DUPLICATES and not row.is_archived:
            stayed[row.group_id].add(row.media_asset_id)
    return Decided(groups, {one for together in stayed.values() if len(together) > 1 for one in together})
