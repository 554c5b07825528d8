"""Settings in the database: read, written, removed.

Every function works in the caller's transaction. What belongs to language models is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Setting, new_id, utc_now
from core.errors import BadRequest, NotFound
from core.settings.keys import AI, category_of

SettingRow = Row[*tuple[Any, ...]]

_SETTINGS = select(Setting.__table__).where(Setting.category != AI)


async def all_settings(connection: AsyncConnection) -> Sequence[SettingRow]:
    """Every setting, by category, then key."""
    return (await connection.execute(_SETTINGS.order_by(Setting.category, Setting.key))).all()


async def find_setting(connection: AsyncConnection, key: str) -> SettingRow:
    """One setting; raises :class:`NotFound`."""
    row = (await connection.execute(_SETTINGS.where(Setting.key == key))).first()
    if row is None:
        raise NotFound(f"There is no setting {key}.")
    return row


async def value_of(connection: AsyncConnection, key: str) -> str | None:
    """The value of a setting, ``None`` where nobody has set it."""
    return (await connection.execute(select(Setting.value).where(Setting.key == key))).scalar_one_or_none()


async def put_setting(
    connection: AsyncConnection, key: str, value: str, category: str | None = None, description: str | None = None
) -> tuple[SettingRow, bool]:
    """Sets a value; returns the row, and whether it is new. A category and description that are not given stay.

    Raises :class:`BadRequest` for what ``/api/ai/config`` keeps.
    """
    existing = (await connection.execute(select(Setting.id, Setting.category).where(Setting.key == key))).first()
    if (existing is not None and existing.category == AI) or category == AI:
        raise BadRequest("What belongs to language models is set with /api/ai/config.")
    now = utc_now()
    if existing is None:
        values = {"id": new_id(), "key": key, "category": category or category_of(key), "created_at": now}
        added = insert(Setting).values(**values, value=value, description=description, updated_at=now)
        await connection.execute(added)
    else:
        given = {"category": category, "description": description}
        changed = {name: text for name, text in given.items() if text is not None} | {"value": value, "updated_at": now}
        await connection.execute(update(Setting).where(Setting.id == existing.id).values(**changed))
    return await find_setting(connection, key), existing is None


async def remove_setting(connection: AsyncConnection, key: str) -> None:
    """Removes a setting; nothing happens where there is none."""
    await connection.execute(delete(Setting).where(Setting.key == key, Setting.category != AI))
