"""What is an occasion called? Whatever its place, its days, its people and its tags tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from core.events.detect import ON_THE_DAY, Calendar, detect
from core.occasions.segments import OccasionKind
from core.places.place import Place

_MOST_NAMES: Final = 3
"""People in a title."""

_SHARE_OF_TAG: Final = 0.5
"""Of the photos must have a tag for it to stand in a title."""


class Known(msgspec.Struct, frozen=True):
    """What is known of the photos of an occasion: where some of them were taken, who is on them, on how many, and how
    many have each tag.
    """

    places: Sequence[Place] = ()
    people: Sequence[tuple[str, int]] = ()
    tags: Sequence[tuple[str, int]] = ()


def place_of(kind: OccasionKind, places: Sequence[Place]) -> str | None:
    """Where it was: the town, or of a trip through several the country, or the countries."""
    if not places:
        return None
    towns = Counter(place.label for place in places)
    town, number = towns.most_common(1)[0]
    if kind is not OccasionKind.TRIP or number * 2 > len(places):
        return town
    countries = [country for country, _ in Counter(place.country for place in places).most_common(_MOST_NAMES)]
    regions = {place.region for place in places}
    if len(countries) == 1 and len(regions) == 1 and places[0].region:
        return f"{places[0].region}, {countries[0]}"
    return _listed(countries)


def title_of(
    kind: OccasionKind, count: int, first: date, last: date, known: Known, calendar: Calendar
) -> tuple[str, str | None]:
    """The proposed title, and the place. ``count`` are the photos; may ask for holidays of countries."""
    place = place_of(kind, known.places)
    day = _named_day(first, calendar)
    when = _days(kind, first, last)
    if kind is OccasionKind.PARTY:
        if day is not None:
            return f"{day} {first.year}", place
        people = [name for name, number in known.people if number * 4 >= count][:_MOST_NAMES]
        party = _subject(known.tags, count) or "Party"
        return f"{party} with {_listed(people)}, {when}" if people else f"{party}, {when}", place
    if kind is OccasionKind.TRIP:
        return (f"{place}, {when}" if place else f"Trip, {when}"), place
    what = day or _subject(known.tags, count)
    where = place or "Outing"
    return (f"{what}, {where}, {when}" if what else f"{where}, {when}"), place


def _named_day(day: date, calendar: Calendar) -> str | None:
    """The birthday or the holiday that a day is for sure; of several, what is nearest to people."""
    sure = [match for match in detect(day, calendar) if match.confidence == ON_THE_DAY]
    sure.sort(key=lambda match: match.event_type == "holiday")
    return sure[0].event_name if sure else None


def _subject(tags: Sequence[tuple[str, int]], count: int) -> str | None:
    """A tag that says what happened, if so many photos have it."""
    often = [(number, tag) for tag, number in tags if number >= _SHARE_OF_TAG * count]
    telling = [(number, tag) for number, tag in often if tag.casefold() in _SAYS_WHAT]
    return max(telling)[1].capitalize() if telling else None


_SAYS_WHAT: Final = frozenset(
    {
        *("aquarium", "barbecue", "beach", "birthday", "camping", "carnival", "castle", "ceremony", "circus"),
        *("concert", "cycling", "festival", "fireworks", "graduation", "hiking", "museum", "parade", "picnic"),
        *("sailing", "skiing", "sports", "surfing", "swimming", "theatre", "waterfall", "wedding", "zoo"),
    }
)
"""Tags that name an occasion, among the many that name things."""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _days(kind: OccasionKind, first: date, last: date) -> str:
    """``4 May 2024``, ``4–12 May 2024``, ``28 May – 3 June 2024``, ``28 December 2023 – 3 January 2024``."""
    if kind is not OccasionKind.TRIP or first == last:
        return f"{first.day} {_MONTHS[first.month - 1]} {first.year}"
    end = f"{last.day} {_MONTHS[last.month - 1]} {last.year}"
    if first.year != last.year:
        return f"{first.day} {_MONTHS[first.month - 1]} {first.year} – {end}"
    if first.month != last.month:
        return f"{first.day} {_MONTHS[first.month - 1]} – {end}"
    return f"{first.day}–{end}"


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
"""Written out here: strftime follows the locale of the machine."""
