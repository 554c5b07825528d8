"""When a file that failed is tried again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

#: The pause after the first failure, doubled with every further one. [s]
FIRST_PAUSE = 10.0

#: No pause is longer than this. [s]
LONGEST_PAUSE = 6 * 3600.0

#: A pause is stretched by up to this share, so that files that failed together do not come back together.
JITTER = 0.25


def next_attempt(attempts: int, now: datetime) -> datetime:
    """The time of the next attempt after ``attempts`` (at least 1) have failed."""
    pause = min(FIRST_PAUSE * 2 ** min(attempts - 1, 30), LONGEST_PAUSE)
    return now + timedelta(seconds=pause * (1 + random.uniform(0, JITTER)))  # noqa: S311 - spreading, not secrecy


def latest_attempt(now: datetime) -> datetime:
    """The latest time that :func:`next_attempt` may give now."""
    return now + timedelta(seconds=LONGEST_PAUSE * (1 + JITTER))
