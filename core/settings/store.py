"""Settings in the database: read, written, removed.

Every function works in the caller's transaction. What belongs to language models is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Setting, new_id, utc_now
from core.db.upsert import insert_on_conflict
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
    now, new = utc_now(), new_id()
    values = {"id": new, "key": key, "category": category or category_of(key), "created_at": now}
    added = insert_on_conflict(connection.dialect.name, Setting).values(
        **values, value=value, description=description, updated_at=now
    )
    given = {"category": category, "description": description}
    changed = {name: text for name, text in given.items() if text is not None} | {"value": value, "updated_at": now}
    # one statement, as others may be setting the same key
    put = added.on_conflict_do_update(index_elements=[Setting.key], set_=changed, where=Setting.category != AI)
    row = None if category == AI else (await connection.execute(put.returning(Setting.__table__))).first()
    if row is None:
        raise BadRequest("What belongs to language models is set with /api/ai/config.")
    return row, row.id == new


async def remove_setting(connection: AsyncConnection, key: str) -> None:
    """Removes a setting; nothing happens where there is none."""
    await connection.execute(delete(Setting).where(Setting.key == key, Setting.category != AI))
