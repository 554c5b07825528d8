"""How many photos have each value; found by :mod:`core.search.counting`, which needs numpy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facets:
    """How many of what was found have each value; values that nothing has are left out, and ratings of 0."""

    tiers: Counter[str] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)
    event_types: Counter[str] = field(default_factory=Counter)
    mime_types: Counter[str] = field(default_factory=Counter)
    cameras: Counter[str] = field(default_factory=Counter)
    keywords: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class MoreFacets:
    """What only ``GET /api/search/facets`` tells: people by name, AI tags, the years that photos are of."""

    people: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    years: Counter[str] = field(default_factory=Counter)
