"""Under which name does a browser save what it is sent?"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from core.library.naming import UNNAMED, sanitise_filename

_NO_PART_OF_A_NAME: Final = re.compile(
    r"[/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Separators of paths, control characters, marks that turn the direction of writing, and halves of characters."""

_NO_FALLBACK: Final = re.compile(r'[^ -~]|[";=%\\]')
"""What old programs misread: anything but ASCII, ``%`` (RFC 6266, appendix D), and what ends a value."""

_MOST_BYTES: Final = 255
"""Of a name in UTF-8: what file systems take."""


def attachment(name: str, extension: str) -> str:
    """The ``Content-Disposition`` of a file to be saved under ``name``, as RFC 6266 has it: the name itself in UTF-8,
    and beside it one that every program understands. ``extension`` (with its dot) is for a name that has none.
    """
    safe = sanitise_filename(name, extension)
    true = _NO_PART_OF_A_NAME.sub("", name).rstrip(". ") or UNNAMED
    if safe.endswith(extension) and not true.endswith(extension):
        true += extension
    if len(true.encode()) > _MOST_BYTES:
        true = safe
    fallback = _NO_FALLBACK.sub("_", safe)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(true, safe='')}"
