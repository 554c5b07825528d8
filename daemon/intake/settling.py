"""Patience: a file is taken when nothing about it has changed for a while.

Pure bookkeeping over observations; whoever calls looks at the file system and the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.pipeline.ledger import Signature

#: A file whose last change (ctime, which no program can set) is this much older than the clock has stood still long
#: enough when it is first seen, so that a library of old photos need not wait. [s]
LONG_AGO = 60.0


@dataclass(frozen=True)
class _Watched:
    signature: Signature
    since: float


class Settling:
    """The files of one root that may still be written. Times are seconds of one monotonic clock."""

    def __init__(self, settle_seconds: float) -> None:
        self.settle_seconds = settle_seconds
        self._watched: dict[str, _Watched] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def paths(self) -> Iterable[str]:
        """The files that are watched now."""
        return self._watched.keys()

    def observe(self, path: str, signature: Signature, now: float) -> None:
        """Notes what a file looks like; the wait starts anew whenever that changed."""
        watched = self._watched.get(path)
        if watched is None or watched.signature != signature:
            self._watched[path] = _Watched(signature, now)

    def forget(self, path: str) -> None:
        """Stops watching a file that is gone."""
        self._watched.pop(path, None)

    def forget_all(self) -> None:
        """Stops watching every file."""
        self._watched.clear()

    def due(self, now: float) -> list[str]:
        """The files whose wait is over, to be looked at once more; :meth:`release` those that are still the same."""
        return [path for path, watched in self._watched.items() if now - watched.since >= self.settle_seconds]

    def release(self, path: str, signature: Signature) -> bool:
        """Whether the file still looks as observed; then it is taken and no longer watched."""
        watched = self._watched.get(path)
        if watched is None or watched.signature != signature:
            return False
        del self._watched[path]
        return True

    def next_due(self, now: float) -> float | None:
        """Seconds until a wait is over; ``None`` when nothing is watched."""
        if not self._watched:
            return None
        oldest = min(watched.since for watched in self._watched.values())
        return max(oldest + self.settle_seconds - now, 0.0)


def stood_still_long_ago(signatures: Iterable[Signature], wall_clock: float, settle_seconds: float) -> list[bool]:
    """For each signature, whether its last change lies so far back that no wait is needed."""
    limit = (wall_clock - max(LONG_AGO, settle_seconds)) * 1e9
    return [signature.ctime_ns < limit for signature in signatures]
