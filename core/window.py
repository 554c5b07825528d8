"""A part of the day in which something happens, or does not: ``"02:00-06:00"`` or, over midnight, ``"22:00-5:30"``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

_FORM = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True)
class Window:
    """Wall-clock times; an end that is not after the begin is one of the next day."""

    begins: time
    ends: time

    def contains(self, moment: time) -> bool:
        """Whether it is open at a wall-clock time."""
        if self.begins < self.ends:
            return self.begins <= moment < self.ends
        return moment >= self.begins or moment < self.ends

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


def parse_window(value: object) -> Window | None:
    """Read a window; an empty text and ``None`` are none.

    Raises:
        ValueError: with a message that continues a sentence beginning with the value.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, Window):
        return value
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    try:
        hours = [time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))] if found else []
    except ValueError:
        hours = []
    if not hours:
        raise ValueError('is no time of day from when to when; write it as "02:00-06:00", or "" for none')
    return Window(*hours)
