"""Which photos do rules let in? As one SQL statement over the search index, so that every change counts at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    and_,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from core.collections.rules import SHARE, Rule, Rules
from core.db.search_sql import FACETS, FACTS, WORDS, WordKind
from core.db.tables import Face, FileVersion, Person
from core.errors import BadRequest
from core.library.layout import Tier
from core.search.dates import first_moment, last_moment
from core.search.filters import Filter, conditions

Condition = ColumnElement[bool]

_EPSILON: Final = 1e-9
"""Of a sum of whole weights against a share of them: 0.6 has no exact binary form."""

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def matching(rules: Rules, dialect: str) -> Select[Any]:
    """The ids (``version_id``) of the photos that are in: one version of each asset, the best, and not Bronze."""
    statement = (
        select(FACTS.c.version_id, FACTS.c.created_at)
        .join(FACETS, FACETS.c.id == FACTS.c.facet_id)
        .join(FileVersion, FileVersion.id == FACTS.c.version_id)
        .where(FACTS.c.is_shown.is_(True), FACETS.c.tier != Tier.BRONZE)
    )
    return statement.where(_all(rules, dialect))


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
            return _text(FACETS.c.event_type, rule.operator, text)
        case "location":
            return _text(func.coalesce(FileVersion.location, ""), rule.operator, text)
        case "faceCount":
            return _number(_face_count(), rule.operator, text)
        case "personAge":
            return _number(_mean_age(), rule.operator, text)
        case "metadata.time":
            return _in_hours(text) if rule.operator == "time_range" else false()
        case _:
            return false()


def _text(column: ColumnElement[Any], operator: str, text: str) -> Condition:
    match operator:
        case "contains":
            return column.icontains(text, autoescape=True)
        case "equals":
            return func.lower(column) == text.lower()
        case _:
            return false()


def _words(kind: WordKind, operator: str, texts: list[str]) -> Condition:
    """Whether any keyword or tag of the photo is one of the texts, or has one in it."""
    match operator:
        case "contains":
            fits = or_(*(WORDS.c.word.icontains(text, autoescape=True) for text in texts))
        case "equals" | "in":
            fits = func.lower(WORDS.c.word).in_([text.lower() for text in texts])
        case _:
            return false()
    return FACTS.c.id.in_(select(WORDS.c.id).where(WORDS.c.kind == kind, fits))


def _number(column: ColumnElement[Any], operator: str, text: str) -> Condition:
    try:
        number = float(text)
    except ValueError:
        return false()
    match operator:
        case ">=":
            return column >= number
        case "<=":
            return column <= number
        case "equals":
            return column == number
        case _:
            return false()


def _face_count() -> ColumnElement[Any]:
    version = aliased(FileVersion)
    return (
        select(func.count(Face.id))
        .join(version, version.id == Face.photo_id)
        .where(version.media_asset_id == FileVersion.media_asset_id, Face.ignored.is_(False))
        .correlate(FileVersion)
        .scalar_subquery()
    )


def _mean_age() -> ColumnElement[Any]:
    """The mean age of the people whose birthdate is known; NULL, which meets nothing, where there is nobody."""
    version = aliased(FileVersion)
    day = FACTS.c.captured_at
    year, month_day = cast(func.substr(day, 1, 4), Integer), func.substr(day, 6, 5)
    born_month_day = extract("month", Person.birthdate) * 100 + extract("day", Person.birthdate)
    photo_month_day = cast(func.substr(month_day, 1, 2), Integer) * 100 + cast(func.substr(month_day, 4, 2), Integer)
    age = year - extract("year", Person.birthdate) - case((photo_month_day < born_month_day, 1), else_=0)
    return (
        select(func.avg(age))
        .select_from(Face)
        .join(version, version.id == Face.photo_id)
        .join(Person, Person.id == Face.person_id)
        .where(
            version.media_asset_id == FileVersion.media_asset_id,
            Face.ignored.is_(False),
            Person.birthdate.is_not(None),
            day != "",
        )
        .correlate(FileVersion, FACTS)
        .scalar_subquery()
    )


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
    return or_(*ranges) if ranges else false()


def _clock(text: str) -> str | None:
    match = _CLOCK.fullmatch(text)
    return None if match is None else f"{int(match[1]):02}:{match[2]}"


# --- the boolean dialect ----------------------------------------------------------------------------------------------


def _boolean(rule: Rule, dialect: str) -> Condition:
    plain = _BOOLEAN.get(rule.field)
    if plain is not None:
        return plain(rule)
    wanted = _as_filter(rule)
    return false() if wanted is None else and_(*conditions(wanted, dialect))


def _rating(rule: Rule) -> Condition:
    numbers = [float(one) for one in _list(rule.value) if _is_number(one)]
    column = FACTS.c.rating
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
        wanted = {"true": True, "false": False}.get(str(rule.value).lower())
        return column.is_(wanted) if rule.operator == "equals" and wanted is not None else false()

    return condition


def _one_of(column: ColumnElement[Any]) -> Callable[[Rule], Condition]:
    def condition(rule: Rule) -> Condition:
        texts = [str(one) for one in _list(rule.value)]
        match rule.operator:
            case "contains":
                return or_(*(column.icontains(text, autoescape=True) for text in texts)) if texts else false()
            case "equals" | "in":
                return func.lower(column).in_([text.lower() for text in texts])
            case _:
                return false()

    return condition


def _worded(*kinds: WordKind) -> Callable[[Rule], Condition]:
    def condition(rule: Rule) -> Condition:
        texts = [str(one) for one in _list(rule.value)]
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
    "location": _one_of(func.coalesce(FileVersion.location, "")),
    "isReviewed": _flag(FACTS.c.is_reviewed),
    "isFavorite": _flag(FACTS.c.is_favorite),
}


def _as_filter(rule: Rule) -> Filter | None:
    """Rules of a saved search are its filters; those that no rule of the contract is like are asked of the search."""
    value = rule.value
    match rule.field, rule.operator:
        case "query", "equals":
            return Filter(query=str(value))
        case "eventName", "equals":
            return Filter(event_name=str(value))
        case "peopleIds", "in":
            return Filter(people=[str(one) for one in _list(value)])
        case "collections", "in":
            return Filter(collections=[str(one) for one in _list(value)])
        case "hasGPS", "equals":
            return Filter(has_gps=True)
        case "minConfidence", "equals" if _is_number(value):
            return Filter(min_confidence=float(value))
        case "dateRange", "between":
            return _dates(_list(value))
        case _:
            return None


def _dates(ends: list[Any]) -> Filter | None:
    if len(ends) != 2:
        return None
    start, end = str(ends[0]), str(ends[1])
    try:
        # an open end is stored as what comes before, and after, every date
        return Filter(
            start=first_moment(start) if start else None, end=last_moment(end) if len(end) > len("9999") else None
        )
    except BadRequest:
        return None


def _list(value: Any) -> list[Any]:
    return list(_flat(value))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)
