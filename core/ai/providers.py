"""Who is asked what photos show?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

import structlog

from core.ai.budget import PAID, Budget, Budgeted, DayLimits
from core.ai.builtin import BuiltinProvider
from core.ai.provider import Answered, Provider, Question
from core.db.engine import Database
from core.errors import ProviderError

log = structlog.get_logger()


@dataclass(frozen=True)
class Providers:
    """The providers of descriptions, as the owner's choice makes them at the moment.

    Those who send a bill are asked within ``limits`` a day of the calendar of ``zone``.
    """

    database: Database
    limits: DayLimits = field(default_factory=DayLimits)
    zone: tzinfo = UTC

    @property
    def budget(self) -> Budget:
        """What those who send a bill may be asked today."""
        return Budget(self.database, self.limits, self.zone)

    async def chosen(self) -> Sequence[Provider]:
        """Those who are asked, the first of them first."""
        return self.within_budget((BuiltinProvider(),))

    def within_budget(self, asked: Sequence[Provider]) -> Sequence[Provider]:
        """The same, where those who send a bill are asked as long as the budget lasts."""
        return [Budgeted(each, self.budget) if each.name in PAID else each for each in asked]

    async def answer(self, question: Question) -> Answered:
        """The first answer that one of them gives; where none does, what can be said without asking anybody."""
        for provider in await self.chosen():
            try:
                return await provider.describe(question)
            except ProviderError as error:
                log.warning("a provider gave no description", provider=provider.name, reason=str(error))
        return await BuiltinProvider().describe(question)
