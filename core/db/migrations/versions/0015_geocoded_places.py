"""What a geocoding server has answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcTimestamp

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "geocoded_places",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("asked_at", UtcTimestamp(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_geocoded_places")),
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
