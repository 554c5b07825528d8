"""A language model as a provider of descriptions: what is asked in which order, and what follows from the answers.

The model that sees pictures is asked for an analysis, the one that writes texts for a name and, where people are known,
for the lines of an album. An answer that cannot be understood is asked for once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
import structlog

from core.ai import answer_schemas, builtin, telling
from core.ai.answers import Analysis, Frame, read_analysis, read_lines, read_name
from core.ai.breaker import Breaker
from core.ai.configured import Limits
from core.ai.gate import Gate
from core.ai.model import Model, Prompt
from core.ai.privacy import why_it_stays
from core.ai.prompts import PromptTexts, prompts_in_use
from core.ai.provider import Answered, Confidences, Description, Question, Usage
from core.ai.seeded_prompts import SEEDED
from core.compute import Compute
from core.compute.tasks import render_reduced
from core.db.engine import Database
from core.errors import (
    AnswerUnusable,
    PhotoProtected,
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    Undecodable,
    WorkerLost,
)

T = TypeVar("T")

log = structlog.get_logger()

ANALYSIS, NAMING, LINES = "analysis", "naming", "description"

ANALYSIS_TOKENS: Final = 1_500
NAME_TOKENS: Final = 50
LINES_TOKENS: Final = 400
"""Longest answers (contract, behaviour §16, for the first two)."""

PICTURE_QUALITY: Final = 80

_USUAL: Final = {
    "ollama": Confidences(tags=0.5, description=0.5, objects=0.5, faces=0.5, events=0.5, place=0.0),
    "openai": Confidences(tags=0.8, description=0.8, objects=0.7, faces=0.7, events=0.7, place=0.6),
}
"""How sure a model counts that does not say it (contract, behaviour §16)."""

_SEEDED_ANALYSIS: Final = next(
    PromptTexts(prompt.system_prompt, prompt.user_prompt) for prompt in SEEDED if prompt.category == ANALYSIS
)


@dataclass(frozen=True, slots=True)
class ModelProvider:
    """One model's provider. ``roots`` tells of the configured roots whether their photos stay on this machine."""

    asked: Model
    database: Database
    compute: Compute
    roots: Mapping[str, bool]
    limits: Limits
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def name(self) -> str:
        return self.asked.name

    @property
    def model(self) -> str:
        return self.asked.vision

    async def describe(self, question: Question) -> Answered:
        """See :class:`core.ai.provider.Provider`."""
        conversation = _Conversation(self, question.asset_id)
        try:
            with self.breaker.question():
                return await self._describe(question, conversation)
        except ProviderError as error:
            error.usage = conversation.usage
            raise

    async def _describe(self, question: Question, conversation: _Conversation) -> Answered:
        async with self.database.read() as connection:
            prompts = {ANALYSIS: _SEEDED_ANALYSIS, **await prompts_in_use(connection, self.name)}
        analysis = await self._analysis(question, conversation, prompts[ANALYSIS])
        description = _description(question, analysis)
        seen = telling.description_told(analysis)
        if NAMING in prompts:
            prompt = _prompt(prompts[NAMING], "", seen, answer_schemas.NAME, NAME_TOKENS)
            if (name := await conversation.hear_or_none(prompt, read_name)) is not None:
                description = msgspec.structs.replace(description, file_description=name)
        if LINES in prompts and question.people:
            people = telling.people_told(question.people)
            prompt = _prompt(prompts[LINES], people, seen, answer_schemas.LINES, LINES_TOKENS)
            short, long = await conversation.hear_or_none(prompt, read_lines) or ("", "")
            description = msgspec.structs.replace(
                description,
                short_description=short or description.short_description,
                long_description=long or description.long_description,
            )
        version = telling.prompt_version(prompts)
        description = msgspec.structs.replace(description, provider=self.name, version=f"{self.model} {version}")
        return Answered(description, self.model, version, conversation.usage)

    async def _analysis(self, question: Question, conversation: _Conversation, texts: PromptTexts) -> Analysis:
        facts = question.facts
        frame = Frame(facts.width, facts.height, min(1.0, self.limits.picture_side / max(facts.width, facts.height, 1)))
        told = [telling.picture_told(frame), telling.people_told(question.people, frame)]
        prompt = _prompt(texts, "\n".join(filter(None, told)), "", answer_schemas.ANALYSIS, ANALYSIS_TOKENS)
        prompt = msgspec.structs.replace(prompt, picture=await self._picture(question))
        return await conversation.hear(prompt, lambda text: read_analysis(text, frame, _USUAL[self.name]))

    async def _picture(self, question: Question) -> bytes:
        """The picture that is sent: reduced, upright, made of nothing but its pixels."""
        try:
            side = self.limits.picture_side
            return await self.compute.run(render_reduced, str(question.preview), side, PICTURE_QUALITY)
        except (Undecodable, WorkerLost, OSError) as error:
            raise AnswerUnusable(f"The picture cannot be made ready for a model: {error}") from error


@dataclass(slots=True)
class _Conversation:
    """What is asked about one photo, and what that has cost."""

    provider: ModelProvider
    asset_id: str
    usage: Usage = field(default_factory=Usage)

    async def hear(self, prompt: Prompt, read: Callable[[str], T]) -> T:
        """What ``read`` makes of the answer, or of a second one to the same question."""
        try:
            return await asyncio.to_thread(read, await self._ask(prompt))
        except RequestRefused:
            raise
        except AnswerUnusable as error:
            again = msgspec.structs.replace(prompt, user=f"{prompt.user}\n\n{telling.complaint_told(str(error))}")
        try:
            return await asyncio.to_thread(read, await self._ask(again))
        except AnswerUnusable as error:
            name = self.provider.name
            raise AnswerUnusable(f"What {name} answered twice cannot be used: {error}") from error

    async def hear_or_none(self, prompt: Prompt, read: Callable[[str], T]) -> T | None:
        """The same for what a description can do without."""
        try:
            return await self.hear(prompt, read)
        except AnswerUnusable as error:
            log.info("a part of a description is left out", provider=self.provider.name, reason=str(error))
            return None

    async def _ask(self, prompt: Prompt) -> str:
        """The one place from which a model is asked, and where it is decided whether the photo may leave."""
        provider = self.provider
        async with provider.database.read() as connection:
            kept_here = await why_it_stays(connection, self.asset_id, provider.roots)
        try:
            async with Gate(kept_here) as gate, asyncio.timeout(provider.limits.time_limit):
                said = await provider.asked.say(prompt, gate, stays_here=kept_here is not None)
        except TimeoutError as error:
            self.usage += Usage(1)
            limit = f"{provider.limits.time_limit:g} seconds"
            raise ProviderUnavailable(f"{provider.name} did not finish its answer within {limit}.") from error
        except PhotoProtected:
            raise
        except ProviderError as error:
            self.usage += error.usage or Usage(1)
            raise
        self.usage += said.usage
        return said.text


def _prompt(texts: PromptTexts, context: str, question: str, schema: dict[str, Any], longest: int) -> Prompt:
    """Context is told after the system prompt, what the question is about after the user's."""
    system, user = ("\n\n".join(filter(None, parts)) for parts in ((texts.system, context), (texts.user, question)))
    return Prompt(system, user, schema, longest)


def _description(question: Question, analysis: Analysis) -> Description:
    """What was said, and for what was not what can be said without a model; what was measured outranks a guess."""
    known = builtin.describe(question.facts, question.people)
    is_placed = question.facts.latitude is not None
    return Description(
        ai_tags=analysis.ai_tags or known.ai_tags,
        short_description=analysis.short_description or known.short_description,
        long_description=analysis.long_description or known.long_description,
        file_description=known.file_description,
        detected_objects=analysis.detected_objects,
        detected_events=analysis.detected_events,
        ai_confidence_scores=analysis.scores,
        provider=known.provider,
        version=known.version,
        place_name=known.place_name or analysis.place_name,
        gps_coordinates=None if is_placed else analysis.gps_coordinates,
    )
