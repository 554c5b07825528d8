"""Which language models has the owner chosen? Kept in the database, so that the choice outlives a restart.

The key of a paid service is written and used, and told to nobody. Every function works in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Setting, new_id, utc_now
from core.settings.keys import AI

PROVIDERS: Final = ("builtin", "ollama", "openai", "both")

_CHOICES: Final = "ai_config"
_OPENAI_KEY: Final = "openai_api_key"


class Ollama(msgspec.Struct, frozen=True, rename="camel"):
    """Where Ollama listens, and which of its models are used."""

    base_url: str = "http://localhost:11434"
    vision_model: str = "llava:latest"
    text_model: str = "llama3.2:latest"


class OpenAi(msgspec.Struct, frozen=True, rename="camel"):
    """Which model of OpenAI is used."""

    model: str = "gpt-4o"


class Choices(msgspec.Struct, frozen=True, rename="camel"):
    """What was chosen. ``provider`` is one of :data:`PROVIDERS`, ``None`` while the configuration file decides."""

    provider: str | None = None
    ollama: Ollama = Ollama()
    openai: OpenAi = OpenAi()


class Chosen(msgspec.Struct, frozen=True):
    """The choices, and the key that is never told."""

    choices: Choices
    openai_key: str | None


async def chosen(connection: AsyncConnection) -> Chosen:
    """What holds now."""
    statement = select(Setting.key, Setting.value).where(Setting.category == AI)
    stored = {row.key: row.value for row in await connection.execute(statement)}
    choices = msgspec.json.decode(stored[_CHOICES], type=Choices) if _CHOICES in stored else Choices()
    return Chosen(choices, stored.get(_OPENAI_KEY) or None)


async def choose(connection: AsyncConnection, choices: Choices, openai_key: str | None) -> None:
    """Stores choices, and a key if there is a new one; an empty key takes the old one away."""
    values = {_CHOICES: msgspec.json.encode(choices).decode()}
    if openai_key is not None:
        values[_OPENAI_KEY] = openai_key
    await _put(connection, values)


async def _put(connection: AsyncConnection, values: Mapping[str, str]) -> None:
    present = set((await connection.execute(select(Setting.key).where(Setting.key.in_(values)))).scalars())
    now = utc_now()
    for key, value in values.items():
        if key in present:
            changed = {"value": value, "category": AI, "updated_at": now}
            await connection.execute(update(Setting).where(Setting.key == key).values(**changed))
        else:
            row = {"id": new_id(), "key": key, "value": value, "category": AI, "created_at": now, "updated_at": now}
            await connection.execute(insert(Setting).values(**row))
