"""Who is asked what photos show?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from core.ai.builtin import BuiltinProvider
from core.ai.provider import Answered, Provider, Question
from core.db.engine import Database
from core.errors import ProviderError

log = structlog.get_logger()


@dataclass(frozen=True)
class Providers:
    """The providers of descriptions, as the owner's choice makes them at the moment."""

    database: Database

    async def chosen(self) -> Sequence[Provider]:
        """Those who are asked, the first of them first."""
        return (BuiltinProvider(),)

    async def answer(self, question: Question) -> Answered:
        """The first answer that one of them gives; where none does, what can be said without asking anybody."""
        for provider in await self.chosen():
            try:
                return await provider.describe(question)
            except ProviderError as error:
                log.warning("a provider gave no description", provider=provider.name, reason=str(error))
        return await BuiltinProvider().describe(question)
