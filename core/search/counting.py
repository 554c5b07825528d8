"""What are the photos that were found made of?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.search.facets import Facets, MoreFacets
from core.search.matches import Matches
from core.search.segment import Integers, LabelKind
from core.search.snapshot import Snapshot


def facets_of(snapshot: Snapshot, found: Sequence[Matches]) -> Facets:
    """The facets of the contract."""
    numbers = np.concatenate([match.segment.facets[match.places] for match in found])
    facets = Facets()
    for values, number in zip(snapshot.facet_entries, np.bincount(numbers).tolist(), strict=False):
        if not number:
            continue
        facets.tiers[values.tier] += number
        facets.mime_types[values.mime_type] += number
        if values.rating:
            facets.ratings[str(values.rating)] += number
        if values.event_type:
            facets.event_types[values.event_type] += number
        if values.camera:
            facets.cameras[values.camera] += number
    facets.keywords.update(_labels(snapshot, _label_counts(snapshot, found), LabelKind.KEYWORD))
    return facets


def more_facets_of(snapshot: Snapshot, found: Sequence[Matches]) -> MoreFacets:
    """The others."""
    counts = _label_counts(snapshot, found)
    years: Counter[str] = Counter()
    for match in found:
        captured = match.segment.captured[match.places].astype("S4")
        for year, number in zip(*np.unique(captured, return_counts=True), strict=True):
            if year.isdigit():
                years[year.decode()] += int(number)
    return MoreFacets(_labels(snapshot, counts, LabelKind.PERSON), _labels(snapshot, counts, LabelKind.TAG), years)


def _label_counts(snapshot: Snapshot, found: Sequence[Matches]) -> Integers:
    """How many of the photos have each label, by its number."""
    counts = np.zeros(len(snapshot.labels), np.int64)
    for match in found:
        labels = match.segment.labels
        is_found = np.zeros(len(labels), np.bool_)
        is_found[match.places] = True
        chosen = labels.values[np.repeat(is_found, np.diff(labels.starts))]
        counts += np.bincount(chosen, minlength=len(counts))
    return counts


def _labels(snapshot: Snapshot, counts: Integers, kind: LabelKind) -> Counter[str]:
    numbers = np.flatnonzero((counts > 0) & (snapshot.kinds == kind))
    entries = snapshot.label_entries
    return Counter({entries[number][1]: int(counts[number]) for number in numbers.tolist()})
