"""Of some people and of some watched folders, photos never leave the machine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("people", "watch_roots"):
        op.add_column(table, sa.Column("is_local_only", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
