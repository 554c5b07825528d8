"""What an occasion is called."""

from __future__ import annotations

from datetime import date

import pytest

from core.events.detect import Birthday, Calendar
from core.occasions.segments import OccasionKind
from core.occasions.titles import Known, title_of
from core.places import Place


def place(name: str, region: str = "Lazio", country: str = "Italy") -> Place:
    return Place(name, region, country, "XX", 0.0, 0.0, 0.0, 0)


TRIP, OUTING, PARTY = OccasionKind.TRIP, OccasionKind.OUTING, OccasionKind.PARTY
ROME, FLORENCE, SIENA = place("Rome"), place("Florence", "Tuscany"), place("Siena", "Tuscany")
MAY_4 = "2024-05-04"
NICE = place("Nice", "Provence", "France")


@pytest.mark.parametrize(
    ("kind", "first", "last", "known", "title"),
    [
        (TRIP, MAY_4, "2024-05-12", Known([ROME]), "Rome, Italy, 4–12 May 2024"),
        (TRIP, "2024-05-28", "2024-06-03", Known([ROME, FLORENCE]), "Italy, 28 May – 3 June 2024"),
        (TRIP, "2023-12-28", "2024-01-03", Known([SIENA]), "Siena, Italy, 28 December 2023 – 3 January 2024"),
        (TRIP, MAY_4, "2024-05-05", Known([FLORENCE, SIENA]), "Tuscany, Italy, 4–5 May 2024"),
        (TRIP, MAY_4, "2024-05-05", Known([ROME, NICE]), "Italy and France, 4–5 May 2024"),
        (TRIP, MAY_4, "2024-05-05", Known(), "Trip, 4–5 May 2024"),
        (OUTING, MAY_4, MAY_4, Known([ROME]), "Rome, Italy, 4 May 2024"),
        (OUTING, MAY_4, MAY_4, Known([ROME], (), [("Zoo", 9)]), "Zoo, Rome, Italy, 4 May 2024"),
        (OUTING, MAY_4, MAY_4, Known([ROME], (), [("zoo", 2)]), "Rome, Italy, 4 May 2024"),
        (OUTING, "2024-12-25", "2024-12-25", Known(), "Christmas Day, Outing, 25 December 2024"),
        (PARTY, "2024-12-24", "2024-12-25", Known([ROME]), "Christmas Eve 2024"),
        (PARTY, "2024-08-08", "2024-08-08", Known([ROME], [("Bob", 9)]), "Ada's Birthday 2024"),
        (PARTY, MAY_4, MAY_4, Known((), [("Ada", 9), ("Bob", 8), ("Cy", 1)]), "Party with Ada and Bob, 4 May 2024"),
        (PARTY, MAY_4, MAY_4, Known((), (), [("table", 10), ("wedding", 6)]), "Wedding, 4 May 2024"),
        (PARTY, MAY_4, MAY_4, Known(), "Party, 4 May 2024"),
    ],
)  # fmt: skip
def test_a_title_says_what_is_known(kind: OccasionKind, first: str, last: str, known: Known, title: str) -> None:
    calendar = Calendar(["US"], [Birthday("p", "Ada", date(1990, 8, 8))])
    days = date.fromisoformat(first), date.fromisoformat(last)
    assert title_of(kind, 10, *days, known, calendar)[0] == title
