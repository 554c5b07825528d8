"""Prompts: what language models are asked. Every function works in the caller's transaction.

They are seeded when first asked for; what an owner deletes stays deleted until the defaults are asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, case, delete, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.seeded_prompts import SEEDED
from core.db.tables import AiPrompt, new_id, utc_now
from core.errors import NotFound

PromptRow = Row[*tuple[Any, ...]]

FOR_BOTH: Final = "both"


class PromptTexts(msgspec.Struct, frozen=True):
    """What a model is told for one use."""

    system: str
    user: str


async def prompts_in_use(connection: AsyncConnection, provider: str) -> dict[str, PromptTexts]:
    """The prompts that a provider is asked with, by category.

    Its own active one, else an active one for both, else any. Of several the owner's own comes before the seeded one,
    then what was changed last. A category without prompts is left out.
    """
    rank = case(
        (and_(AiPrompt.is_active.is_(True), AiPrompt.provider == provider), 0),
        (and_(AiPrompt.is_active.is_(True), AiPrompt.provider == FOR_BOTH), 1),
        else_=2,
    )
    statement = select(AiPrompt.category, AiPrompt.system_prompt, AiPrompt.user_prompt).order_by(
        rank, func.coalesce(AiPrompt.is_default, false()), AiPrompt.updated_at.desc(), AiPrompt.id
    )
    found: dict[str, PromptTexts] = {}
    for row in await connection.execute(statement):
        found.setdefault(row.category, PromptTexts(row.system_prompt, row.user_prompt))
    return found


async def list_prompts(
    connection: AsyncConnection,
    category: str | None = None,
    provider: str | None = None,
    *,
    active_only: bool = False,
) -> Sequence[PromptRow]:
    """Prompts by category, then name; those for a ``provider`` are its own and those for both."""
    conditions: list[ColumnElement[bool]] = []
    if category is not None:
        conditions.append(AiPrompt.category == category)
    if provider is not None:
        conditions.append(or_(AiPrompt.provider == provider, AiPrompt.provider == FOR_BOTH))
    if active_only:
        conditions.append(AiPrompt.is_active.is_(True))
    statement = select(AiPrompt.__table__).where(*conditions).order_by(AiPrompt.category, AiPrompt.name, AiPrompt.id)
    return (await connection.execute(statement)).all()


async def find_prompt(connection: AsyncConnection, prompt_id: str) -> PromptRow:
    """One prompt; raises :class:`NotFound`."""
    row = (await connection.execute(select(AiPrompt.__table__).where(AiPrompt.id == prompt_id))).first()
    if row is None:
        raise NotFound(f"There is no prompt {prompt_id}.")
    return row


async def add_prompt(connection: AsyncConnection, values: Mapping[str, Any]) -> PromptRow:
    """Stores a prompt."""
    prompt_id, now = new_id(), utc_now()
    await connection.execute(insert(AiPrompt).values(id=prompt_id, created_at=now, updated_at=now, **values))
    return await find_prompt(connection, prompt_id)


async def change_prompt(connection: AsyncConnection, prompt_id: str, values: Mapping[str, Any]) -> PromptRow:
    """Changes a prompt; raises :class:`NotFound`."""
    await find_prompt(connection, prompt_id)
    await connection.execute(update(AiPrompt).where(AiPrompt.id == prompt_id).values(updated_at=utc_now(), **values))
    return await find_prompt(connection, prompt_id)


async def remove_prompt(connection: AsyncConnection, prompt_id: str) -> None:
    """Removes a prompt; nothing happens where there is none."""
    await connection.execute(delete(AiPrompt).where(AiPrompt.id == prompt_id))


async def seed_prompts(connection: AsyncConnection) -> None:
    """Stores the defaults where there is no prompt at all."""
    if (await connection.execute(select(func.count()).select_from(AiPrompt))).scalar_one() == 0:
        await _store_defaults(connection)


async def reset_prompts(connection: AsyncConnection) -> None:
    """Removes every prompt and stores the defaults."""
    await connection.execute(delete(AiPrompt))
    await _store_defaults(connection)


async def _store_defaults(connection: AsyncConnection) -> None:
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "name": prompt.name,
            "description": prompt.description,
            "category": prompt.category,
            "provider": FOR_BOTH,
            "system_prompt": prompt.system_prompt,
            "user_prompt": prompt.user_prompt,
            "is_default": True,
            "is_active": True,
            "created_at": now,
            "updated_at": now,
        }
        for prompt in SEEDED
    ]
    await connection.execute(insert(AiPrompt), rows)
