"""Gold files are placed too, and come from no entry of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("placements", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column(
            "ledger_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
