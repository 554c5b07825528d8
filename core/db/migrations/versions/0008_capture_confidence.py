"""What told the offset of a capture time, and how sure the time is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("file_versions", sa.Column("capture_offset_source", sa.Text(), nullable=True))
    op.add_column("file_versions", sa.Column("capture_confidence", sa.Text(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
