"""Is a provider asked at present? One that was down several times in a row is left alone, longer each time.

Closed, it is asked. Open, it is not, until its pause is over; then one question is let through (half-open), and its
answer closes the breaker or opens it for longer. Where a person has to change something, it stays open until then.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

import msgspec

from core.ai.provider import Usage
from core.errors import AnswerUnusable, ProviderMisconfigured, ProviderUnavailable

FAILURES: Final = 3
"""In a row, after which a provider is left alone."""

FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 1_800.0
"""Seconds; the pause doubles from one to the other. A server that is switched on in the evening is found soon."""

JITTER: Final = 0.2
"""Part of a pause by which it may be longer, so that not everybody comes back at once."""


class State(StrEnum):
    """What happens to the next question."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    MISCONFIGURED = "misconfigured"


class Standing(msgspec.Struct, frozen=True):
    """How a provider stands: why it is not asked, and for how many seconds more."""

    state: State
    reason: str | None = None
    seconds: float | None = None


class Breaker:
    """One provider's. ``clock`` tells seconds that only grow, ``chance`` a number from 0 to 1."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock, self._chance = clock, chance
        self._failures = 0
        self._until: float | None = None
        self._is_trying = False
        self._reason: str | None = None
        self._is_misconfigured = False

    def standing(self) -> Standing:
        """How it stands now."""
        if self._is_misconfigured:
            return Standing(State.MISCONFIGURED, self._reason)
        if self._until is None:
            return Standing(State.CLOSED, self._reason)
        left = self._until - self._clock()
        return Standing(State.OPEN, self._reason, left) if left > 0 else Standing(State.HALF_OPEN, self._reason, 0.0)

    @contextmanager
    def question(self) -> Iterator[None]:
        """Asks within the block, and learns from what it raises.

        Raises :class:`ProviderUnavailable` with the seconds that are left, or :class:`ProviderMisconfigured`, where
        nothing may be asked. A :class:`ProviderUnavailable` of the block gets the pause that follows.
        """
        self._admit()
        is_trying = self._is_trying = self._until is not None
        try:
            yield
        except ProviderUnavailable as error:
            error.retry_after = self._failed(str(error), error.retry_after)
            raise
        except ProviderMisconfigured as error:
            self._is_misconfigured, self._reason = True, str(error)
            raise
        except AnswerUnusable:
            self.reset()  # it did answer
            raise
        else:
            self.reset()
        finally:
            if is_trying:
                self._is_trying = False

    def reset(self) -> None:
        """It answers, or a person says that it will."""
        self._failures, self._until, self._reason, self._is_misconfigured = 0, None, None, False

    def _admit(self) -> None:
        standing = self.standing()
        if standing.state is State.MISCONFIGURED:
            raise ProviderMisconfigured(f"{standing.reason}", Usage())
        if standing.state is State.OPEN:
            raise ProviderUnavailable(f"{standing.reason} It is asked again later.", standing.seconds, Usage())
        if standing.state is State.HALF_OPEN and self._is_trying:
            raise ProviderUnavailable(f"{standing.reason} It is being asked again.", FIRST_PAUSE, Usage())

    def _failed(self, reason: str, retry_after: float | None) -> float:
        self._failures += 1
        self._reason = reason
        pause = FIRST_PAUSE * 2.0 ** min(max(self._failures - FAILURES, 0), 16)
        pause = max(min(pause, LONGEST_PAUSE) * (1 + JITTER * self._chance()), retry_after or 0.0)
        if self._failures >= FAILURES or retry_after is not None:
            self._until = self._clock() + pause
        return pause
