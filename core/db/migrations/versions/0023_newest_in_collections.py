"""The photo that was added to a collection last is its cover, and is found without reading all others."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    index = op.f("ix_collection_photos_collection_id_added_at")
    op.create_index(index, "collection_photos", ["collection_id", "added_at"])


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
