"""What was last written into sidecars, and what has yet to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import PathText, UtcTimestamp

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sidecars",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcTimestamp(), nullable=True),
        sa.Column("path", PathText(), nullable=True),
        sa.Column("base", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("other_path", PathText(), nullable=True),
        sa.Column("other_base", sa.LargeBinary(), nullable=True),
        sa.Column("other_signature", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", UtcTimestamp(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("updated_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["file_versions.id"], name=op.f("fk_sidecars_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_sidecars")),
    )
    op.create_index(op.f("ix_sidecars_state_next_attempt_at"), "sidecars", ["state", "next_attempt_at"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
