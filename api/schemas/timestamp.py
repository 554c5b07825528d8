"""How does a moment look on the wire?"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

Timestamp: TypeAlias = Annotated[
    str, Meta(examples=["2025-08-01T12:34:56.789Z"], extra_json_schema={"format": "date-time"})
]
"""UTC with milliseconds and ``Z``, for every row's own times."""

WallClock: TypeAlias = Annotated[str, Meta(examples=["2024-07-26T14:30:25"])]
"""ISO 8601 without a zone: what a clock on the wall showed where the picture was taken."""


def timestamp(moment: datetime) -> Timestamp:
    """An aware UTC datetime as the contract writes it."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def wall_clock(captured_at: str) -> WallClock:
    """A stored wall clock as the contract writes it: to the second."""
    return captured_at[: len("2024-07-26T14:30:25")]
