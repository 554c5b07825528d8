"""Prompts: what language models are asked."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.ai import DefaultPrompt, DefaultPrompts, Message, NewPrompt, Prompt, PromptChange, prompt_of
from core.access import Scope
from core.ai.prompts import (
    FOR_BOTH,
    add_prompt,
    change_prompt,
    find_prompt,
    list_prompts,
    remove_prompt,
    reset_prompts,
)
from core.ai.seeded_prompts import CATEGORIES, SEEDED

_ADMIN = {SCOPE: Scope.ADMIN}


@get("/api/ai/prompts", tags=["AI"])
async def get_prompts(
    context: NamedDependency[ApiContext],
    category: FromQuery[str | None] = None,
    provider: FromQuery[str | None] = None,
    active_only: Annotated[bool, QueryParameter(name="activeOnly")] = False,
) -> list[Prompt]:
    """Every prompt by category, then name."""
    async with context.bench.database.read() as connection:
        rows = await list_prompts(connection, category, provider, active_only=active_only)
    return [prompt_of(row) for row in rows]


@get("/api/ai/prompts/category/{category:str}", tags=["AI"])
async def get_prompts_of_category(context: NamedDependency[ApiContext], category: FromPath[str]) -> list[Prompt]:
    """Prompts for one use."""
    async with context.bench.database.read() as connection:
        return [prompt_of(row) for row in await list_prompts(connection, category)]


@get("/api/ai/prompts/provider/{provider:str}", tags=["AI"])
async def get_prompts_of_provider(context: NamedDependency[ApiContext], provider: FromPath[str]) -> list[Prompt]:
    """Prompts for one provider, and those for both."""
    async with context.bench.database.read() as connection:
        return [prompt_of(row) for row in await list_prompts(connection, provider=provider)]


@get("/api/ai/prompts/defaults/available", tags=["AI"])
async def get_defaults() -> DefaultPrompts:
    """The prompts that there are from the start."""
    prompts = [
        DefaultPrompt(
            id=each.id,
            name=each.name,
            description=each.description,
            category=each.category,
            provider=FOR_BOTH,
            system_prompt=each.system_prompt,
            user_prompt=each.user_prompt,
            is_default=True,
        )
        for each in SEEDED
    ]
    return DefaultPrompts(prompts, dict(CATEGORIES))


@get("/api/ai/prompts/{prompt_id:str}", tags=["AI"])
async def get_prompt(context: NamedDependency[ApiContext], prompt_id: FromPath[str]) -> Prompt:
    """One prompt."""
    async with context.bench.database.read() as connection:
        return prompt_of(await find_prompt(connection, prompt_id))


@post("/api/ai/prompts", tags=["AI"], opt=_ADMIN)
async def make_prompt(context: NamedDependency[ApiContext], data: JSONBody[NewPrompt]) -> Prompt:
    """Stores a prompt."""
    async with context.bench.database.write() as connection:
        return prompt_of(await add_prompt(connection, msgspec.structs.asdict(data)))


@put("/api/ai/prompts/{prompt_id:str}", tags=["AI"], opt=_ADMIN)
async def update_prompt(
    context: NamedDependency[ApiContext], prompt_id: FromPath[str], data: JSONBody[PromptChange]
) -> Prompt:
    """Changes a prompt; the next photo is asked about with it."""
    values = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    async with context.bench.database.write() as connection:
        return prompt_of(await change_prompt(connection, prompt_id, values))


@delete("/api/ai/prompts/{prompt_id:str}", tags=["AI"], status_code=204, opt=_ADMIN)
async def delete_prompt(context: NamedDependency[ApiContext], prompt_id: FromPath[str]) -> None:
    """Removes a prompt."""
    async with context.bench.database.write() as connection:
        await remove_prompt(connection, prompt_id)


@post("/api/ai/prompts/reset-to-defaults", tags=["AI"], status_code=200, opt=_ADMIN)
async def reset(context: NamedDependency[ApiContext]) -> Message:
    """Removes every prompt and stores those that there are from the start."""
    async with context.bench.database.write() as connection:
        await reset_prompts(connection)
    return Message("The prompts are as they were at the start.")


ROUTES = [
    get_prompts,
    get_prompts_of_category,
    get_prompts_of_provider,
    get_defaults,
    get_prompt,
    make_prompt,
    update_prompt,
    delete_prompt,
    reset,
]
