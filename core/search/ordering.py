"""The first of many photos in an order, without sorting all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.search.matches import Matches
from core.search.order import Order
from core.search.snapshot import Snapshot

_NAME, _LABEL, _WORD = 10.0, 8.0, 1.0
"""What a term is worth in a file name, in a tag, person, place or event, and in a description."""


_STEPS = 1_000_000
"""Of relevance in one: whole numbers are the same whenever they should be."""


_SAMPLE = 64
"""Values that are looked at to tell whether many are equal."""


def page(
    snapshot: Snapshot,
    found: Sequence[Matches],
    terms: Sequence[str],
    order: Order,
    ascending: bool,
    limit: int,
    offset: int,
) -> list[str]:
    """The ids of versions on a page. Those that are equal are in the order of their ids; of equal relevance, or
    without terms, by age first.
    """
    created = _joined([match.segment.created[match.places] for match in found])
    match order:
        case Order.RELEVANCE if terms:
            keys = [_relevance(found, len(terms)), created]
        case Order.RATING:
            ratings = np.array([values.rating for values in snapshot.facet_entries], np.int64)
            keys = [_joined([ratings[match.segment.facets[match.places]] for match in found])]
        case Order.FILE_SIZE:
            keys = [_joined([match.segment.sizes[match.places] for match in found])]
        case Order.CONFIDENCE:
            keys = [_joined([match.segment.confidence[match.places] for match in found])]
        case Order.EVENT_NAME:
            keys = [_event_places(snapshot, found)]
        case _:
            keys = [created]
    chosen = first_of(keys, lambda places: _versions(found, places), offset + limit, ascending)
    return [version.decode() for version in chosen[offset:]]


def first_of(
    keys: Sequence[NDArray[Any]],
    versions_of: Callable[[NDArray[np.intp]], NDArray[np.bytes_]],
    number: int,
    ascending: bool,
) -> list[bytes]:
    """The versions of the first ``number`` by all the keys, one after the other, and then by version."""
    sure, tied = np.zeros(0, np.intp), np.arange(len(keys[0]))
    for key in (*keys, None):
        missing = number - len(sure)
        if missing <= 0 or len(tied) <= missing:
            break
        values = _beginnings(versions_of(tied)) if key is None else key[tied]
        last = _in_place(values, missing - 1 if ascending else len(values) - missing)
        sure = np.concatenate([sure, tied[values < last if ascending else values > last]])
        tied = tied[values == last]
    candidates = np.concatenate([sure, tied]) if number > 0 else sure
    columns = [key[candidates].tolist() for key in keys]
    found = sorted(zip(*columns, versions_of(candidates).tolist(), strict=True), reverse=not ascending)
    return [row[-1] for row in found[:number]]


def _in_place(values: NDArray[Any], place: int) -> Any:
    """The value that would be in this place if they were sorted."""
    sample = values[:: len(values) // _SAMPLE + 1]
    # finding it without sorting takes long among equals (of one value and a few others ten times as long)
    if len(np.unique(sample)) < len(sample):
        return np.sort(values)[place]
    return np.partition(values, place)[place]


def _joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(columns)


def _versions(found: Sequence[Matches], places: NDArray[np.intp]) -> NDArray[np.bytes_]:
    """The versions at these places among all that was found."""
    parts, begin = [], 0
    inverse = np.argsort(places, kind="stable")
    ordered = places[inverse]
    for match in found:
        end = begin + len(match.places)
        inside = ordered[np.searchsorted(ordered, begin) : np.searchsorted(ordered, end)]
        parts.append(match.segment.versions[match.places[inside - begin]])
        begin = end
    versions = _joined(parts)
    back = np.empty(len(places), np.intp)
    back[inverse] = np.arange(len(places))
    return versions[back]


def _beginnings(versions: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """The first eight bytes of each as a number, which hardly two have in common."""
    return versions.astype("S8").view(">u8").astype(np.uint64)


def _event_places(snapshot: Snapshot, found: Sequence[Matches]) -> NDArray[np.int64]:
    """Where each photo's event is among all events by name."""
    events = _joined([match.segment.events[match.places] for match in found])
    numbers, inverse = np.unique(events, return_inverse=True)
    names = [snapshot.label_entries[number][1] for number in numbers.tolist()]
    place_of = {name: place for place, name in enumerate(sorted(names))}
    return np.array([place_of[name] for name in names], np.int64)[inverse]


def _relevance(found: Sequence[Matches], number: int) -> NDArray[np.int64]:
    """How well each photo fits so many terms: the sum of where each is, the more the fewer photos have it.

    The weight of a term is BM25's (https://en.wikipedia.org/wiki/Okapi_BM25, as Lucene has it, never negative); how
    often it occurs, and in how long a text, says nothing of a photo. As a part of a word it is worth half.
    """
    scores = np.zeros(sum(len(match.places) for match in found))
    photos = sum(int(match.alive.sum()) for match in found)
    for term in range(number):
        having = sum(
            int((((match.names | match.labels | match.words) >> term) & 1)[match.alive].sum()) for match in found
        )
        rarity = math.log1p((photos - having + 0.5) / (having + 0.5))
        for bit in (term, number + term):
            for field, worth in (("names", _NAME), ("labels", _LABEL), ("words", _WORD)):
                has_it = _joined([(getattr(match, field)[match.places] >> bit) & 1 for match in found])
                scores += has_it * (rarity * worth / 2)
    return (scores * _STEPS).astype(np.int64)
