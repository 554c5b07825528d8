"""How is the describing getting on, and when will it be done?"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from core.backlog.states import BacklogState

REMEMBERED: Final = 100
"""Answers that the rate is told by."""

STALE_SECONDS: Final = 900.0
"""A rate is told for so long after the last answer: slow machines need minutes for one."""


class Doing(msgspec.Struct, frozen=True):
    """What the daemon is doing about the backlog: who is asked (``None`` for nobody), why nothing is asked at present,
    and until when where that is known; photos described per hour, ``None`` while too few were.
    """

    provider: str | None = None
    model: str | None = None
    paused: str | None = None
    paused_until: datetime | None = None
    per_hour: float | None = None


class Rate:
    """Photos per hour, by when the last ones were described."""

    def __init__(self) -> None:
        self._ends: deque[float] = deque(maxlen=REMEMBERED)

    def count(self, now: float) -> None:
        """One more was described; ``now`` are seconds of a clock that is never set."""
        self._ends.append(now)

    def pause(self) -> None:
        """Nothing is described for a while; how long that is says nothing of the rate."""
        self._ends.clear()

    def per_hour(self, now: float) -> float | None:
        """``None`` where too few were described lately."""
        if len(self._ends) < 2 or now - self._ends[-1] > STALE_SECONDS:
            return None
        taken = self._ends[-1] - self._ends[0]
        return (len(self._ends) - 1) / taken * 3600 if taken > 0 else None


def seconds_left(counted: Mapping[BacklogState, int], per_hour: float | None) -> float | None:
    """How long until all are described, ``None`` where nobody can tell."""
    left = sum(counted[state] for state in (BacklogState.WAITING, BacklogState.RUNNING, BacklogState.DEFERRED))
    if not left:
        return 0.0
    return left / per_hour * 3600 if per_hour else None
