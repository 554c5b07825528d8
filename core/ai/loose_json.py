"""Which JSON object did a language model mean?

Models put text and fences around it, forget a comma too many, write Python's words, or are cut off in the middle. What
can be told is read; what cannot is said to be unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

LONGEST_TEXT: Final = 32_000
"""Characters that are looked at; an answer has some 6,000."""

DEEPEST: Final = 12
"""Levels of nesting; an answer has four."""

_STARTS: Final = 8
"""Opening braces that are tried as the beginning."""

_ENDINGS: Final = 24
"""Places before the end at which a torn object is closed."""

_THOUGHTS: Final = re.compile(r"<think(ing)?>.*?(</think(ing)?>|\Z)", re.DOTALL)
_WORDS: Final = {"None": "null", "True": "true", "False": "false"}
_CLOSING: Final = {"{": "}", "[": "]"}


def read_object(text: str) -> dict[str, Any] | None:
    """The first JSON object in a text, repaired where it has to be; ``None`` where there is none. Never raises."""
    text = _THOUGHTS.sub("", text[:LONGEST_TEXT])
    starts = [match.start() for match, _ in zip(re.finditer(r"\{", text), range(_STARTS), strict=False)]
    for start in starts:
        for candidate in _candidates(text[start:]):
            try:
                found = json.loads(candidate, strict=False)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found:
                return found
    return None


def _candidates(text: str) -> Iterator[str]:
    """The object at the beginning of a text, then what it may have been before it was torn, longest first."""
    pieces: list[str] = []
    open_brackets: list[str] = []
    #: the text up to a place outside of strings where a value has ended, and what closes it there
    endings: list[tuple[int, str]] = []
    for piece in re.findall(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]|[A-Za-z]+|[^"\[\]{},A-Za-z]+', text, re.DOTALL):
        if piece in _CLOSING:
            open_brackets.append(piece)
            if len(open_brackets) > DEEPEST:
                return
        elif piece in _CLOSING.values():
            if pieces and _last(pieces) == ",":
                _drop_comma(pieces)
            if open_brackets and _CLOSING[open_brackets[-1]] == piece:
                open_brackets.pop()
        elif piece == ",":
            endings.append((len(pieces), _closed(open_brackets)))
        pieces.append(_WORDS.get(piece, piece))
        if not open_brackets:
            yield "".join(pieces)
            return
        if piece in _CLOSING.values():
            endings.append((len(pieces), _closed(open_brackets)))
    whole = "".join(pieces)
    is_torn_string = len(re.findall(r'(?<!\\)(?:\\\\)*"', whole)) % 2 == 1
    yield whole.rstrip("\\") + '"' * is_torn_string + _closed(open_brackets)
    for count, closing in endings[: -_ENDINGS - 1 : -1]:
        yield "".join(pieces[:count]) + closing


def _closed(open_brackets: list[str]) -> str:
    return "".join(_CLOSING[bracket] for bracket in reversed(open_brackets))


def _last(pieces: list[str]) -> str:
    return next((piece for piece in reversed(pieces) if not piece.isspace()), "")


def _drop_comma(pieces: list[str]) -> None:
    while pieces and pieces[-1] != ",":
        pieces.pop()
    pieces.pop()
