"""What is remembered of each watched root, and how often a file has cost a worker process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import PathText, UtcTimestamp

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watch_roots",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", PathText(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("mount_point", PathText(), nullable=False),
        sa.Column("frozen_reason", sa.Text(), nullable=True),
        sa.Column("frozen_at", UtcTimestamp(), nullable=True),
        sa.Column("is_accepted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_roots")),
    )
    op.add_column("ledger", sa.Column("worker_losses", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_ledger_missing_inode",
        "ledger",
        ["inode"],
        unique=False,
        sqlite_where=sa.text("state = 'missing'"),
        postgresql_where=sa.text("state = 'missing'"),
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
