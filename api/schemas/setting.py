"""Settings on the wire."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from api.schemas.texts import Key, Value
from api.schemas.timestamp import Timestamp, timestamp


class Setting(Struct, rename="camel"):
    """One setting. A structured ``value`` is JSON text."""

    id: str
    key: str
    value: str
    category: str
    description: str | None
    created_at: Timestamp
    updated_at: Timestamp


class NewSetting(Struct):
    """A setting to make, or to change where there is one."""

    key: Key
    value: Value
    category: Key | None = None
    description: Value | None = None


class NewValue(Struct):
    """What a setting is to be."""

    value: Value


class Removed(Struct):
    """What was done, for people."""

    message: str
    success: bool = True


class Pattern(Struct):
    """A built-in naming pattern."""

    id: str
    name: str
    description: str
    pattern: str
    example: str


def setting_of(row: Row[*tuple[Any, ...]]) -> Setting:
    """A row of :mod:`core.settings.store` as it goes over the wire."""
    return Setting(
        row.id, row.key, row.value, row.category, row.description, timestamp(row.created_at), timestamp(row.updated_at)
    )
