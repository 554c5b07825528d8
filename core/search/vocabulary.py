"""Each different text once, by a number: what photos say is much the same words over and over."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from core.search.ragged import Ragged

Entry = TypeVar("Entry", bound=Hashable)


class Numbers(dict[Entry, int]):
    """Gives what it has not seen the next number, from 0 on."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __missing__(self, entry: Entry) -> int:
        number = self[entry] = len(self.entries)
        self.entries.append(entry)
        return number


class Vocabulary(Generic[Entry]):
    """Entries by their numbers, from 0 on; it only grows. One thread at a time may add to it."""

    def __init__(self, first: Entry, text_of: Callable[[Entry], str]) -> None:
        self._numbers: Numbers[Entry] = Numbers()
        self._text_of = text_of
        self.number_of: Callable[[Entry], int] = self._numbers.__getitem__
        self.number_of(first)
        self._texts = Ragged.of_texts([text_of(first)])

    @property
    def entries(self) -> list[Entry]:
        """All of them; those that come later follow at its end."""
        return self._numbers.entries

    def texts(self) -> Ragged:
        """The text of each, for those who look for it; what is added afterwards is not in there."""
        new = self.entries[len(self._texts) :]
        if new:
            self._texts = self._texts.followed_by(Ragged.of_texts([self._text_of(entry) for entry in new]))
        return self._texts
