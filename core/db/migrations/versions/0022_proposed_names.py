"""Whose faces without a name may be, which of them are one person's, and what people have said of that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcTimestamp

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, columns in {
        "suggested_names": (
            sa.Column("confidence", sa.Integer(), nullable=False),
            sa.Column("suggested_at", UtcTimestamp(), nullable=False),
        ),
        "refused_names": (sa.Column("refused_at", UtcTimestamp(), nullable=False),),
    }.items():
        op.create_table(
            table,
            sa.Column("face_id", sa.Text(), nullable=False),
            sa.Column("person_id", sa.Text(), nullable=False),
            *columns,
            _refers(table, "face_id", "faces"),
            _refers(table, "person_id", "people"),
            sa.PrimaryKeyConstraint("face_id", "person_id", name=op.f(f"pk_{table}")),
        )
        op.create_index(op.f(f"ix_{table}_person_id"), table, ["person_id"])
    op.create_index(op.f("ix_suggested_names_confidence_face_id"), "suggested_names", ["confidence", "face_id"])
    op.create_table(
        "unnamed_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTimestamp(), nullable=False),
        sa.Column("dismissed_at", UtcTimestamp(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unnamed_groups")),
    )
    op.create_index(op.f("ix_unnamed_groups_dismissed_at_created_at"), "unnamed_groups", ["dismissed_at", "created_at"])
    op.create_table(
        "unnamed_group_faces",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("face_id", sa.Text(), nullable=False),
        _refers("unnamed_group_faces", "group_id", "unnamed_groups"),
        _refers("unnamed_group_faces", "face_id", "faces"),
        sa.PrimaryKeyConstraint("group_id", "face_id", name=op.f("pk_unnamed_group_faces")),
    )
    op.create_index(op.f("ix_unnamed_group_faces_face_id"), "unnamed_group_faces", ["face_id"])


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
