"""Which words may tags be? The owner's own, whoever describes a photo."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

import msgspec

from core.ai.provider import Description


class Vocabulary(msgspec.Struct, frozen=True):
    """``terms`` are the words to use, by each folded word that stands for them (themselves too). With ``only``, no
    others are used; ``never`` are folded words that no photo is tagged with.
    """

    terms: Mapping[str, str] = {}
    only: bool = False
    never: frozenset[str] = frozenset()


def vocabulary(lines: Iterable[str], *, only: bool = False, never: Iterable[str] = ()) -> Vocabulary:
    """Reads terms, one a line, with the words that they are used in place of: ``dog: puppy, hound``.

    Empty lines, and what follows a ``#``, say nothing.

    Raises:
        ValueError: a word stands for two terms, or there is no term to use ``only``. The message is a sentence's end.
    """
    terms: dict[str, str] = {}
    for line in lines:
        term, _, synonyms = line.partition("#")[0].partition(":")
        term = " ".join(term.split())
        for word in (term, *synonyms.split(",")) if term else ():
            known = terms.setdefault(folded(word), term) if folded(word) else term
            if known != term:
                raise ValueError(f'has "{word.strip()}" for "{known}" and for "{term}"; a word can stand for one term')
    if only and not terms:
        raise ValueError("has no terms, and only = true; nothing could ever be a tag")
    return Vocabulary(terms, only, frozenset(map(folded, never)))


def folded(word: str) -> str:
    """A word without what people do not mean by it: case, accents, spaces around and within."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFKC", plain.casefold()).split())


def tags_in(known: Vocabulary, tags: Iterable[str]) -> tuple[str, ...]:
    """The tags in the words of the vocabulary, in their order, each once."""
    found: dict[str, str] = {}
    for tag in tags:
        key = folded(tag)
        term = known.terms.get(key)
        if key in known.never or (term is None and known.only):
            continue
        said = tag if term is None else term
        if folded(said) not in known.never:
            found.setdefault(folded(said), said)
    return tuple(found.values())


def in_words_of(known: Vocabulary, description: Description) -> Description:
    """The same description, tagged in the words of the vocabulary."""
    return msgspec.structs.replace(description, ai_tags=tags_in(known, description.ai_tags))
