"""One piece of work on many photos: a few in hand at a time, each committed by itself, none stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.errors import IntakeError, RequestError

AT_ONCE = 4
"""Photos in hand: workers compute for some while others are read and written."""


@dataclass
class Outcome:
    """How many photos were changed, and why others were not, by id."""

    changed: int = 0
    errors: dict[str, str] = field(default_factory=dict)


async def on_each(photo_ids: Sequence[str], work: Callable[[str], Awaitable[bool]]) -> Outcome:
    """Does ``work`` for every photo once; it says whether it changed anything."""
    outcome, turns = Outcome(), asyncio.Semaphore(AT_ONCE)

    async def one(photo_id: str) -> None:
        async with turns:
            try:
                # first the work, then the sum: others are counted while this one is waited for
                is_changed = await work(photo_id)
                outcome.changed += is_changed
            except (RequestError, IntakeError) as error:
                outcome.errors[photo_id] = str(error)

    await asyncio.gather(*(one(photo_id) for photo_id in dict.fromkeys(photo_ids)))
    return outcome
