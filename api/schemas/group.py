"""Files that belong together, on the wire."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import Struct

from core.groups.facts import GroupType, Role
from core.groups.members import GroupRow


class GroupMember(Struct, rename="camel"):
    """A file in a group. ``photoId`` is its best version; ``reason`` the sentence that ties it to another member."""

    asset_id: str
    photo_id: str | None
    original_filename: str
    role: Role
    reason: str


class PhotoGroup(Struct, rename="camel"):
    """Files that are one thing; the member ``primaryAssetId`` stands for all. ``dissolvedAt``: a person parted them."""

    id: str
    type: GroupType
    reason: str
    primary_asset_id: str
    is_primary_chosen: bool
    created_at: datetime
    dissolved_at: datetime | None
    members: list[GroupMember]


class PhotoGroups(Struct):
    """A page of groups, newest first, and how many there are."""

    groups: list[PhotoGroup]
    total: int


class PrimaryChoice(Struct, rename="camel"):
    """The member to show for the group."""

    asset_id: str


_members = msgspec.json.Decoder(list[GroupMember]).decode


def photo_group_of(row: GroupRow) -> PhotoGroup:
    """A row of :mod:`core.groups.members`; the primary comes first, the others by name."""
    members = _members(row.members_json)
    members.sort(key=lambda one: (one.asset_id != row.primary_asset_id, one.original_filename, one.asset_id))
    return PhotoGroup(
        row.id,
        GroupType(row.type),
        row.reason,
        row.primary_asset_id,
        row.is_primary_chosen,
        row.created_at,
        row.dissolved_at,
        members,
    )
