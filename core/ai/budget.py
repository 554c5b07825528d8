"""How much may be asked of a paid provider each day, and how much has been?

Counted in the database, so that a restart forgets nothing. A request is counted before it is sent: what a power cut
leaves unanswered may have been paid for all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ai.provider import Answered, Provider, Question, Usage
from core.db.engine import Database
from core.db.tables import AiSpending, utc_now
from core.db.upsert import insert_on_conflict
from core.errors import BudgetSpent, ProviderError

PAID: Final = frozenset({"openai"})
"""Providers that send a bill."""


class DayLimits(msgspec.Struct, frozen=True):
    """Requests and tokens a day; 0 for no limit."""

    requests: int = 0
    tokens: int = 0


class Spent(msgspec.Struct, frozen=True):
    """What all paid providers were asked on a day, and the limits that hold now."""

    day: str
    requests: int
    tokens: int
    limits: DayLimits

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be asked."""
        limits = self.limits
        return bool(
            (limits.requests and self.requests >= limits.requests) or (limits.tokens and self.tokens >= limits.tokens)
        )


@dataclass(frozen=True)
class Budget:
    """The owner's limits for a day of the calendar of ``zone``.

    A photo that is begun is ended: an answer that has to be asked for twice, or whose tokens nobody could foresee, may
    go beyond a limit by as much.
    """

    database: Database
    limits: DayLimits
    zone: tzinfo

    async def spent(self, now: datetime) -> Spent:
        """What was asked today; ``now`` is aware."""
        day = _day(now, self.zone)
        statement = select(AiSpending.requests, AiSpending.tokens).where(AiSpending.day == day)
        async with self.database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return Spent(day, sum(row.requests for row in rows), sum(row.tokens for row in rows), self.limits)

    async def begin(self, provider: str, now: datetime) -> None:
        """Counts a request that is about to be sent. Raises :class:`BudgetSpent` where it must not be."""
        async with self.database.write() as connection:
            day = _day(now, self.zone)
            statement = select(AiSpending.requests, AiSpending.tokens).where(AiSpending.day == day)
            rows = (await connection.execute(statement.with_for_update())).all()
            spent = Spent(day, sum(row.requests for row in rows), sum(row.tokens for row in rows), self.limits)
            if spent.is_spent:
                raise BudgetSpent(_told(spent), seconds_left(now, self.zone))
            await _add(connection, day, provider, 1, 0)

    async def end(self, provider: str, usage: Usage, now: datetime) -> None:
        """Counts what an answer has cost beyond the request that was counted when it began, or takes that one back."""
        more, tokens = usage.requests - 1, usage.tokens_in + usage.tokens_out
        if more or tokens:
            async with self.database.write() as connection:
                await _add(connection, _day(now, self.zone), provider, more, tokens)


@dataclass(frozen=True)
class Budgeted:
    """A paid provider that is asked as long as the budget lasts."""

    provider: Provider
    budget: Budget

    @property
    def name(self) -> str:
        """The provider's."""
        return self.provider.name

    @property
    def model(self) -> str:
        """The provider's."""
        return self.provider.model

    async def describe(self, question: Question) -> Answered:
        """Asks, and counts what it has cost; raises :class:`BudgetSpent` instead where nothing is left."""
        await self.budget.begin(self.name, utc_now())
        try:
            answered = await self.provider.describe(question)
        except ProviderError as error:
            await self.budget.end(self.name, error.usage or Usage(1), utc_now())
            raise
        await self.budget.end(self.name, answered.usage, utc_now())
        return answered


def seconds_left(now: datetime, zone: tzinfo) -> float:
    """Seconds until the next midnight in ``zone``; ``now`` is aware."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return (datetime.combine(tomorrow, time.min, zone).astimezone(UTC) - now).total_seconds()


def _day(now: datetime, zone: tzinfo) -> str:
    return now.astimezone(zone).date().isoformat()


def _told(spent: Spent) -> str:
    limits = spent.limits
    if limits.requests and spent.requests >= limits.requests:
        what = f"{spent.requests} of {limits.requests} requests"
    else:
        what = f"{spent.tokens} of {limits.tokens} tokens"
    return f"The budget for today is spent: {what}. Nothing paid is asked until tomorrow; [ai.budget] sets the limits."


async def _add(connection: AsyncConnection, day: str, provider: str, requests: int, tokens: int) -> None:
    statement = insert_on_conflict(connection.dialect.name, AiSpending).values(
        day=day, provider=provider, requests=requests, tokens=tokens
    )
    added = {
        "requests": AiSpending.requests + statement.excluded.requests,
        "tokens": AiSpending.tokens + statement.excluded.tokens,
    }
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[AiSpending.day, AiSpending.provider], set_=added)
    )
