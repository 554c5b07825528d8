"""Sidecars tell of favourites, of what was confirmed and of tags that a person added or took away.

Those of photos that have any of it are written anew.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE sidecars SET state = 'stale', attempts = 0, next_attempt_at = NULL WHERE version_id IN ("
        " SELECT id FROM file_versions WHERE is_favorite OR is_reviewed"
        " OR CAST(metadata AS TEXT) LIKE '%tagsAddedByPerson%' OR CAST(metadata AS TEXT) LIKE '%tagsRemovedByPerson%')"
    )


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
