"""All photos of the search index as they were at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.search.ragged import Ragged
from core.search.segment import Bools, FacetValues, Integers, Label, Segment, Vocabularies

_SMALL = 4_096
_SHARE = 16
"""Photos that changed are in a segment of their own until they are more than this, or than one in so many."""


@dataclass(frozen=True)
class Snapshot:
    """Segments, and which of their photos are ``alive``; no photo is alive in two of them.

    ``labels`` and ``words`` are the texts of what the segments have numbers of, ``kinds`` those of the labels.
    """

    segments: Sequence[tuple[Segment, Bools]]
    labels: Ragged
    kinds: NDArray[np.uint8]
    words: Ragged
    label_entries: Sequence[Label]
    facet_entries: Sequence[FacetValues]

    def with_segments(self, segments: Sequence[tuple[Segment, Bools]], vocabularies: Vocabularies) -> Snapshot:
        """Other photos; the vocabularies have grown."""
        labels, entries = vocabularies.labels.texts(), vocabularies.labels.entries
        new = np.array([kind for kind, _ in entries[len(self.kinds) : len(labels)]], np.uint8)
        return Snapshot(
            segments,
            labels,
            np.concatenate([self.kinds, new]),
            vocabularies.words.texts(),
            entries,
            vocabularies.facets.entries,
        )


def snapshot_of(whole: Segment, vocabularies: Vocabularies) -> Snapshot:
    """These photos."""
    nothing = Ragged.of_texts([])
    empty = Snapshot((), nothing, np.zeros(0, np.uint8), nothing, (), ())
    return empty.with_segments([(whole, np.ones(len(whole), np.bool_))], vocabularies)


def changed(before: Snapshot, ids: Integers, new: Segment, vocabularies: Vocabularies) -> Snapshot:
    """The snapshot in which the photos with these ids are as in ``new``, or are gone."""
    (base, *later) = ((segment, alive & ~np.isin(segment.ids, ids)) for segment, alive in before.segments)
    small = new
    for segment, alive in later:
        small = segment.chosen(np.flatnonzero(alive)).merged_with(new)
    segment, alive = base
    if len(small) > max(_SMALL, len(segment) // _SHARE):
        whole = segment.chosen(np.flatnonzero(alive)).merged_with(small)
        return before.with_segments([(whole, np.ones(len(whole), np.bool_))], vocabularies)
    return before.with_segments([base, (small, np.ones(len(small), np.bool_))], vocabularies)
