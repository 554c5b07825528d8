"""Insert rows that may be there already, in the words of either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite


def insert_on_conflict(dialect: str, table: Any) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can be told what to do about a row whose key is taken (``on_conflict_do_…``).

    ``dialect`` is ``connection.dialect.name``, or ``dialect`` of the :class:`core.db.engine.Database`. SQLAlchemy has
    no such statement for both databases, but both have it under the same names.
    """
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
