"""The first schema: the original's tables, the ledger, placements, stage results and upload conflicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import Json, PathText, TextList, UtcTimestamp

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ai_prompts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("user_prompt", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_prompts")),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("cover_photo", sa.Text(), nullable=True),
        sa.Column("is_smart_collection", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("smart_rules", Json, nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
    )
    op.create_table(
        "global_tag_library",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("usage_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_global_tag_library")),
        sa.UniqueConstraint("tag", name=op.f("uq_global_tag_library_tag")),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Text(), nullable=False),
        sa.Column("longitude", sa.Text(), nullable=False),
        sa.Column("radius", sa.Integer(), server_default="100", nullable=True),
        sa.Column("is_user_defined", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("photo_count", sa.Integer(), server_default="0", nullable=True),
        sa.Column("place_name", sa.Text(), nullable=True),
        sa.Column("place_type", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
    )
    op.create_table(
        "media_assets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("original_filename", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_assets")),
        sa.UniqueConstraint("sha256", name=op.f("uq_media_assets_sha256")),
    )
    op.create_index(op.f("ix_media_assets_created_at"), "media_assets", ["created_at"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("birthdate", UtcTimestamp(), nullable=True),
        sa.Column("face_count", sa.Integer(), server_default="0", nullable=True),
        sa.Column("representative_face", sa.Text(), nullable=True),
        sa.Column("selected_thumbnail_face_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="general", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
        sa.UniqueConstraint("key", name=op.f("uq_settings_key")),
    )
    op.create_table(
        "stage_results",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "stage", "version", name=op.f("pk_stage_results")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "asset_history",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("timestamp", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["media_asset_id"], ["media_assets.id"], name=op.f("fk_asset_history_media_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_history")),
    )
    op.create_index(
        op.f("ix_asset_history_media_asset_id_timestamp"),
        "asset_history",
        ["media_asset_id", "timestamp"],
        unique=False,
    )
    op.create_index(op.f("ix_asset_history_timestamp"), "asset_history", ["timestamp"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("date", UtcTimestamp(), nullable=False),
        sa.Column("is_recurring", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("recurring_type", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_events_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_person_id"), "events", ["person_id"], unique=False)
    op.create_table(
        "file_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("metadata", Json, nullable=True),
        sa.Column("is_reviewed", sa.Boolean(), server_default=sa.false(), nullable=True),
        sa.Column("rating", sa.Integer(), server_default="0", nullable=True),
        sa.Column("keywords", TextList, nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("event_name", sa.Text(), nullable=True),
        sa.Column("perceptual_hash", sa.Text(), nullable=True),
        sa.Column("ai_short_description", sa.Text(), nullable=True),
        sa.Column("processing_state", sa.Text(), server_default="processed", nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("captured_at", sa.Text(), nullable=True),
        sa.Column("capture_source", sa.Text(), nullable=True),
        sa.Column("capture_offset_minutes", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("gps_latitude", sa.Double(), nullable=True),
        sa.Column("gps_longitude", sa.Double(), nullable=True),
        sa.Column("is_favorite", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("archived_at", UtcTimestamp(), nullable=True),
        sa.Column("undecodable", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["media_asset_id"], ["media_assets.id"], name=op.f("fk_file_versions_media_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_versions")),
        sa.UniqueConstraint("file_path", name=op.f("uq_file_versions_file_path")),
    )
    op.create_index(
        "ix_file_versions_archived",
        "file_versions",
        ["archived_at"],
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_file_versions_captured_at"), "file_versions", ["captured_at"], unique=False)
    op.create_index(op.f("ix_file_versions_created_at"), "file_versions", ["created_at"], unique=False)
    op.create_index(op.f("ix_file_versions_file_hash"), "file_versions", ["file_hash"], unique=False)
    op.create_index(
        op.f("ix_file_versions_media_asset_id_tier"), "file_versions", ["media_asset_id", "tier"], unique=False
    )
    op.create_index(op.f("ix_file_versions_perceptual_hash"), "file_versions", ["perceptual_hash"], unique=False)
    op.create_index(op.f("ix_file_versions_tier_created_at"), "file_versions", ["tier", "created_at"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("path", PathText(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("ctime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("media_asset_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcTimestamp(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("first_seen_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["media_asset_id"], ["media_assets.id"], name=op.f("fk_ledger_media_asset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("root", "path", name=op.f("uq_ledger_root_path")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ledger_media_asset_id"), "ledger", ["media_asset_id"], unique=False)
    op.create_index(op.f("ix_ledger_state_id"), "ledger", ["state", "id"], unique=False)
    op.create_index(op.f("ix_ledger_state_next_attempt_at"), "ledger", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "relationships",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person1_id", sa.Text(), nullable=False),
        sa.Column("person2_id", sa.Text(), nullable=False),
        sa.Column("relationship_type", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["person1_id"], ["people.id"], name=op.f("fk_relationships_person1_id")),
        sa.ForeignKeyConstraint(["person2_id"], ["people.id"], name=op.f("fk_relationships_person2_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationships")),
    )
    op.create_index(op.f("ix_relationships_person1_id"), "relationships", ["person1_id"], unique=False)
    op.create_index(op.f("ix_relationships_person2_id"), "relationships", ["person2_id"], unique=False)
    op.create_table(
        "collection_photos",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Text(), nullable=False),
        sa.Column("photo_id", sa.Text(), nullable=False),
        sa.Column("added_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_collection_photos_collection_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["file_versions.id"], name=op.f("fk_collection_photos_photo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_photos")),
        sa.UniqueConstraint("collection_id", "photo_id", name=op.f("uq_collection_photos_collection_id_photo_id")),
    )
    op.create_index(op.f("ix_collection_photos_photo_id"), "collection_photos", ["photo_id"], unique=False)
    op.create_table(
        "faces",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("photo_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("bounding_box", Json, nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("embedding", Json, nullable=True),
        sa.Column("ignored", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_faces_person_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["file_versions.id"], name=op.f("fk_faces_photo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faces")),
    )
    op.create_index(op.f("ix_faces_person_id"), "faces", ["person_id"], unique=False)
    op.create_index(op.f("ix_faces_photo_id"), "faces", ["photo_id"], unique=False)
    op.create_table(
        "placements",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("ledger_id", RowId, nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledger.id"], name=op.f("fk_placements_ledger_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
        sa.UniqueConstraint("target_key", name=op.f("uq_placements_target_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_placements_ledger_id"), "placements", ["ledger_id"], unique=False)
    op.create_table(
        "upload_conflicts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("existing_photo_id", sa.Text(), nullable=False),
        sa.Column("conflict_type", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Integer(), nullable=False),
        sa.Column("suggested_action", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("perceptual_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["existing_photo_id"], ["file_versions.id"], name=op.f("fk_upload_conflicts_existing_photo_id")
        ),
        sa.ForeignKeyConstraint(
            ["media_asset_id"], ["media_assets.id"], name=op.f("fk_upload_conflicts_media_asset_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_conflicts")),
    )
    op.create_index(op.f("ix_upload_conflicts_media_asset_id"), "upload_conflicts", ["media_asset_id"], unique=False)
    # ### end Alembic commands ###


def downgrade() -> None:
    raise RuntimeError("The first schema has no predecessor; restore a backup instead.")
