"""What is one to a person who looks for it: letters whatever their case and their form in Unicode, words whatever is
between them.
"""

from __future__ import annotations

import unicodedata


def folded_words(line: str) -> list[str]:
    """The words of a line, composed and without case: ``"E\\u0301te\\u0301  2024"`` → ``["été", "2024"]``."""
    if line.isascii():
        return line.lower().split()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", line).casefold()).split()


def folded(line: str) -> str:
    """The same with single spaces between them."""
    return " ".join(folded_words(line))


def folded_lines(text: str) -> str:
    """All lines of a text; nothing that is looked for goes from one into the next."""
    return "\n".join(map(folded, text.split("\n")))
