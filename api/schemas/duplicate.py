"""Copies of one picture, on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from core.duplicates.facts import Decision, Kind
from core.duplicates.listing import GroupRow


class DuplicateMember(Struct, rename="camel"):
    """A picture in a group of copies. ``photoId`` is its best version that is visible, ``None`` when it is archived.

    ``kind``, ``similarity`` (percent) and ``reason`` tell what it is to the keeper; the keeper has none.
    ``isArchived``: it was put away by the decision.
    """

    asset_id: str
    photo_id: str | None
    original_filename: str
    file_size: int | None
    kind: Kind | None
    similarity: int | None
    reason: str | None
    is_archived: bool


class DuplicateGroup(Struct, rename="camel"):
    """Copies of one picture; ``keeperId`` is the asset that is proposed to stay, and ``keeperReason`` says why.

    ``kind`` is that of the copy that differs most, ``similarity`` (percent) that of the one least alike.
    """

    id: str
    kind: Kind
    similarity: int
    keeper_id: str
    keeper_reason: str
    created_at: datetime
    decision: Decision | None
    decided_at: datetime | None
    members: list[DuplicateMember]


class DuplicateGroups(Struct):
    """A page of groups, newest first, and how many there are."""

    groups: list[DuplicateGroup]
    total: int


class DuplicateDecision(Struct, rename="camel"):
    """What is to become of copies. ``keep``: with ``archive``, the assets that stay; without it the proposed one."""

    decision: Decision
    keep: list[str] | None = None


_members = msgspec.json.Decoder(list[DuplicateMember], strict=False).decode


def duplicate_group_of(row: GroupRow) -> DuplicateGroup:
    """A row of :mod:`core.duplicates.listing`; the keeper comes first, the others by name."""
    members = _members(row.members_json)
    members.sort(key=lambda one: (one.asset_id != row.keeper_id, one.original_filename, one.asset_id))
    return DuplicateGroup(
        row.id,
        Kind(row.kind),
        row.similarity,
        row.keeper_id,
        row.keeper_reason,
        row.created_at,
        None if row.decision is None else Decision(row.decision),
        row.decided_at,
        members,
    )
