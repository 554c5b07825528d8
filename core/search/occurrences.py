"""Where is a text in many texts? All of its places at once, in UTF-8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.search.ragged import Ragged

_SAMPLE = 1 << 14
"""Bytes that are looked at to tell rare ones from frequent ones."""

_IN_WORD = np.array([chr(byte).isalnum() or byte >= 0x80 for byte in range(256)])
"""Bytes that words are made of; beyond ASCII all, as it takes more than one byte to tell."""


@dataclass(frozen=True)
class Occurrences:
    """Rows that have it, ascending: ``rows`` anywhere, ``whole`` also as a word of its own."""

    rows: NDArray[np.int64]
    whole: NDArray[np.int64]


def occurrences(texts: Ragged, wanted: str) -> Occurrences:
    """The rows of texts (see :meth:`Ragged.of_texts`) that have ``wanted`` in them, which has no line feed."""
    needle = wanted.encode("utf-8", "surrogatepass")
    places = places_of(texts.values, needle)
    # what is before the first byte is the last, a line feed
    before, after = texts.values[places - 1], texts.values[places + len(needle)]
    alone = places[~_IN_WORD[before] & ~_IN_WORD[after]]
    return Occurrences(texts.rows_of(places), texts.rows_of(alone))


def places_of(content: NDArray[np.uint8], needle: bytes) -> NDArray[np.int64]:
    """Where ``needle`` begins, ascending; it may overlap with itself."""
    room = len(content) - len(needle) + 1
    if room <= 0:
        return np.zeros(0, np.int64)
    frequent = np.bincount(content[:: len(content) // _SAMPLE + 1], minlength=256)
    rarest, *others = sorted(range(len(needle)), key=lambda place: int(frequent[needle[place]]))
    found = np.flatnonzero(content[rarest : rarest + room] == needle[rarest])
    for place in others:
        found = found[content[found + place] == needle[place]]
    return found
