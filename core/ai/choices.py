"""Which language models has the owner chosen, in the configuration file or in the web interface?

What was chosen in the web interface is kept in the database and outranks the file, key by key. The key of a paid
service is written and used, and told to nobody. Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.configured import Choices
from core.db.tables import Setting, new_id, utc_now
from core.settings.keys import AI

_CHOICES: Final = "ai_config"
_OPENAI_KEY: Final = "openai_api_key"


class OllamaChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of :class:`Ollama` what the owner has chosen."""

    base_url: str | None = None
    vision_model: str | None = None
    text_model: str | None = None


class OpenAiChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of :class:`OpenAi` what the owner has chosen."""

    base_url: str | None = None
    model: str | None = None


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of :class:`Choices` what the owner has chosen; an empty key is none, also where the file has one."""

    provider: str | None = None
    ollama: OllamaChange = OllamaChange()
    openai: OpenAiChange = OpenAiChange()
    openai_key: str | None = None


async def chosen(connection: AsyncConnection, configured: Choices) -> Choices:
    """What holds now: what was chosen, and for the rest what is configured."""
    change = await _stored(connection)
    openai = _changed(configured.openai, change.openai)
    # a key is sent to no other address than the one it was given for
    key = configured.openai_key if openai.base_url == configured.openai.base_url else None
    return Choices(
        provider=change.provider or configured.provider,
        ollama=_changed(configured.ollama, change.ollama),
        openai=openai,
        openai_key=(key if change.openai_key is None else change.openai_key) or None,
    )


async def choose(connection: AsyncConnection, change: Change) -> None:
    """Stores what is named and leaves the rest; a key goes with the address it was given for."""
    before = await _stored(connection)
    is_moved = change.openai.base_url not in (None, before.openai.base_url)
    key = change.openai_key
    if key is None:
        key = None if is_moved else before.openai_key
    choices = Change(
        provider=change.provider or before.provider,
        ollama=_changed(before.ollama, change.ollama),
        openai=_changed(before.openai, change.openai),
    )
    await _put(connection, {_CHOICES: msgspec.json.encode(choices).decode(), _OPENAI_KEY: key})


async def _stored(connection: AsyncConnection) -> Change:
    statement = select(Setting.key, Setting.value).where(Setting.category == AI)
    stored = {row.key: row.value for row in await connection.execute(statement)}
    change = msgspec.json.decode(stored[_CHOICES], type=Change) if _CHOICES in stored else Change()
    return msgspec.structs.replace(change, openai_key=stored.get(_OPENAI_KEY))


def _changed(before: Any, change: Any) -> Any:
    named = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    return msgspec.structs.replace(before, **named)


async def _put(connection: AsyncConnection, values: Mapping[str, str | None]) -> None:
    present = set((await connection.execute(select(Setting.key).where(Setting.key.in_(values)))).scalars())
    now = utc_now()
    for key, value in values.items():
        if value is None:
            await connection.execute(delete(Setting).where(Setting.key == key))
        elif key in present:
            changed = {"value": value, "category": AI, "updated_at": now}
            await connection.execute(update(Setting).where(Setting.key == key).values(**changed))
        else:
            row = {"id": new_id(), "key": key, "value": value, "category": AI, "created_at": now, "updated_at": now}
            await connection.execute(insert(Setting).values(**row))
