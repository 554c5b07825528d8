"""Copies of one picture: what was compared, what was found, and what a person said of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcTimestamp

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duplicate_checks",
        _asset("media_asset_id"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        _refers("duplicate_checks", "media_asset_id"),
        sa.PrimaryKeyConstraint("media_asset_id", name=op.f("pk_duplicate_checks")),
    )
    op.create_table(
        "duplicate_pairs",
        _asset("one_id"),
        _asset("other_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _refers("duplicate_pairs", "one_id"),
        _refers("duplicate_pairs", "other_id"),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_duplicate_pairs")),
    )
    op.create_index(op.f("ix_duplicate_pairs_other_id"), "duplicate_pairs", ["other_id"])
    op.create_table(
        "duplicate_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Integer(), nullable=False),
        _asset("keeper_id"),
        sa.Column("keeper_reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", UtcTimestamp(), nullable=True),
        _refers("duplicate_groups", "keeper_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_groups")),
    )
    op.create_index(op.f("ix_duplicate_groups_decision_created_at"), "duplicate_groups", ["decision", "created_at"])
    op.create_table(
        "duplicate_members",
        sa.Column("group_id", sa.Text(), nullable=False),
        _asset("media_asset_id"),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("similarity", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_archived", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["duplicate_groups.id"], name=op.f("fk_duplicate_members_group_id")),
        _refers("duplicate_members", "media_asset_id"),
        sa.PrimaryKeyConstraint("group_id", "media_asset_id", name=op.f("pk_duplicate_members")),
    )
    op.create_index(op.f("ix_duplicate_members_media_asset_id"), "duplicate_members", ["media_asset_id"])


def _asset(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _refers(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["media_assets.id"], name=op.f(f"fk_{table}_{column}"))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
