"""Which sets of holidays can be switched on, and what is in them?

The contract's ``US`` and ``UK`` come first and are what the contract says; every other country has a set under its ISO
code. ``GB`` is the whole of what is known of the United Kingdom.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from core.events.countries import Holiday, countries, holidays_of, is_country
from core.events.observances import CONTRACT_SETS

_CONTRACT: Final = {each.code: each for each in CONTRACT_SETS}

_BESIDE_CONTRACT: Final = {"GB": "United Kingdom, with customs"}
"""Names of sets whose country is in the contract under another code."""


class HolidaySet(msgspec.Struct, frozen=True):
    """A set by its code and its name, and how many holidays it has."""

    code: str
    name: str
    count: int


def all_at_hand(codes: Iterable[str]) -> bool:
    """Whether all of these are computed at once: the package of the countries takes its time."""
    return all(code in _CONTRACT for code in codes)


def is_known(code: str) -> bool:
    """Whether there is a set of this code. Parts of countries (``DE-BY``) are known too, though no list has them."""
    return code in _CONTRACT or is_country(code)


@lru_cache(maxsize=1024)
def holidays_in(code: str, year: int) -> tuple[Holiday, ...]:
    """The holidays of a set in a year, by date; none where the set is not known, or nobody can tell that year."""
    if code not in _CONTRACT:
        return holidays_of(code, year)
    return tuple(sorted((one.day_of(year), one.name) for one in _CONTRACT[code].observances))


@lru_cache(maxsize=1)
def known_sets(year: int) -> tuple[HolidaySet, ...]:
    """All sets, the contract's first, the others by name; their holidays are counted in that year. Half a second."""
    sets = [HolidaySet(each.code, each.name, len(each.observances)) for each in CONTRACT_SETS]
    for code, name in countries().items():
        if code not in _CONTRACT:
            count = len({holiday for _, holiday in holidays_of.__wrapped__(code, year)})
            sets.append(HolidaySet(code, _BESIDE_CONTRACT.get(code, name), count))
    return tuple(sets)
