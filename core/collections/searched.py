"""What do rules ask of the search? Those that no rule of the contract is like, and all of a saved search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.collections.rules import Rule, Rules
from core.collections.values import is_number, texts_in, truth_of, values_in
from core.errors import BadRequest
from core.search.dates import first_moment, last_moment
from core.search.filters import Filter


def as_filter(rule: Rule) -> Filter | None:
    """What one rule asks; ``None`` where the search has nothing like it."""
    asked = _asked(rule)
    return None if asked is None else Filter(**asked)


def as_search(rules: Rules) -> Filter | None:
    """All rules of a saved search, as the one filter that they were made from; ``None`` where one is no part of it."""
    wanted: dict[str, Any] = {}
    for rule in rules.rules:
        asked = _asked(rule) if rule.field in _ALIKE else _asked_alone(rule)
        if asked is None:
            return None
        wanted |= asked
    # of a search, photos that have no place are not asked for
    if wanted.get("has_gps") is False:
        del wanted["has_gps"]
    return Filter(**wanted)


_ALIKE = ("query", "eventName", "peopleIds", "collections", "hasGPS", "minConfidence", "dateRange")
"""Fields that mean the same to every rule; of the others, the search finds parts of words, and rules whole ones."""


def _asked(rule: Rule) -> Mapping[str, Any] | None:
    value = rule.value
    match rule.field, rule.operator:
        case "query", "equals":
            return {"query": str(value)}
        case "eventName", "equals":
            return {"event_name": str(value)}
        case "peopleIds", "in":
            return {"people": texts_in(value)}
        case "collections", "in":
            return {"collections": texts_in(value)}
        case "hasGPS", "equals" if truth_of(value) is not None:
            return {"has_gps": truth_of(value)}
        case "minConfidence", "equals" if is_number(value):
            return {"min_confidence": float(value)}
        case "dateRange", "between":
            return _dates(values_in(value))
        case _:
            return None


def _asked_alone(rule: Rule) -> Mapping[str, Any] | None:
    """What rules of a saved search ask of fields that other rules ask in their own way."""
    value = rule.value
    match rule.field, rule.operator:
        case "rating", "between" if [is_number(end) for end in values_in(value)] == [True, True]:
            lowest, highest = map(float, values_in(value))
            return {"min_rating": lowest, "max_rating": highest}
        case "keywords", "in":
            return {"keywords": [word for word in texts_in(value) if word]}
        case "eventType", "in":
            return {"event_types": texts_in(value)}
        case "mimeType", "in":
            return {"mime_types": texts_in(value)}
        case "tier" | "location" | "camera" | "lens" as name, "equals":
            return {name: str(value)}
        case "isReviewed", "equals" if truth_of(value) is not None:
            return {"is_reviewed": truth_of(value)}
        case "isFavorite", "equals" if truth_of(value) is not None:
            return {"is_favorite": truth_of(value)}
        case _:
            return None


def _dates(ends: list[Any]) -> Mapping[str, Any] | None:
    if len(ends) != 2:
        return None
    start, end = str(ends[0]), str(ends[1])
    try:
        # an open end is stored as what comes before, and after, every date
        return {
            "start": first_moment(start) if start else None,
            "end": last_moment(end) if len(end) > len("9999") else None,
        }
    except BadRequest:
        return None
