"""Runs migrations on the connection that ``core.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from core.db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
