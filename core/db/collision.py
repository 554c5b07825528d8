"""Two transactions that are in each other's way, where one has to give up."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import RequestError

_COLLISIONS: Final = frozenset({"40P01", "40001", "23503"})
"""Deadlock, failed serialisation, violated foreign key (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


class ChangedMeanwhile(RequestError, SQLAlchemyError):
    """Somebody else changed, or removed, the same thing in the same moment; nothing of the request was done.

    It is an answer to a client, and a refusal of the database for whoever works on in spite of those.
    """

    status = 409


def is_collision(error: DBAPIError) -> bool:
    """Whether another transaction was in the way, or has removed what this one points at."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    return getattr(error.orig, "sqlstate", None) in _COLLISIONS
