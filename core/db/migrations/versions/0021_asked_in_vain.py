"""Whom a photo was shown to in vain, and that a person has taken an answer back: what is not asked again by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ai_backlog", sa.Column("asked_of", sa.Text(), nullable=True))
    op.add_column("ai_backlog", sa.Column("is_taken_back", sa.Boolean(), server_default=sa.false(), nullable=False))
    # until now only the sentence told
    op.execute("UPDATE ai_backlog SET is_taken_back = true WHERE reason LIKE 'Run % was taken back;%'")
    op.create_index(op.f("ix_ai_answers_answered_at"), "ai_answers", ["answered_at"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
