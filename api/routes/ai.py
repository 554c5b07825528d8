"""Language models: which are chosen, whether they answer, and describing photos on demand."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.ai import (
    AiConfig,
    AiConfigChange,
    Analyses,
    AnalysesWanted,
    Analysis,
    AnalysisWanted,
    Available,
    Configs,
    EnhancedText,
    GeneratedName,
    OllamaConfig,
    OneAnalysis,
    OpenAiConfig,
    Told,
)
from api.schemas.promotion import PhotoFault
from core.access import Scope
from core.ai.choices import Change, OllamaChange, OpenAiChange, choose
from core.ai.configured import PROVIDERS
from core.ai.reachable import ollama_answers, openai_takes
from core.errors import BadRequest
from core.library.gold_name import name_by
from core.outgoing import problem_with
from core.pipeline.again import Wish, analyse_photo, analyse_photo_anew
from core.pipeline.batch import on_each

_ADMIN = {SCOPE: Scope.ADMIN}


@get("/api/ai/config", tags=["AI"])
async def get_config(context: NamedDependency[ApiContext]) -> AiConfig:
    """Who describes photos, and who could: Ollama is asked, OpenAI counts as available once there is a key."""
    choices = await context.bench.providers.choices()
    has_key = choices.openai_key is not None
    return AiConfig(
        current_provider=choices.provider,
        available_providers=Available(ollama=await ollama_answers(choices.ollama.base_url), openai=has_key),
        config=Configs(
            ollama=OllamaConfig(choices.ollama.base_url, choices.ollama.vision_model, choices.ollama.text_model),
            openai=OpenAiConfig(choices.openai.model, choices.openai.base_url, has_key),
        ),
    )


@post("/api/ai/config", tags=["AI"], status_code=200, opt=_ADMIN)
async def set_config(context: NamedDependency[ApiContext], data: JSONBody[AiConfigChange]) -> Told:
    """Chooses, field by field; what is not told stays. It holds from the next photo on, and outlives a restart.

    The key is kept and never told, and goes when OpenAI's address changes without a new one.
    """
    change = _change(data)
    if change.provider is not None:
        _refuse_unknown(change.provider)
    for address in (change.ollama.base_url, change.openai.base_url):
        if address is not None and (problem := problem_with(address)) is not None:
            raise BadRequest(f"The address {address} {problem}.")
    async with context.bench.database.write() as connection:
        await choose(connection, change)
    context.bench.providers.try_again()
    context.describing.changed()
    return Told(True, "The choice of language models is stored.")


@post("/api/ai/test", tags=["AI"], status_code=200, opt={SCOPE: Scope.READ})
async def test_providers(context: NamedDependency[ApiContext]) -> Available:
    """Asks both providers; OpenAI is asked whether it takes the key. Whoever was left alone is asked again."""
    choices = await context.bench.providers.choices()
    key = choices.openai_key
    ollama, openai = await asyncio.gather(
        ollama_answers(choices.ollama.base_url),
        openai_takes(key, choices.openai.base_url) if key is not None else _no(),
    )
    context.bench.providers.try_again()
    return Available(ollama, openai)


@post("/api/ai/analyze", tags=["AI"], status_code=200)
async def analyze(context: NamedDependency[ApiContext], data: JSONBody[AnalysisWanted]) -> Analysis:
    """Describes a photo and stores nothing. ``analysis.provider`` tells who answered: without a model, ``builtin``."""
    if data.provider is not None:
        _refuse_unknown(data.provider)
    began = time.perf_counter()
    described = await analyse_photo(context.bench, data.photo_id, _wish(data))
    seconds = round(time.perf_counter() - began, 3)
    return Analysis(True, described, _scores(described), seconds)


@post("/api/ai/analyze-batch", tags=["AI"], status_code=200)
async def analyze_batch(context: NamedDependency[ApiContext], data: JSONBody[AnalysesWanted]) -> Analyses:
    """Describes photos anew and stores what was said."""
    if data.provider is not None:
        _refuse_unknown(data.provider)
    described: dict[str, dict[str, Any]] = {}

    async def one(photo_id: str) -> bool:
        described[photo_id] = await analyse_photo_anew(context.bench, photo_id, _wish(data))
        return True

    outcome = await on_each(data.photo_ids, one)
    results = [
        OneAnalysis(photo_id, "success" if photo_id in described else "error", described.get(photo_id))
        for photo_id in dict.fromkeys(data.photo_ids)
    ]
    faults = [PhotoFault(photo_id, error) for photo_id, error in outcome.errors.items()]
    return Analyses(outcome.changed, len(faults), results, faults)


@post("/api/ai/generate-filename", tags=["AI"], status_code=200, opt={SCOPE: Scope.READ})
async def generate_filename(
    context: NamedDependency[ApiContext],
    photo_id: Annotated[str, QueryParameter(name="photo_id")],
    pattern: FromQuery[str] = "",
    tier: FromQuery[str] = "",
) -> GeneratedName:
    """The name of a photo by a pattern, or by the one for Gold; ``tier`` makes no difference to it."""
    async with context.bench.database.read() as connection:
        filename, used = await name_by(connection, photo_id, pattern or None)
    return GeneratedName(filename, used)


@post("/api/ai/enhance-description", tags=["AI"], status_code=200)
async def enhance_description(
    context: NamedDependency[ApiContext],
    photo_id: Annotated[str, QueryParameter(name="photo_id")],
    base_description: Annotated[str, QueryParameter(name="base_description")] = "",
    include_technical: Annotated[bool, QueryParameter(name="include_technical")] = False,
) -> EnhancedText:
    """A description with what the provider that is switched on sees; nothing is stored."""
    described = await analyse_photo(context.bench, photo_id, Wish())
    parts = [base_description.strip(), described.get("longDescription") or described.get("shortDescription") or ""]
    if include_technical and described.get("aiTags"):
        parts.append(f"({', '.join(described['aiTags'])})")
    return EnhancedText(base_description, " ".join(filter(None, parts)), photo_id)


async def _no() -> bool:
    return False


def _refuse_unknown(provider: str) -> None:
    if provider not in PROVIDERS:
        raise BadRequest(f"There is no provider {provider}; there are {', '.join(PROVIDERS)}.")


def _wish(data: AnalysisWanted | AnalysesWanted) -> Wish:
    return Wish(data.provider, with_people=data.include_people_context)


def _change(data: AiConfigChange) -> Change:
    ollama, openai = _named(data.ollama), _named(data.openai)
    key = openai.pop("api_key", None)
    return Change(
        provider=None if data.provider is UNSET else data.provider,
        ollama=OllamaChange(**ollama),
        openai=OpenAiChange(**openai),
        openai_key=key,
    )


def _named(change: Any) -> dict[str, str]:
    """The texts that are told, without spaces around them; an empty one counts for keys alone."""
    fields = {} if change is UNSET else msgspec.structs.asdict(change)
    texts = {name: value.strip() for name, value in fields.items() if value is not UNSET}
    return {name: text for name, text in texts.items() if text or name == "api_key"}


def _scores(described: dict[str, Any]) -> dict[str, float]:
    scores: dict[str, float] = described.get("aiConfidenceScores") or {}
    return scores


ROUTES = [get_config, set_config, test_providers, analyze, analyze_batch, generate_filename, enhance_description]
