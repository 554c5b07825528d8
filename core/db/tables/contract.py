"""Tables of ``contract/database.md``, with its names, and what Pictallion adds to them below a ``# added`` line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db.tables.base import Base, new_id, utc_now
from core.db.types import Json


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
        Index(None, "sha256"),
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
    __table_args__ = (UniqueConstraint("collection_id", "photo_id"), Index(None, "collection_id", "added_at"))

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
