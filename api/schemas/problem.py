"""What does a client get when something is wrong?"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class Problem(Struct):
    """One sentence twice, as some clients read ``message`` and some ``error``; ``errors`` lists faults of the input."""

    message: str
    error: str
    errors: list[str] | UnsetType = UNSET
