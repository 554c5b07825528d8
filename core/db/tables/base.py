"""What all tables share: their base, ids and times."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    MetaData,
    Text,
)
from sqlalchemy.orm import DeclarativeBase

from core.db.types import Json, TextList, UtcTimestamp

#: SQLite only numbers rows by itself in a column of exactly the type INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")


def new_id() -> str:
    """A new row id: a random UUID as text."""
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads a plain class attribute
        str: Text(),
        datetime: UtcTimestamp(),
        dict[str, Any]: Json,
        list[str]: TextList,
    }
