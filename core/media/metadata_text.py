"""How do the texts that cameras write become those that are stored and shown?"""

from __future__ import annotations

# C0, DEL and C1: PostgreSQL cannot store NUL, and none of the others belongs into a name or a caption.
_CONTROL = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0))) | dict.fromkeys(map(ord, "\t\n\r"), " ")


def clean(text: str) -> str | None:
    """``text`` without control characters and outer white space; ``None`` if nothing is left."""
    return text.translate(_CONTROL).strip() or None


def camera_name(make: str | None, model: str | None) -> str | None:
    """``make`` + space + ``model``, or whichever exists."""
    return " ".join(part for part in (make, model) if part) or None
