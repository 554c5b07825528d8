"""Which assets belong together: groups, copies of one picture, bursts that were decided, occasions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, RowId, new_id, utc_now


class GroupedAsset(Base):
    """What the rules of grouping know of an asset; see ``core.groups.facts``."""

    __tablename__ = "grouped_assets"
    __table_args__ = (
        # the frames of a bracket are looked for by their time
        Index(
            "ix_grouped_assets_bracketed_by",
            "bracketed_by",
            "taken_us",
            sqlite_where=text("bracketed_by IS NOT NULL"),
            postgresql_where=text("bracketed_by IS NOT NULL"),
        ),
    )

    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True)
    facts: Mapped[dict[str, Any]]
    #: The camera of a frame that EXIF says is one of a bracket, and its wall clock in microseconds since 1970.
    bracketed_by: Mapped[str | None]
    taken_us: Mapped[int | None] = mapped_column(BigInteger)


class GroupKey(Base):
    """What an asset may share with those that it belongs to: a name in a folder, an identifier."""

    __tablename__ = "group_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True, index=True)


class AssetGroup(Base):
    """Assets that are one thing. A dissolved group stays, so that its members are not brought together again."""

    __tablename__ = "asset_groups"
    __table_args__ = (Index(None, "type", "created_at"), Index(None, "created_at"))

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    type: Mapped[str]
    #: One sentence for a person.
    reason: Mapped[str]
    primary_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"))
    #: A person has chosen the primary.
    is_primary_chosen: Mapped[bool] = mapped_column(server_default=false(), default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    dissolved_at: Mapped[datetime | None]


class AssetGroupMember(Base):
    __tablename__ = "asset_group_members"
    __table_args__ = (
        Index(None, "media_asset_id"),
        # an asset is in one group at most
        Index(
            "uq_asset_group_members_together",
            "media_asset_id",
            unique=True,
            sqlite_where=text("is_together"),
            postgresql_where=text("is_together"),
        ),
    )

    group_id: Mapped[str] = mapped_column(ForeignKey("asset_groups.id"), primary_key=True)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True)
    role: Mapped[str]
    reason: Mapped[str]
    #: ``False`` once the group was dissolved.
    is_together: Mapped[bool] = mapped_column(server_default=true(), default=True)


class DuplicateCheck(Base):
    """Which content of an asset was compared with the whole library, and by which version of the comparing."""

    __tablename__ = "duplicate_checks"

    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True)
    sha256: Mapped[str]
    version: Mapped[str]


class DuplicatePair(Base):
    """Two assets of which one is a copy of the other; the lesser id is the one."""

    __tablename__ = "duplicate_pairs"

    one_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True, index=True)
    #: ``Kind`` of core.duplicates.facts.
    kind: Mapped[str]
    #: Percent.
    similarity: Mapped[int]
    #: One sentence for a person.
    reason: Mapped[str]


class DuplicateGroup(Base):
    """Copies of one picture, of which one is proposed to stay. One that was decided stays for good."""

    __tablename__ = "duplicate_groups"
    __table_args__ = (Index(None, "decision", "created_at"),)

    #: Follows from the members.
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    similarity: Mapped[int]
    keeper_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"))
    #: One sentence for a person.
    keeper_reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: ``Decision`` of core.duplicates.facts.
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class DuplicateMember(Base):
    __tablename__ = "duplicate_members"

    group_id: Mapped[str] = mapped_column(ForeignKey("duplicate_groups.id"), primary_key=True)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True, index=True)
    #: What ties it to the keeper; ``None`` for the keeper itself.
    kind: Mapped[str | None]
    similarity: Mapped[int | None]
    reason: Mapped[str | None]
    #: It was put away by the decision.
    is_archived: Mapped[bool] = mapped_column(server_default=false(), default=False)


class DecidedBurst(Base):
    """What a person kept of a burst, so that it can be taken back."""

    __tablename__ = "decided_bursts"
    __table_args__ = (Index(None, "burst_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    burst_id: Mapped[str]
    #: By the id of a photo: its state before and after, and whether it had been reviewed.
    changed: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime] = mapped_column(default=utc_now)


class Occasion(Base):
    """Photos that were taken on one occasion, as the machine sees it, and what a person has said of that."""

    __tablename__ = "occasions"
    __table_args__ = (Index(None, "state", "starts_at", "id"), Index(None, "starts_at", "id"))

    #: Follows from its first members; see ``core.occasions.matching``.
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    #: What it would be called, as the machine proposes it.
    title: Mapped[str]
    #: What a person has called it.
    name: Mapped[str | None]
    #: The town, or the country, where most of it was; ``None`` where nobody knows.
    place: Mapped[str | None]
    #: The first and the last wall clock, zone-less ISO 8601.
    starts_at: Mapped[str]
    ends_at: Mapped[str]
    #: The name that its photos were given when it was accepted.
    written_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class OccasionPhoto(Base):
    __tablename__ = "occasion_photos"
    __table_args__ = (Index(None, "media_asset_id"),)

    occasion_id: Mapped[str] = mapped_column(ForeignKey("occasions.id", ondelete="CASCADE"), primary_key=True)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), primary_key=True)
    #: From 0, in the order in which they were taken.
    position: Mapped[int]
    #: Its photo was given the event of this occasion.
    is_written: Mapped[bool] = mapped_column(server_default=false(), default=False)
