"""Which files belong together? Each rule is a pure function of what is known of some files; their order is no matter.

Times and names are never believed alone: a camera counts its names around, and two people press at the same second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations

from core.groups.brackets import brackets
from core.groups.facts import GroupFacts, GroupType, Link, in_order, time_between
from core.groups.names import Named, read_name
from core.media.facts import Kind

LIVE_WITHIN = timedelta(seconds=3)
"""How far apart picture and film of one name may be: a Live Photo's film begins 1.5 s before the picture and ends 1.5 s
after it, and containers tell either."""

LONGEST_LIVE_FILM = 10.0
"""Seconds. Live Photos have three, Samsung's and Google's motion pictures less; a longer film is one of its own."""

SAME_SHOT_WITHIN = timedelta(seconds=2)
"""How far apart RAW and JPEG, or a picture and its edit, may be: they tell one moment, some without its subseconds."""


def links_of(facts: Sequence[GroupFacts]) -> list[Link]:
    """Every two of these files that belong together, with the reason; most trusted reasons of a type first."""
    ordered = in_order(facts)
    by_place = _by_place(ordered)
    return [
        *_same_content_identifier(ordered),
        *_same_burst(ordered),
        *(link for rule in (_live, _raw_and_jpeg, _edits) for named in by_place.values() for link in rule(named)),
        *_brackets(ordered),
    ]


_Candidate = tuple[GroupFacts, Named]


def _by_place(facts: Iterable[GroupFacts]) -> dict[tuple[str, str], list[_Candidate]]:
    """The files of one family of names in one folder."""
    found: defaultdict[tuple[str, str], list[_Candidate]] = defaultdict(list)
    for fact in facts:
        for place in fact.places:
            named = read_name(place.filename)
            candidates = found[place.directory, named.family]
            if (fact, named) not in candidates:
                candidates.append((fact, named))
    return found


def _same_content_identifier(facts: Iterable[GroupFacts]) -> Iterator[Link]:
    """Picture and film with Apple's content identifier.

    The same Live Photo may have been exported twice: those of one folder belong together, and what is left over then
    only where it is clear whose it is.
    """
    sharing = _grouped(facts, lambda fact: fact.content_identifier)
    for identifier, found in sharing.items():
        reason = f"have the content identifier {identifier} of one Live Photo."
        pictures = [fact for fact in found if fact.kind is not Kind.VIDEO]
        films = [fact for fact in found if fact.kind is Kind.VIDEO]
        paired: set[str] = set()
        for picture in pictures:
            for film in films:
                if _folders(picture) & _folders(film):
                    paired |= {picture.asset_id, film.asset_id}
                    yield _link(GroupType.LIVE_PHOTO, picture, film, reason)
        alone = [[fact for fact in side if fact.asset_id not in paired] for side in (pictures, films)]
        if len(alone[0]) == len(alone[1]) == 1:
            yield _link(GroupType.LIVE_PHOTO, alone[0][0], alone[1][0], reason)


def _same_burst(facts: Iterable[GroupFacts]) -> Iterator[Link]:
    for identifier, found in _grouped(facts, lambda fact: fact.burst_identifier).items():
        for other in found[1:]:
            yield _link(GroupType.BURST, found[0], other, f"have the burst identifier {identifier}.")


def _live(candidates: Sequence[_Candidate]) -> Iterator[Link]:
    """Picture and film of one name, folder and time."""
    for (picture, named), (film, film_named) in _pairs(candidates):
        if picture.kind is Kind.VIDEO or film.kind is not Kind.VIDEO or named.edit != film_named.edit:
            continue
        apart = time_between(picture, film)
        if apart is None or apart > LIVE_WITHIN or (film.duration or 0) > LONGEST_LIVE_FILM:
            continue
        if _differ(picture.content_identifier, film.content_identifier):
            continue
        kind = GroupType.MOTION_PHOTO if named.is_motion else GroupType.LIVE_PHOTO
        yield _link(kind, picture, film, f"have one name and folder and were taken {_seconds(apart)}.")


def _raw_and_jpeg(candidates: Sequence[_Candidate]) -> Iterator[Link]:
    """What a camera writes twice: the sensor's data and the developed picture."""
    for (raw, named), (picture, picture_named) in _pairs(candidates):
        if raw.kind is not Kind.RAW or picture.kind is not Kind.PHOTO or named.edit != picture_named.edit:
            continue
        if _is_other_shot(raw, picture) or _differ(raw.camera, picture.camera):
            continue
        reason = "have one name and folder and are one shot as RAW and as developed picture."
        yield _link(GroupType.RAW_JPEG, raw, picture, reason)


def _edits(candidates: Sequence[_Candidate]) -> Iterator[Link]:
    """A picture (or film) and what a program has made of it."""
    for (edit, named), (original, original_named) in _pairs(candidates):
        if not named.edit or original_named.edit or (edit.kind is Kind.VIDEO) != (original.kind is Kind.VIDEO):
            continue
        if _is_other_shot(edit, original):
            continue
        reason = f"{edit.name} is by its name an edited copy of {original.name} in the same folder."
        yield Link(GroupType.EDITED, original.asset_id, edit.asset_id, reason)


def _brackets(facts: Sequence[GroupFacts]) -> Iterator[Link]:
    for bracket in brackets(facts):
        reason = "are frames of one exposure bracket: taken in succession with different exposures."
        for other in bracket[1:]:
            yield _link(GroupType.BRACKET, bracket[0], other, reason)


def _pairs(candidates: Sequence[_Candidate]) -> Iterator[tuple[_Candidate, _Candidate]]:
    """Every two different assets, both ways."""
    for one, other in combinations(candidates, 2):
        if one[0].asset_id != other[0].asset_id:
            yield one, other
            yield other, one


def _is_other_shot(one: GroupFacts, other: GroupFacts) -> bool:
    """Whether both tell when they were taken, and it is not the same moment: a name was used again."""
    apart = time_between(one, other)
    return apart is not None and apart > SAME_SHOT_WITHIN


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _folders(fact: GroupFacts) -> set[str]:
    return {place.directory for place in fact.places}


def _grouped(facts: Iterable[GroupFacts], key: Callable[[GroupFacts], str | None]) -> dict[str, list[GroupFacts]]:
    found: defaultdict[str, list[GroupFacts]] = defaultdict(list)
    for fact in facts:
        if (value := key(fact)) is not None:
            found[value].append(fact)
    return found


def _link(kind: GroupType, one: GroupFacts, other: GroupFacts, sentence: str) -> Link:
    return Link(kind, one.asset_id, other.asset_id, f"{one.name} and {other.name} {sentence}")


def _seconds(apart: timedelta) -> str:
    return f"within {max(apart.total_seconds(), 1):.0f} s"
