"""The holidays of every country that the package ``holidays`` knows, and the customs beside them.

The package is imported with the first question: 0.2 s and 8 MB, which who is content with the contract's sets never
pays. Names are English. The feasts of other calendars (lunar, Islamic, Hebrew) are where the package computes them;
what it estimates may be a day off, as the moon is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from core.events.customs import CHRISTMAS_EVE, CUSTOMS, NEW_YEARS_EVE
from core.events.days_of_year import FIRST_YEAR, LAST_YEAR
from core.places.country_names import country_names

Holiday = tuple[date, str]
"""A day, and what it is called."""

CATEGORIES: Final = ("public", "unofficial", "optional", "de_facto")
"""Kinds of holidays of the package that are told; offices, schools and banks close on days that nobody photographs."""

_NO_FEAST: Final = re.compile(
    r"^(day off|bank holiday|special |additional |elections |pre-holiday|squeeze day|substitute|day before|"
    r"day following|new year holidays$)",
    re.IGNORECASE,
)
"""Days on which nothing is kept: they are free because another one is not, or because a government said so."""

_ASIDE: Final = re.compile(r" \((estimated|observed|from [^)]*)\)")
"""What the package says of a day behind its name."""

_CHRISTMAS: Final = re.compile(r"^(Orthodox |Armenian )?Christmas( Day)?( \(|$)")


def is_country(code: str) -> bool:
    """Whether the package knows a country (``DE``), or one of its parts (``DE-BY``, ISO 3166-2)."""
    import holidays

    country, dash, part = code.partition("-")
    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    return parts is not None and (not dash or part in parts)


def countries() -> dict[str, str]:
    """The codes of all countries that the package knows, ISO 3166-1 alpha-2, with their English names, by name."""
    import holidays

    names = country_names()
    known = {code: names.get(code, code) for code in holidays.list_supported_countries(include_aliases=False)}
    return dict(sorted(known.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=2048)
def holidays_of(code: str, year: int) -> tuple[Holiday, ...]:
    """The days of a country, or of a part of it, in a year, by date; each name once for a day.

    What is unknown has none, and so have years for which nobody can tell (before 1583, after 4099). A few
    milliseconds for a new year; a year that was asked for before is remembered.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR or not is_country(code):
        return ()
    found = dict.fromkeys(_of_package(code, year))
    names = {name for _, name in found}
    for custom in CUSTOMS.get(code.partition("-")[0], ()):
        if custom.name not in names:
            found[custom.day_of(year), custom.name] = None
    names = {name for _, name in found}
    if CHRISTMAS_EVE not in names:
        # two where both calendars are kept; in January where the old one is
        eves = [day - timedelta(days=1) for day, name in found if _CHRISTMAS.match(name)]
        found |= dict.fromkeys((eve, CHRISTMAS_EVE) for eve in eves)
    if NEW_YEARS_EVE not in names:
        found[date(year, 12, 31), NEW_YEARS_EVE] = None
    return tuple(sorted(found, key=lambda holiday: holiday[0]))


def _of_package(code: str, year: int) -> Iterator[Holiday]:
    import holidays

    country, _, part = code.partition("-")
    kind: Any = getattr(holidays, country)
    wanted: dict[str, Any] = {"years": year, "observed": False, "subdiv": part or None}
    wanted["categories"] = tuple(one for one in CATEGORIES if one in kind.supported_categories)
    if "en_US" in kind.supported_languages:
        wanted["language"] = "en_US"
    calendar = kind(**wanted)
    for day in sorted(calendar):
        for name in calendar.get_list(day):
            if not _NO_FEAST.match(name):
                yield day, _ASIDE.sub("", name)
