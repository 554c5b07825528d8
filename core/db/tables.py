"""Every table, with the names of ``contract/database.md`` and what Pictallion adds to them.

Columns below a ``# added`` line are ours. Ids are UUID text; timestamps are UTC.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.db.types import Json, PathText, TextList, UtcTimestamp, folded

#: SQLite only numbers rows by itself in a column of exactly the type INTEGER.
_RowId = BigInteger().with_variant(Integer(), "sqlite")


def new_id() -> str:
    """A new row id: a random UUID as text."""
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads a plain class attribute
        str: Text(),
        datetime: UtcTimestamp(),
        dict[str, Any]: Json,
        list[str]: TextList,
    }


class User(Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]


class MediaAsset(Base):
    __tablename__ = "media_assets"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    original_filename: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # added
    #: Hex SHA-256 of the original; unique, so that two processes can never store the same content twice.
    sha256: Mapped[str | None] = mapped_column(unique=True)


class FileVersion(Base):
    __tablename__ = "file_versions"
    __table_args__ = (
        Index(None, "media_asset_id", "tier"),
        Index(None, "tier", "created_at"),
        Index(None, "created_at"),
        Index(None, "file_hash"),
        Index(None, "perceptual_hash"),
        Index(None, "verified_at", "id"),
        # statistics count the few archived versions instead of all others
        Index(
            "ix_file_versions_archived",
            "archived_at",
            sqlite_where=text("archived_at IS NOT NULL"),
            postgresql_where=text("archived_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"))
    tier: Mapped[str]
    file_path: Mapped[str] = mapped_column(unique=True)
    file_hash: Mapped[str]
    file_size: Mapped[int] = mapped_column(BigInteger)
    mime_type: Mapped[str]
    combined_metadata: Mapped[dict[str, Any] | None] = mapped_column("metadata", Json)
    is_reviewed: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    rating: Mapped[int | None] = mapped_column(server_default="0", default=0)
    keywords: Mapped[list[str] | None] = mapped_column(default=list)
    location: Mapped[str | None]
    event_type: Mapped[str | None]
    event_name: Mapped[str | None]
    perceptual_hash: Mapped[str | None]
    ai_short_description: Mapped[str | None]
    processing_state: Mapped[str | None] = mapped_column(server_default="processed", default="processed")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # added
    sha256: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration: Mapped[float | None]
    #: The wall clock where the picture was taken, zone-less ISO 8601, with a fraction where one is known.
    captured_at: Mapped[str | None] = mapped_column(index=True)
    capture_source: Mapped[str | None]
    capture_offset_minutes: Mapped[int | None]
    #: What told the offset, and how sure the time is: ``OffsetSource`` and ``Confidence`` of core.media.facts.
    capture_offset_source: Mapped[str | None]
    capture_confidence: Mapped[str | None]
    time_zone: Mapped[str | None]
    gps_latitude: Mapped[float | None]
    gps_longitude: Mapped[float | None]
    is_favorite: Mapped[bool] = mapped_column(server_default=false(), default=False)
    archived_at: Mapped[datetime | None]
    #: Why the pixels cannot be read; such a version is kept as metadata only.
    undecodable: Mapped[str | None]
    #: When its file was last read back and compared with ``sha256``; that is done as it is placed, too.
    verified_at: Mapped[datetime] = mapped_column(server_default=text("'1970-01-01 00:00:00'"), default=utc_now)


class AssetHistory(Base):
    __tablename__ = "asset_history"
    __table_args__ = (Index(None, "media_asset_id", "timestamp"), Index(None, "timestamp"))

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"))
    action: Mapped[str]
    details: Mapped[str | None]
    timestamp: Mapped[datetime] = mapped_column(default=utc_now)


class Collection(Base):
    __tablename__ = "collections"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str | None]
    is_public: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    cover_photo: Mapped[str | None]
    is_smart_collection: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    smart_rules: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class CollectionPhoto(Base):
    __tablename__ = "collection_photos"
    __table_args__ = (UniqueConstraint("collection_id", "photo_id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id"), index=True)
    added_at: Mapped[datetime] = mapped_column(default=utc_now)


class Person(Base):
    __tablename__ = "people"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    notes: Mapped[str | None]
    birthdate: Mapped[datetime | None]
    face_count: Mapped[int | None] = mapped_column(server_default="0", default=0)
    representative_face: Mapped[str | None]
    selected_thumbnail_face_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # added
    #: Photos of this person are shown to nobody beyond this machine.
    is_local_only: Mapped[bool] = mapped_column(server_default=false(), default=False)


class Relationship(Base):
    __tablename__ = "relationships"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    person1_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    person2_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    relationship_type: Mapped[str]
    notes: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Face(Base):
    __tablename__ = "faces"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    photo_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id"), index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    bounding_box: Mapped[list[int]] = mapped_column(Json)
    confidence: Mapped[int]
    embedding: Mapped[list[float] | None] = mapped_column(Json)
    ignored: Mapped[bool] = mapped_column(server_default=false(), default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # added
    #: Which detector found it; embeddings of different networks cannot be compared.
    detector: Mapped[str | None]


class Setting(Base):
    __tablename__ = "settings"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(unique=True)
    value: Mapped[str]
    category: Mapped[str] = mapped_column(server_default="general", default="general")
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiPrompt(Base):
    __tablename__ = "ai_prompts"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str | None]
    category: Mapped[str]
    provider: Mapped[str]
    system_prompt: Mapped[str]
    user_prompt: Mapped[str]
    is_default: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    is_active: Mapped[bool | None] = mapped_column(server_default=true(), default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Event(Base):
    __tablename__ = "events"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    type: Mapped[str]
    date: Mapped[datetime]
    is_recurring: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    recurring_type: Mapped[str | None]
    country: Mapped[str | None]
    region: Mapped[str | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    is_enabled: Mapped[bool | None] = mapped_column(server_default=true(), default=True)
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class LibraryTag(Base):
    __tablename__ = "global_tag_library"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    tag: Mapped[str] = mapped_column(unique=True)
    usage_count: Mapped[int] = mapped_column(server_default="1", default=1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Location(Base):
    __tablename__ = "locations"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str | None]
    latitude: Mapped[str]
    longitude: Mapped[str]
    radius: Mapped[int | None] = mapped_column(server_default="100", default=100)
    is_user_defined: Mapped[bool | None] = mapped_column(server_default=false(), default=False)
    photo_count: Mapped[int | None] = mapped_column(server_default="0", default=0)
    place_name: Mapped[str | None]
    place_type: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


# --- tables of our own ------------------------------------------------------------------------------------------------


class LedgerEntry(Base):
    """One row per path ever seen below a root: the queue, the memory and the proof."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("root", "path"),
        Index(None, "state", "id"),
        Index(None, "state", "next_attempt_at"),
        Index(None, "media_asset_id"),
        # a file that comes back under another name is looked for among those that are missing
        Index(
            "ix_ledger_missing_inode",
            "inode",
            sqlite_where=text("state = 'missing'"),
            postgresql_where=text("state = 'missing'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    #: The name of the watch root, or ``import`` and ``upload`` for what came another way.
    root: Mapped[str]
    #: Relative to the root.
    path: Mapped[str] = mapped_column(PathText())
    state: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    ctime_ns: Mapped[int] = mapped_column(BigInteger)
    #: Unsigned 64 bits on some file systems, more than either database's integers hold.
    inode: Mapped[str]
    sha256: Mapped[str | None]
    media_asset_id: Mapped[str | None] = mapped_column(ForeignKey("media_assets.id"))
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    #: How many worker processes died or were stopped over this file since it last changed.
    worker_losses: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why the file is where it is.
    reason: Mapped[str | None]
    #: The process that is working on it; see ``core.pipeline.holders``.
    holder: Mapped[str | None]
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class WatchRoot(Base):
    """What is remembered of a watched root, to tell it from an empty mount point or another disk in its place."""

    __tablename__ = "watch_roots"

    name: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathText())
    #: The id in ``.pictallion/root`` below it; ``None`` where the root cannot be written to.
    marker: Mapped[str | None]
    #: Where the file system that it lies on was mounted when the root was accepted.
    mount_point: Mapped[str] = mapped_column(PathText())
    #: Why nothing is changed for it at present; ``None`` when all is well.
    frozen_reason: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    #: A person has said that the next scan is to be believed whatever it finds.
    is_accepted: Mapped[bool] = mapped_column(server_default=false(), default=False)
    #: Its photos are shown to nobody beyond this machine; this holds on when the root is watched no more.
    is_local_only: Mapped[bool] = mapped_column(server_default=false(), default=False)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Placement(Base):
    """The intent to put a file into the library, written before the first byte is copied.

    It reserves the target's name and lets the next start repair what a crash left.
    """

    __tablename__ = "placements"
    __table_args__ = (Index(None, "ledger_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    #: ``None`` for a Gold file, which is made of what the library has and not of a file of the ledger.
    ledger_id: Mapped[int | None] = mapped_column(ForeignKey("ledger.id"))
    tier: Mapped[str]
    #: Relative to the data directory.
    target: Mapped[str]
    #: The target as a file system that folds case and Unicode forms would see it.
    target_key: Mapped[str] = mapped_column(
        unique=True, default=lambda context: folded(context.get_current_parameters()["target"])
    )
    sha256: Mapped[str]
    holder: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class StageResult(Base):
    """What a stage found out about some content, so that the same bytes are never looked at twice."""

    __tablename__ = "stage_results"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiToken(Base):
    """A token for the API; only the hash of its secret is known."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    #: ``read``, ``write`` or ``admin``
    scope: Mapped[str]
    #: Hex SHA-256.
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiSession(Base):
    """A browser that logged in with a token; it ends with the token."""

    __tablename__ = "api_sessions"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    token_id: Mapped[str] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True)
    #: Hex SHA-256.
    secret_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UploadConflict(Base):
    """An upload that looks like a photo in the library. Its original is kept as Bronze while a person decides."""

    __tablename__ = "upload_conflicts"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    #: The asset of the upload.
    media_asset_id: Mapped[str] = mapped_column(ForeignKey("media_assets.id"), index=True)
    existing_photo_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id"))
    conflict_type: Mapped[str]
    #: Percent of equal bits of the two perceptual hashes.
    similarity: Mapped[int]
    suggested_action: Mapped[str]
    reasoning: Mapped[str]
    perceptual_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


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


class DecidedBurst(Base):
    """What a person kept of a burst, so that it can be taken back."""

    __tablename__ = "decided_bursts"
    __table_args__ = (Index(None, "burst_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    burst_id: Mapped[str]
    #: By the id of a photo: its state before and after, and whether it had been reviewed.
    changed: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime] = mapped_column(default=utc_now)


class Sidecar(Base):
    """What was last written beside a version, and whether it has to be written or read again; see
    ``core.library.sidecars``.
    """

    __tablename__ = "sidecars"
    __table_args__ = (Index(None, "state", "next_attempt_at"), Index(None, "path"))

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``stale``, ``written`` or ``failed``.
    state: Mapped[str]
    #: When the photo was last changed in the database.
    changed_at: Mapped[datetime | None]
    #: Where it lies; ``None`` before it was first written.
    path: Mapped[str | None] = mapped_column(PathText())
    #: The packet that says what we last wanted to say: the base of the next merge.
    base: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: What ``stat`` said when it was last written or read.
    signature: Mapped[str | None]
    #: A sidecar that other programs write and we only read: ``name.xmp``, or one beside the source in a drop zone.
    other_path: Mapped[str | None] = mapped_column(PathText())
    #: What was last read from it.
    other_base: Mapped[bytes | None] = mapped_column(LargeBinary)
    other_signature: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why it could not be written.
    reason: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class PassRun(Base):
    """One run of a pass of the night; see ``core.passes.runs``."""

    __tablename__ = "pass_runs"
    __table_args__ = (Index(None, "name", "id"), Index(None, "state", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    name: Mapped[str]
    state: Mapped[str]
    #: A person wanted it now.
    is_asked: Mapped[bool]
    #: It only looked what there would be to do.
    is_dry: Mapped[bool]
    #: The process that runs it; see ``core.pipeline.holders``.
    holder: Mapped[str]
    #: Where the next slice begins.
    checkpoint: Mapped[dict[str, Any]]
    done: Mapped[int]
    total: Mapped[int | None]
    report: Mapped[dict[str, Any]]
    #: How long it has worked.
    seconds: Mapped[float] = mapped_column(default=0.0)
    #: One sentence for a person: why it is in this state.
    reason: Mapped[str | None]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


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


class DamagedFile(Base):
    """A version whose file is not what was stored; see ``core.audit.damage``."""

    __tablename__ = "damaged_files"

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``differs``, ``unreadable`` or ``missing``
    kind: Mapped[str]
    #: A file with the right bytes, absolute.
    good_copy: Mapped[str | None] = mapped_column(PathText())
    found_at: Mapped[datetime] = mapped_column(default=utc_now)


class GeocodedPlace(Base):
    """What a geocoding server has answered, so that it is asked once only."""

    __tablename__ = "geocoded_places"

    #: The server, the language and the position.
    key: Mapped[str] = mapped_column(primary_key=True)
    #: ``None``, and so the type, where the server knows nothing there.
    name: Mapped[str | None]
    type: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiBacklogEntry(Base):
    """A photo that a language model is to describe, or has described; see ``core.backlog``."""

    __tablename__ = "ai_backlog"
    __table_args__ = (Index(None, "state", "priority", "captured_at"), Index(None, "state", "next_attempt_at"))

    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"), primary_key=True)
    #: ``waiting``, ``running``, ``done``, ``deferred`` or ``failed``.
    state: Mapped[str]
    #: Higher goes first: what a person asked for before what merely came.
    priority: Mapped[int] = mapped_column(server_default="0", default=0)
    #: The version's capture time, by which the newest goes first; empty where nobody knows.
    captured_at: Mapped[str] = mapped_column(server_default="", default="")
    #: What it is asked for: what runs are gathered by, in words for a person.
    request: Mapped[str]
    #: Answers that could not be used.
    attempts: Mapped[int] = mapped_column(server_default="0", default=0)
    next_attempt_at: Mapped[datetime | None]
    #: One sentence for a person: why it is where it is.
    reason: Mapped[str | None]
    #: The process that asks about it.
    holder: Mapped[str | None]
    #: Who answered, of what is done.
    provider: Mapped[str | None]
    model: Mapped[str | None]
    prompt_version: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiRun(Base):
    """Answers that belong together: to one request, of one model with one version of the prompts."""

    __tablename__ = "ai_runs"
    __table_args__ = (
        Index(
            "uq_ai_runs_open",
            "request",
            "provider",
            "model",
            "prompt_version",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    request: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    prompt_version: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    undone_at: Mapped[datetime | None]


class AiAnswer(Base):
    """One answer, and what it took the place of, so that it can be taken back."""

    __tablename__ = "ai_answers"
    __table_args__ = (Index(None, "run_id"), Index(None, "version_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(_RowId, primary_key=True, autoincrement=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("ai_runs.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("file_versions.id", ondelete="CASCADE"))
    #: ``metadata.ai`` after and before; NULL for nothing.
    answer: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    #: ``ai_short_description`` after and before.
    short: Mapped[str | None]
    short_before: Mapped[str | None]
    answered_at: Mapped[datetime] = mapped_column(default=utc_now)


class AiSpending(Base):
    """What has been asked of a paid provider on a day of the owner's calendar."""

    __tablename__ = "ai_spending"

    #: ISO 8601.
    day: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
