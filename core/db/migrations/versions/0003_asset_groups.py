"""Groups of assets that are one thing, and what they are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import Json, UtcTimestamp

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grouped_assets",
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("bracketed_by", sa.Text(), nullable=True),
        sa.Column("taken_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["media_asset_id"], ["media_assets.id"], name=op.f("fk_grouped_assets_media_asset_id")),
        sa.PrimaryKeyConstraint("media_asset_id", name=op.f("pk_grouped_assets")),
    )
    op.create_index(
        "ix_grouped_assets_bracketed_by",
        "grouped_assets",
        ["bracketed_by", "taken_us"],
        unique=False,
        sqlite_where=sa.text("bracketed_by IS NOT NULL"),
        postgresql_where=sa.text("bracketed_by IS NOT NULL"),
    )
    op.create_table(
        "group_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["media_asset_id"], ["media_assets.id"], name=op.f("fk_group_keys_media_asset_id")),
        sa.PrimaryKeyConstraint("key", "media_asset_id", name=op.f("pk_group_keys")),
    )
    op.create_index(op.f("ix_group_keys_media_asset_id"), "group_keys", ["media_asset_id"], unique=False)
    op.create_table(
        "asset_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("primary_asset_id", sa.Text(), nullable=False),
        sa.Column("is_primary_chosen", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("dissolved_at", UtcTimestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["primary_asset_id"], ["media_assets.id"], name=op.f("fk_asset_groups_primary_asset_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_groups")),
    )
    op.create_index(op.f("ix_asset_groups_type_created_at"), "asset_groups", ["type", "created_at"], unique=False)
    op.create_index(op.f("ix_asset_groups_created_at"), "asset_groups", ["created_at"], unique=False)
    op.create_table(
        "asset_group_members",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_together", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["asset_groups.id"], name=op.f("fk_asset_group_members_group_id")),
        sa.ForeignKeyConstraint(
            ["media_asset_id"], ["media_assets.id"], name=op.f("fk_asset_group_members_media_asset_id")
        ),
        sa.PrimaryKeyConstraint("group_id", "media_asset_id", name=op.f("pk_asset_group_members")),
    )
    op.create_index(
        op.f("ix_asset_group_members_media_asset_id"), "asset_group_members", ["media_asset_id"], unique=False
    )
    op.create_index(
        "uq_asset_group_members_together",
        "asset_group_members",
        ["media_asset_id"],
        unique=True,
        sqlite_where=sa.text("is_together"),
        postgresql_where=sa.text("is_together"),
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
