"""When each file was last read back, and which are damaged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import PathText, UtcTimestamp

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    never = sa.text("'1970-01-01 00:00:00'")
    op.add_column("file_versions", sa.Column("verified_at", UtcTimestamp(), server_default=never, nullable=False))
    # a copy is compared as it is made
    op.execute("UPDATE file_versions SET verified_at = created_at")
    op.create_index(op.f("ix_file_versions_verified_at_id"), "file_versions", ["verified_at", "id"])
    op.create_table(
        "damaged_files",
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("good_copy", PathText(), nullable=True),
        sa.Column("found_at", UtcTimestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["file_versions.id"], name=op.f("fk_damaged_files_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_damaged_files")),
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
