"""A run of a pass may have a limit of time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pass_runs", sa.Column("time_limit", sa.Double(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
