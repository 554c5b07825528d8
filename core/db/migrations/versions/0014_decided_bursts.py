"""What was decided of a burst can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import Json, UtcTimestamp

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decided_bursts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("burst_id", sa.Text(), nullable=False),
        sa.Column("changed", Json, nullable=False),
        sa.Column("decided_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decided_bursts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decided_bursts_burst_id"), "decided_bursts", ["burst_id"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
