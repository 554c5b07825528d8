"""Who is asked what photos show? Made of the configuration, and of what the owner chose in the web interface since."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

import structlog

from core.ai.breaker import Standing, State
from core.ai.budget import PAID, Budget, Budgeted, DayLimits
from core.ai.builtin import BuiltinProvider
from core.ai.choices import chosen
from core.ai.configured import Choices, Limits
from core.ai.provider import Answered, Provider, Question
from core.ai.reachable import Reachable
from core.compute import Compute
from core.db.engine import Database
from core.errors import ProviderError

if TYPE_CHECKING:
    from core.ai.model_provider import ModelProvider

log = structlog.get_logger()

_OLLAMA, _OPENAI, _BOTH = "ollama", "openai", "both"


class _Made:
    """The providers of models of one choice; they remember how their servers are doing."""

    def __init__(self) -> None:
        self.choices: Choices | None = None
        self.providers: dict[str, ModelProvider] = {}


@dataclass(frozen=True)
class Providers:
    """The providers of descriptions, as the owner's choice makes them at the moment.

    ``configured`` is what the configuration says; ``roots`` tells of the configured roots whether their photos stay on
    this machine. Those who send a bill are asked within ``day`` limits of the calendar of ``zone``.
    """

    database: Database
    compute: Compute
    configured: Choices = field(default_factory=Choices)
    limits: Limits = field(default_factory=Limits)
    roots: Mapping[str, bool] = field(default_factory=dict)
    day: DayLimits = field(default_factory=DayLimits)
    zone: tzinfo = UTC
    _made: _Made = field(default_factory=_Made)
    _reachable: Reachable = field(default_factory=Reachable)

    @property
    def budget(self) -> Budget:
        """What those who send a bill may be asked today."""
        return Budget(self.database, self.day, self.zone)

    def within_budget(self, asked: Sequence[Provider]) -> Sequence[Provider]:
        """The same, where those who send a bill are asked as long as the budget lasts."""
        return [Budgeted(each, self.budget) if each.name in PAID else each for each in asked]

    async def choices(self) -> Choices:
        """What holds now."""
        async with self.database.read() as connection:
            return await chosen(connection, self.configured)

    async def chosen(self, provider: str | None = None) -> Sequence[Provider]:
        """Those who are asked, the first of them first; ``provider`` is chosen in the place of the owner's choice."""
        choices = await self.choices()
        names = _names(provider or choices.provider, choices)
        if not names:
            return (BuiltinProvider(),)
        if self._made.choices != choices:
            self._made.choices, self._made.providers = choices, {}
        made = self._made.providers
        for name in names:
            if name not in made:
                # the clients of the services take most of a second to import
                made.setdefault(name, await asyncio.to_thread(self._make, name, choices))
        return self.within_budget([made[name] for name in names])

    async def answer(self, question: Question, provider: str | None = None) -> Answered:
        """The first answer that one of them gives; where none does, what can be said without asking anybody."""
        for each in await self.chosen(provider):
            try:
                return await each.describe(question)
            except ProviderError as error:
                log.warning("a provider gave no description", provider=each.name, reason=str(error))
        return await BuiltinProvider().describe(question)

    async def ready(self, choices: Choices) -> frozenset[str]:
        """The names of the models' providers that are asked at present: chosen, and not left alone.

        Ollama has to answer as well; what sends a bill is not asked for this. Keeps nobody waiting.
        """
        standings = self.standings()
        names = _names(choices.provider, choices)
        asked = {name for name in names if name not in standings or standings[name].state is State.CLOSED}
        if _OLLAMA in asked and not await self._reachable.ollama(choices.ollama.base_url):
            asked.remove(_OLLAMA)
        return frozenset(asked)

    def standings(self) -> dict[str, Standing]:
        """How the providers stand that were asked since the choice was made, by name."""
        return {name: provider.breaker.standing() for name, provider in self._made.providers.items()}

    def try_again(self) -> None:
        """A person says that something was changed: whoever was left alone is asked again."""
        self._reachable.forget()
        for provider in self._made.providers.values():
            provider.breaker.reset()

    def _make(self, name: str, choices: Choices) -> ModelProvider:
        from core.ai.model_provider import ModelProvider
        from core.ai.ollama import OllamaModel
        from core.ai.openai import OpenAiModel

        model = OllamaModel(choices.ollama) if name == _OLLAMA else OpenAiModel(choices.openai, choices.openai_key)
        return ModelProvider(model, self.database, self.compute, self.roots, self.limits)


def _names(provider: str, choices: Choices) -> list[str]:
    """Which models' providers a choice means, in their order; OpenAI needs a key where it stands second."""
    if provider == _BOTH:
        return [_OLLAMA, _OPENAI] if choices.has_openai else [_OLLAMA]
    return [provider] if provider in (_OLLAMA, _OPENAI) else []
