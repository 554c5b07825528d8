"""What do the rules of a smart collection say? Two dialects (contract, behaviour §12), read into one shape.

*Weighted*: a list of rules with weights 1–5; a photo is in the collection if the weights of the rules that it meets
make up :data:`SHARE` of all. *Boolean*: rules joined by ``AND`` or ``OR``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.errors import BadRequest

SHARE: Final = 0.6
"""Of the weights of all rules, what a photo has to meet (contract; the 70 % that the client shows are decoration)."""

SAVED_SEARCH: Final = "savedSearch"
"""The key, beside the rules, that holds the search they were made from, by which it is told from other collections."""

MOST_WEIGHT: Final = 5
MOST_RULES: Final = 100

MOST_VALUES: Final = 200
"""Values in all rules of a collection together. Each becomes several parameters of a statement that counts many
collections, of which databases take some ten thousands."""


_ZERO_BYTE: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""A zero byte in JSON, which PostgreSQL stores nowhere; after an odd number of backslashes, ``u0000`` is one."""


class Rule(msgspec.Struct, frozen=True):
    """One rule. ``value`` is text in the weighted dialect, and anything JSON holds in the boolean one."""

    field: str
    operator: str
    value: Any
    weight: int = 1


class Rules(msgspec.Struct, frozen=True):
    """All rules of a collection. ``operator`` is ``AND``, ``OR``, or ``None`` for weighted rules.

    ``is_search`` if they were made from a search that somebody saved: then all have to hold, as the search means them.
    """

    rules: tuple[Rule, ...]
    operator: str | None = None
    is_search: bool = False


def read_rules(stored: Any) -> Rules:
    """The rules in what is stored, or was sent, in either dialect; without any there are none.

    Raises:
        BadRequest: it is neither dialect.
    """
    if _ZERO_BYTE.search(msgspec.json.encode(stored)):
        raise BadRequest("There is a zero byte in the rules.")
    return _read(stored)


def _read(stored: Any) -> Rules:
    if stored is None:
        return Rules(())
    if isinstance(stored, list):
        return Rules(tuple(_weighted(one) for one in _bounded(stored)))
    if isinstance(stored, Mapping):
        inner = stored.get("rules")
        if isinstance(inner, Mapping):
            return _read(inner)
        if isinstance(inner, list) and "operator" not in stored:
            return _read(inner)
        if isinstance(inner, list) or inner is None:
            operator = str(stored.get("operator", "AND")).upper()
            if operator not in ("AND", "OR"):
                raise BadRequest("Boolean rules are joined by AND or OR.")
            is_search = SAVED_SEARCH in stored and operator == "AND"
            return Rules(tuple(_plain(one) for one in _bounded(inner or [])), operator, is_search)
    raise BadRequest("Rules are a list of weighted rules, or an object with rules and an operator.")


def number_of_values(rules: Rules) -> int:
    """How many values all rules have together; a list counts as what is in it."""
    return sum(_values_in(rule.value) for rule in rules.rules)


def _bounded(rules: list[Any]) -> list[Any]:
    if len(rules) > MOST_RULES:
        raise BadRequest(f"A collection has at most {MOST_RULES} rules.")
    if sum(_values_in(rule.get("value")) for rule in rules if isinstance(rule, Mapping)) > MOST_VALUES:
        raise BadRequest(f"The rules of a collection have at most {MOST_VALUES} values.")
    return rules


def _values_in(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1


def _plain(rule: Any) -> Rule:
    if not isinstance(rule, Mapping):
        raise BadRequest("A rule is an object with field, operator and value.")
    field, operator = rule.get("field"), rule.get("operator")
    if not isinstance(field, str) or not isinstance(operator, str):
        raise BadRequest("A rule has a field and an operator, both text.")
    return Rule(field, operator, rule.get("value"))


def _weighted(rule: Any) -> Rule:
    plain = _plain(rule)
    weight = rule.get("weight", 1)
    if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= MOST_WEIGHT:
        raise BadRequest(f"The weight of a rule is a number from 1 to {MOST_WEIGHT}.")
    return msgspec.structs.replace(plain, weight=weight)
