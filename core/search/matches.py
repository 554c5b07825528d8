"""Which photos of a snapshot does a filter let through, and where are the words that were looked for?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.search.filters import Filter
from core.search.folded import folded, folded_lines
from core.search.occurrences import occurrences, places_of
from core.search.ragged import Ragged
from core.search.segment import Bools, FacetValues, Integers, LabelKind, Segment
from core.search.snapshot import Snapshot
from core.search.terms import terms_of

Bits: TypeAlias = NDArray[Any]
"""Unsigned numbers. Of ``n`` terms, bit ``i`` says that term ``i`` is there, bit ``n + i`` as a word of its own."""


@dataclass(frozen=True)
class Matches:
    """Photos of a segment: ``places`` of those let through; where their words are, for all photos of the segment."""

    segment: Segment
    places: Integers
    alive: Bools
    names: Bits
    labels: Bits
    words: Bits


def terms_in(wanted: Filter) -> list[str]:
    """The different terms of the query, as texts of photos are folded."""
    return list(dict.fromkeys(map(folded, terms_of(wanted.query or ""))))


def matches(snapshot: Snapshot, wanted: Filter, among: Sequence[Collection[int]]) -> list[Matches]:
    """What fits, segment by segment. ``among`` are ids of facts; a photo has to be in each of these."""
    terms = terms_in(wanted)
    looked_for = _LookedFor(snapshot, terms)
    wanted_facets = _wanted_facets(snapshot.facet_entries, wanted)
    wanted_labels = list(_wanted_labels(snapshot, wanted))
    listed = [np.array(sorted(ids), np.int64) for ids in among]
    found = []
    for segment, alive in snapshot.segments:
        fits = alive.copy() if wanted.tier is not None else alive & segment.shown
        for condition in _facts(segment, wanted):
            fits &= condition
        if wanted_facets is not None:
            fits &= wanted_facets[segment.facets]
        for flags in wanted_labels:
            fits &= segment.labels.any_of(flags)
        for ids in listed:
            fits &= _is_among(segment.ids, ids)
        names, labels, words = looked_for.in_names(segment), looked_for.in_labels(segment), looked_for.in_words(segment)
        if terms:
            all_terms = names.dtype.type((1 << len(terms)) - 1)
            fits &= ((names | labels | words) & all_terms) == all_terms
        found.append(Matches(segment, np.flatnonzero(fits), alive, names, labels, words))
    return found


class _LookedFor:
    """Terms, and what has them in the vocabularies of a snapshot."""

    def __init__(self, snapshot: Snapshot, terms: Sequence[str]) -> None:
        self._terms = terms
        self._dtype: Any = next(kind for kind in _BITS if np.iinfo(kind).bits >= 2 * len(terms))
        self._labels = self._bits(snapshot.labels, terms)
        self._words = self._bits(snapshot.words, [term if " " not in term else "" for term in terms])
        self._phrases = [
            (bit, _ends_of_words(snapshot.words, term.split(" "))) for bit, term in enumerate(terms) if " " in term
        ]

    def in_names(self, segment: Segment) -> Bits:
        return self._bits(segment.names, self._terms)

    def in_labels(self, segment: Segment) -> Bits:
        return segment.labels.any_of(self._labels)

    def in_words(self, segment: Segment) -> Bits:
        bits = segment.words.any_of(self._words)
        for bit, pieces in self._phrases:
            bits[_with_phrase(segment.words, pieces)] |= self._dtype((1 << bit) | (1 << (bit + len(self._terms))))
        return bits

    def _bits(self, texts: Ragged, terms: Sequence[str]) -> Bits:
        bits = np.zeros(len(texts), self._dtype)
        for bit, term in enumerate(terms):
            if term:
                found = occurrences(texts, term)
                bits[found.rows] = bits[found.rows] | self._dtype(1 << bit)
                bits[found.whole] = bits[found.whole] | self._dtype(1 << (bit + len(terms)))
        return bits


_BITS: tuple[Any, ...] = (np.uint8, np.uint16, np.uint32, np.uint64)


def _ends_of_words(words: Ragged, pieces: Sequence[str]) -> list[tuple[int, Bools]]:
    """For each piece of a phrase, longest first: where it is, and the words that end so, are so, or begin so."""
    last = len(pieces) - 1
    found = []
    for place, piece in enumerate(pieces):
        before, after = "\n" if place > 0 else "", "\n" if place < last else ""
        places = places_of(words.values, f"{before}{piece}{after}".encode("utf-8", "surrogatepass"))
        flags = np.zeros(len(words), np.bool_)
        flags[words.rows_of(places + len(before))] = True
        found.append((place, flags))
    return sorted(found, key=lambda piece: -len(pieces[piece[0]]))


def _with_phrase(words: Ragged, pieces: Sequence[tuple[int, Bools]]) -> Integers:
    """The rows that have words fitting the pieces one after the other; word 0 at the end of each row fits none."""
    (first, flags), *others = pieces
    begins = np.flatnonzero(words.looked_up(flags)) - first
    begins = begins[(begins >= 0) & (begins + len(pieces) <= len(words.values))]
    for place, fitting in others:
        begins = begins[fitting[words.values[begins + place]]]
    return words.rows_of(begins)


def _facts(segment: Segment, wanted: Filter) -> Iterator[Bools]:
    if wanted.start is not None:
        yield segment.captured >= wanted.start.encode()
    if wanted.end is not None:
        yield segment.captured <= wanted.end.encode()
    if wanted.min_confidence is not None:
        yield segment.confidence >= wanted.min_confidence
    for column, value in (
        (segment.has_gps, wanted.has_gps),
        (segment.reviewed, wanted.is_reviewed),
        (segment.favorite, wanted.is_favorite),
    ):
        if value is not None:
            yield column == value


def _is_among(ids: Integers, wanted: Integers) -> Bools:
    """For each of ``ids`` whether it is wanted; both ascend."""
    flags = np.zeros(len(ids), np.bool_)
    places = np.searchsorted(ids, wanted)
    inside = places < len(ids)
    flags[places[inside][ids[places[inside]] == wanted[inside]]] = True
    return flags


def _wanted_facets(entries: Sequence[FacetValues], wanted: Filter) -> Bools | None:
    """By their numbers the facets that fit; ``None`` where any would."""
    conditions = list(_facet_conditions(wanted))
    if not conditions:
        return None
    return np.array([all(fits(values) for fits in conditions) for values in entries], np.bool_)


def _facet_conditions(wanted: Filter) -> Iterator[Callable[[FacetValues], bool]]:
    if (tier := wanted.tier) is not None:
        yield lambda values: values.tier == tier
    if (lowest := wanted.min_rating) is not None:
        yield lambda values: values.rating >= lowest
    if (highest := wanted.max_rating) is not None:
        yield lambda values: values.rating <= highest
    if events := frozenset(wanted.event_types):
        yield lambda values: values.event_type in events
    if mime_types := frozenset(wanted.mime_types):
        yield lambda values: values.mime_type in mime_types
    if wanted.camera:
        camera = folded(wanted.camera)
        yield lambda values: camera in folded(values.camera)
    if wanted.lens:
        lens = folded(wanted.lens)
        yield lambda values: lens in folded(values.lens)


def _wanted_labels(snapshot: Snapshot, wanted: Filter) -> Iterator[Bools]:
    """By their numbers the labels one of which a photo has to have, for each condition on them."""
    labels, kinds = snapshot.labels, snapshot.kinds
    tags = (kinds == LabelKind.KEYWORD) | (kinds == LabelKind.TAG)
    if wanted.event_name:
        yield _with_any(labels, [wanted.event_name]) & (kinds == LabelKind.EVENT)
    if wanted.location:
        yield _with_any(labels, [wanted.location]) & (kinds == LabelKind.PLACE)
    if wanted.keywords:
        yield _with_any(labels, wanted.keywords) & tags
    if wanted.tag is not None:
        whole = f"\n{folded_lines(wanted.tag)}\n".encode("utf-8", "surrogatepass")
        flags = np.zeros(len(labels), np.bool_)
        flags[labels.rows_of(places_of(labels.values, whole) + 1)] = True
        yield flags & tags


def _with_any(texts: Ragged, wanted: Sequence[str]) -> Bools:
    flags = np.zeros(len(texts), np.bool_)
    for part in wanted:
        if needle := folded(part):
            flags[occurrences(texts, needle).rows] = True
        else:
            flags[:] = True
    return flags
