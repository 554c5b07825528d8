"""How are durations and sizes written?

A duration is a number of seconds or a number with a unit (``"90s"``, ``"5m"``, ``"1h"``, ``"1d"``); a size is a
number of bytes or a number with a unit (``"2GiB"``, ``"500MB"``). ``KiB`` is 1024 bytes and ``KB`` 1000, as in
IEC 80000-13. pydantic's own ``ByteSize`` is not used because it ignores what it does not understand: it
reads ``"1,5GiB"`` as one byte.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

LONGEST_DURATION: Final = 365 * 86400.0
"""Seconds. Nothing in Pictallion waits for longer than a year; a longer duration is a slip of the pen."""

LARGEST_SIZE: Final = 2**63 - 1
"""Bytes. The largest file size that POSIX ``off_t`` and SQLite integers can hold."""

_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_BYTES: Final = {
    "TiB": 2**40,
    "TB": 10**12,
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "KB": 10**3,
    "B": 1,
}
_FACTOR_OF_SIZE_UNIT: Final = {unit.lower(): factor for unit, factor in _BYTES.items()}
_AMOUNT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")


def parse_duration(value: object) -> float:
    """Read a duration: seconds as a number, or text such as ``"90s"``, ``"5m"``, ``"1.5h"``, ``"1d"``.

    Returns seconds, 0 to :data:`LONGEST_DURATION`. Text without a unit is seconds, because environment variables
    are always text.

    Raises:
        ValueError: with a message that continues a sentence beginning with the value.
    """
    seconds = _amount(value, _SECONDS, default_unit="s")
    if seconds is None:
        raise ValueError('is no duration; write "90s", "5m", "1h", "1d" or a number of seconds')
    if seconds > LONGEST_DURATION:
        raise ValueError("is longer than a year (365d)")
    return float(seconds)


def format_duration(seconds: float) -> str:
    """Write seconds (0 to :data:`LONGEST_DURATION`) in the largest unit that needs no fraction: ``"90s"``, ``"1h"``."""
    for unit, factor in _SECONDS.items():
        if seconds and seconds % factor == 0:
            return f"{int(seconds // factor)}{unit}"
    return f"{Decimal(str(seconds)):f}s"


def parse_size(value: object) -> int:
    """Read a size: bytes as a whole number, or text such as ``"2GiB"``, ``"500 MB"``, ``"1.5kb"`` (any case).

    Returns bytes, 0 to :data:`LARGEST_SIZE`, fractions of a byte cut off.

    Raises:
        ValueError: with a message that continues a sentence beginning with the value.
    """
    text = value.lower() if isinstance(value, str) else value
    size = None if isinstance(value, float) else _amount(text, _FACTOR_OF_SIZE_UNIT, default_unit="b")
    if size is None:
        raise ValueError('is no size; write "2GiB", "500MB" or a whole number of bytes')
    if size > LARGEST_SIZE:
        raise ValueError(f"is larger than a file can be ({LARGEST_SIZE} bytes)")
    return int(size)


def format_size(size: int) -> str:
    """Write bytes (0 to :data:`LARGEST_SIZE`) in the largest unit that needs no fraction: ``"2GiB"``, ``"500MB"``."""
    for unit, factor in _BYTES.items():
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def _amount(value: object, factors: dict[str, int], default_unit: str) -> Decimal | None:
    """Return the value in base units, or ``None`` if it is no finite number of at least 0 with a known unit."""
    # A boolean is an int to Python, but `true` is no amount of anything.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value)) if math.isfinite(value) and value >= 0 else None
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = factors.get(match[2] or default_unit) if match else None
    return Decimal(match[1]) * factor if match and factor else None
