"""Which photos do rules let in? As one SQL statement over the search index, so that every change counts at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from core.collections.faced import COMPARISONS, shows_ages, shows_faces
from core.collections.folding import has_any, is_one_of
from core.collections.rules import SHARE, Rule, Rules
from core.collections.searched import as_filter, as_search
from core.collections.values import is_number, texts_in, truth_of, values_in
from core.db.clock_sql import is_clock
from core.db.search_sql import FACETS, FACTS, WORDS, WordKind, different_words
from core.db.tables import FileVersion
from core.library.layout import Tier
from core.search.filters import conditions

Condition = ColumnElement[bool]

_EPSILON: Final = 1e-9
"""Of a sum of whole weights against a share of them: 0.6 has no exact binary form."""

_DIFFERENT: Final = {kind: different_words(kind) for kind in WordKind}

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def matching(rules: Rules, dialect: str) -> Select[Any]:
    """The ids (``version_id``) of the photos that are in, and when they came (``created_at``).

    One version of each asset, the best, and not Bronze; of a saved search, what the search finds.
    """
    statement = select(FACTS.c.version_id, FACTS.c.created_at)
    if rules.is_search:
        wanted = as_search(rules)
        return statement.where(*([false()] if wanted is None else conditions(wanted, dialect, is_counting=True)))
    if asks_of_facets(rules):
        # counted from the index of facets alone, of which there are few
        facets = select(FACETS.c.id).where(FACETS.c.tier != Tier.BRONZE, _all(rules, dialect))
        return statement.where(FACTS.c.is_shown.is_(True), FACTS.c.facet_id.in_(facets))
    shown = statement.join(FACETS, FACETS.c.id == FACTS.c.facet_id).where(
        FACTS.c.is_shown.is_(True), FACETS.c.tier != Tier.BRONZE
    )
    return shown.where(_all(rules, dialect))


def asks_of_facets(rules: Rules) -> bool:
    """Whether nothing but facets decides: then photos are counted, and the newest is found, without reading all."""
    return rules.operator is not None and not rules.is_search and all(rule.field in _FACETED for rule in rules.rules)


def _all(rules: Rules, dialect: str) -> Condition:
    if not rules.rules:
        return false()
    if rules.operator is None:
        hits = [case((_weighted(rule), rule.weight), else_=0) for rule in rules.rules]
        total = sum(rule.weight for rule in rules.rules)
        met: ColumnElement[int] = hits[0]
        for hit in hits[1:]:
            met = met + hit
        return met >= literal(SHARE * total - _EPSILON, Float())
    met_by = [_boolean(rule, dialect) for rule in rules.rules]
    return and_(*met_by) if rules.operator == "AND" else or_(*met_by)


# --- the weighted dialect ---------------------------------------------------------------------------------------------


def _weighted(rule: Rule) -> Condition:
    text = "" if rule.value is None else str(rule.value)
    match rule.field:
        case "aiTags":
            return _words(WordKind.TAG, rule.operator, [text])
        case "eventType":
            return _text(FACETS.c.event_type, rule.operator, [text])
        case "location":
            return _location(rule.operator, [text])
        case "faceCount" if rule.operator in COMPARISONS and is_number(text):
            return shows_faces(rule.operator, float(text))
        case "personAge" if rule.operator in COMPARISONS and is_number(text):
            return shows_ages(rule.operator, float(text))
        case "metadata.time":
            return _in_hours(text) if rule.operator == "time_range" else false()
        case _:
            return false()


def _text(column: ColumnElement[Any], operator: str, texts: list[str]) -> Condition:
    match operator:
        case "contains":
            return has_any(column, texts)
        case "equals" | "in":
            return is_one_of(column, texts)
        case _:
            return false()


def _words(kind: WordKind, operator: str, texts: list[str]) -> Condition:
    """Whether any keyword or tag of the photo is one of the texts, or has one in it.

    Asked of the different words first, of which there are few.
    """
    word = _DIFFERENT[kind].c.word
    fitting = select(word).where(_text(word, operator, texts))
    return FACTS.c.id.in_(select(WORDS.c.id).where(WORDS.c.kind == kind, WORDS.c.word.in_(fitting)))


def _location(operator: str, texts: list[str]) -> Condition:
    version = aliased(FileVersion)
    of_photo = select(literal(1)).where(
        version.id == FACTS.c.version_id, _text(func.coalesce(version.location, ""), operator, texts)
    )
    # a location is one of the photo's places; only one that is empty is not among them
    return of_photo.exists() if "" in texts else and_(_words(WordKind.PLACE, operator, texts), of_photo.exists())


def _in_hours(text: str) -> Condition:
    """``06:00-09:00,22:00-02:00``: any of the ranges, inclusive, also across midnight."""
    clock = func.substr(FACTS.c.captured_at, 12, 5)
    ranges: list[Condition] = []
    for one in text.split(","):
        start, _, end = (part.strip() for part in one.partition("-"))
        begins, ends = _clock(start), _clock(end)
        if begins is None or ends is None:
            continue
        if begins <= ends:
            ranges.append(clock.between(begins, ends))
        else:
            ranges.append(and_(clock != "", or_(clock >= begins, clock <= ends)))
    return and_(is_clock(FACTS.c.captured_at), or_(*ranges)) if ranges else false()


def _clock(text: str) -> str | None:
    match = _CLOCK.fullmatch(text)
    return None if match is None else f"{int(match[1]):02}:{match[2]}"


# --- the boolean dialect ----------------------------------------------------------------------------------------------


def _boolean(rule: Rule, dialect: str) -> Condition:
    plain = _BOOLEAN.get(rule.field)
    if plain is not None:
        return plain(rule)
    wanted = as_filter(rule)
    return false() if wanted is None else and_(*conditions(wanted, dialect))


def _rating(rule: Rule) -> Condition:
    numbers = [float(one) for one in values_in(rule.value) if is_number(one)]
    column = FACETS.c.rating
    match rule.operator, numbers:
        case "equals", [number]:
            return column == number
        case "greater_than", [number]:
            return column > number
        case "less_than", [number]:
            return column < number
        case "between", [low, high]:
            return column.between(low, high)
        case _:
            return false()


def _flag(column: ColumnElement[bool]) -> Callable[[Rule], Condition]:
    def condition(rule: Rule) -> Condition:
        wanted = truth_of(rule.value)
        return column.is_(wanted) if rule.operator == "equals" and wanted is not None else false()

    return condition


def _one_of(column: ColumnElement[Any]) -> Callable[[Rule], Condition]:
    return lambda rule: _text(column, rule.operator, texts_in(rule.value))


def _worded(*kinds: WordKind) -> Callable[[Rule], Condition]:
    def condition(rule: Rule) -> Condition:
        texts = texts_in(rule.value)
        return or_(*(_words(kind, rule.operator, texts) for kind in kinds)) if texts else false()

    return condition


_BOOLEAN: Final[dict[str, Callable[[Rule], Condition]]] = {
    "rating": _rating,
    "keywords": _worded(WordKind.KEYWORD, WordKind.TAG),
    "aiTags": _worded(WordKind.TAG),
    "eventType": _one_of(FACETS.c.event_type),
    "tier": _one_of(FACETS.c.tier),
    "camera": _one_of(FACETS.c.camera),
    "lens": _one_of(FACETS.c.lens),
    "mimeType": _one_of(FACETS.c.mime_type),
    "location": lambda rule: _location(rule.operator, texts_in(rule.value)),
    "isReviewed": _flag(FACTS.c.is_reviewed),
    "isFavorite": _flag(FACTS.c.is_favorite),
}

_FACETED: Final = ("rating", "tier", "eventType", "mimeType", "camera", "lens")
"""Fields of the boolean dialect whose conditions are on :data:`FACETS` alone."""
