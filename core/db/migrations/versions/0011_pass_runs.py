"""What runs at night, and how far it has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import Json, UtcTimestamp

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pass_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_asked", sa.Boolean(), nullable=False),
        sa.Column("is_dry", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("checkpoint", Json, nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("report", Json, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("started_at", UtcTimestamp(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.Column("ended_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pass_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pass_runs_name_id"), "pass_runs", ["name", "id"])
    op.create_index(op.f("ix_pass_runs_state_id"), "pass_runs", ["state", "id"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
