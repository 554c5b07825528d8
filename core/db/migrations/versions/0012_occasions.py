"""Trips, outings and parties that are proposed, and what people say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcTimestamp

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "occasions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.Text(), nullable=False),
        sa.Column("written_name", sa.Text(), nullable=True),
        sa.Column("decided_at", UtcTimestamp(), nullable=True),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occasions")),
    )
    op.create_index(op.f("ix_occasions_state_starts_at_id"), "occasions", ["state", "starts_at", "id"])
    op.create_index(op.f("ix_occasions_starts_at_id"), "occasions", ["starts_at", "id"])
    op.create_table(
        "occasion_photos",
        sa.Column("occasion_id", sa.Text(), nullable=False),
        sa.Column("media_asset_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_written", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["occasion_id"], ["occasions.id"], name=op.f("fk_occasion_photos_occasion_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["media_asset_id"], ["media_assets.id"], name=op.f("fk_occasion_photos_media_asset_id")
        ),
        sa.PrimaryKeyConstraint("occasion_id", "media_asset_id", name=op.f("pk_occasion_photos")),
    )
    op.create_index(op.f("ix_occasion_photos_media_asset_id"), "occasion_photos", ["media_asset_id"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
