"""What does guessing cost?"""

from __future__ import annotations

from collections import OrderedDict, deque

FAILURES = 10
"""So many wrong secrets from one address…"""

WINDOW_SECONDS = 60.0
"""…within this time, and nothing is heard from it until the first of them is that old."""

MOST_ADDRESSES = 10_000
"""Addresses that are remembered; an attacker who has more of them pushes out the oldest."""


class FailureLimit:
    """Counts wrong secrets by address. ``now`` is a monotonic clock in seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, address: str, now: float) -> float:
        """How long the address has to wait; 0 if it may try."""
        times = self._failures.get(address)
        if times is None or len(times) < FAILURES:
            return 0.0
        return max(times[0] + WINDOW_SECONDS - now, 0.0)

    def failed(self, address: str, now: float) -> None:
        """The address has tried a wrong secret."""
        times = self._failures.setdefault(address, deque(maxlen=FAILURES))
        self._failures.move_to_end(address)
        times.append(now)
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)
