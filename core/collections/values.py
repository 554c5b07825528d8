"""What may be the value of a rule? JSON that anybody sent: read as what it can be, and never trusted."""

from __future__ import annotations

import math
from typing import Any


def values_in(value: Any) -> list[Any]:
    """What is in a list; a single value is a list of one, and ``None`` of none."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def texts_in(value: Any) -> list[str]:
    """The same as texts."""
    return [str(one) for one in values_in(value)]


def truth_of(value: Any) -> bool | None:
    """``True`` and ``False``, also as text; ``None`` for anything else."""
    return {"true": True, "false": False}.get(str(value).lower())


def is_number(value: Any) -> bool:
    """Whether ``float`` makes a finite number of it that every client would read as the same."""
    if isinstance(value, bool) or "_" in str(value):
        return False
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False
