"""The settings that the web client asks for are there from the start."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from core.db.types import UtcTimestamp

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SEEDED = {
    "gold_naming_pattern": ("datetime", "naming", "How Gold files are named"),
    "custom_naming_pattern": ("", "naming", "The pattern that is meant by custom"),
    "enabled_holidays": ('["US"]', "events", "Sets of holidays that photos are compared with, as JSON"),
}


def upgrade() -> None:
    settings = sa.table(
        "settings",
        *(sa.column(name, sa.Text()) for name in ("id", "key", "value", "category", "description")),
        *(sa.column(name, UtcTimestamp()) for name in ("created_at", "updated_at")),
    )
    connection = op.get_bind()
    present = set(connection.execute(sa.select(settings.c.key)).scalars())
    now = datetime.now(UTC)
    for key, (value, category, description) in _SEEDED.items():
        if key not in present:
            values = {"id": str(uuid4()), "key": key, "value": value, "category": category, "description": description}
            connection.execute(settings.insert().values(**values, created_at=now, updated_at=now))


def downgrade() -> None:
    raise RuntimeError("A library is never taken back to an older schema; restore the backup that was made instead.")
