"""Who is right: what the database says of a photo, or what somebody wrote into its sidecar?

A three-way merge: what only one side changed since we last wrote is taken. Where both did, somebody's word wins over a
machine's, and of two people's words the newer one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from core.library.sidecar_facts import FaceRegion, SidecarFacts
from core.library.sidecar_look import Resolution, words_for
from core.library.sidecar_reading import DATES, Packet
from core.media.metadata import PersonRegion
from core.media.xmp_region_merge import SAME_PLACE, shared_area

_SINGLE = (
    ("title",),
    ("description",),
    ("label",),
    ("rating",),
    ("latitude", "longitude"),
    ("location",),
    ("city",),
    ("state",),
    ("country",),
    ("country_code",),
    ("event_type",),
    ("event_name",),
)


def merge_facts(
    base: Packet | None, theirs: Packet, ours: SidecarFacts, machine: frozenset[str], *, is_newer: bool
) -> Resolution:
    """Merges what ``theirs`` says into ``ours``; without ``base``, what it says is taken for a change.

    ``machine`` are the fields of ours that no person gave; ``is_newer`` says whether theirs was written after the photo
    was last changed in the database.
    """
    if base is not None and base.is_known_to_us and not theirs.is_known_to_us:
        # written anew by a program that does not keep what it does not know: nobody has removed anything
        base = None
    changes: dict[str, Any] = {}
    changed, conflicts = [], []

    def decide(fields: tuple[str, ...], was: Any, there: Any, mine: Any) -> None:
        if there in (was, mine) or (base is None and not any(value not in (None, 0) for value in there)):
            return
        if mine not in (was, (None,) * len(fields), (0,)) and fields[0] not in machine:
            wins = "the sidecar's is newer and is kept" if is_newer else "the library's is newer and is kept"
            conflicts.append(f"{words_for(fields[:1])}: {_shown(there)} or {_shown(mine)}; {wins}")
            if not is_newer:
                return
        changes.update(zip(fields, there, strict=True))
        changed.append(fields[0])

    for fields in _SINGLE:
        was = _values(base.facts, fields) if base is not None else (None,) * len(fields)
        decide(fields, was, _values(theirs.facts, fields), _values(ours, fields))
    when = ("captured", "captured_offset_minutes")
    there_date = _date(base, theirs)
    if there_date is not None:
        mine_date = _values(ours, when)
        if there_date[0] != mine_date[0] or there_date[1] not in (None, mine_date[1]):
            decide(when, mine_date if base is not None and ours.captured else (None, None), there_date, mine_date)
    keywords = _keywords(base, theirs, ours)
    paths = _united(base.facts.keyword_paths if base else (), theirs.facts.keyword_paths, ours.keyword_paths)
    people = _united(base.facts.people if base else (), theirs.facts.people, ours.people)
    names, dropped, added = _faces(base, theirs, ours, conflicts, is_newer=is_newer)
    for field, value in (("keywords", keywords), ("keyword_paths", paths), ("people", people)):
        if value != getattr(ours, field):
            changes[field] = value
            changed.append(field)
    if names or dropped or added:
        changed.append("people")
        kept = [
            msgspec.structs.replace(face, name=names.get(index, face.name))
            for index, face in enumerate(ours.faces)
            if index not in dropped
        ]
        changes["faces"] = (*kept, *added)
    facts = msgspec.structs.replace(ours, **changes)
    return Resolution(facts, names, dropped, added, tuple(dict.fromkeys(changed)), tuple(conflicts))


def _values(facts: SidecarFacts, fields: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(facts, field) for field in fields)


def _shown(values: tuple[Any, ...]) -> str:
    return " ".join("nothing" if value is None else f"“{value}”" for value in values)


def _date(base: Packet | None, theirs: Packet) -> tuple[Any, Any] | None:
    """The capture time that somebody has set, in whichever property; programs do not write all of them."""
    before = base.dates if base is not None else {}
    for name in DATES:
        if name in theirs.dates and theirs.dates[name] != before.get(name):
            return theirs.dates[name]
    return None


def _keywords(base: Packet | None, theirs: Packet, ours: SidecarFacts) -> tuple[str, ...]:
    """Keywords stand in several properties, of which a program writes some; a change to any of them counts."""
    before = base.words if base is not None else {}
    same = {_plain(word): word for word in ours.keywords}
    levels = {path[-1] for path in ours.keyword_paths}
    gone: set[str] = set()
    new: dict[str, None] = {}
    for name, words in theirs.words.items():
        was = before.get(name, ())
        is_tree = name != "dc:subject"
        if words or not is_tree:
            gone.update(word for word in was if word not in words)
        for word in words:
            if word not in was and word and not (is_tree and (word in levels or word in same)):
                new[word] = None
    is_named = {_plain(word) for word in gone}
    kept = [word for word in ours.keywords if not (word in gone or _plain(word) in is_named) or word in new]
    flat = {_plain(word) for word in theirs.words["dc:subject"]}
    wanted = [word for word in new if word in theirs.words["dc:subject"] or _plain(word) not in flat]
    return tuple(dict.fromkeys([*kept, *wanted]))


def _plain(word: str) -> str:
    """A keyword as it stands in a tree, where its levels are separated."""
    return word.replace("|", "-").replace("/", "-")


def _united(before: tuple[Any, ...], there: tuple[Any, ...], mine: tuple[Any, ...]) -> tuple[Any, ...]:
    gone = {item for item in before if item not in there}
    return tuple(dict.fromkeys([*(item for item in mine if item not in gone), *(i for i in there if i not in before)]))


def _faces(
    base: Packet | None, theirs: Packet, ours: SidecarFacts, conflicts: list[str], *, is_newer: bool
) -> tuple[dict[int, str | None], tuple[int, ...], tuple[FaceRegion, ...]]:
    before = base.facts.faces if base is not None else ()
    names: dict[int, str | None] = {}
    added = []
    for region in theirs.facts.faces:
        was, index = _find(region, before), _find(region, ours.faces)
        if was is not None and before[was].name == region.name:
            continue
        if index is None:
            if was is None or region.name is not None:
                added.append(region)
            continue
        mine = ours.faces[index].name
        if mine == region.name or (base is None and region.name is None):
            continue
        if mine is not None and not (was is not None and before[was].name == mine):
            wins = "the sidecar's" if is_newer else "the library's"
            conflicts.append(f"a face: {_shown((region.name,))} or {_shown((mine,))}; {wins} is newer and is kept")
            if not is_newer:
                continue
        names[index] = region.name
    dropped = []
    for region in before:
        index = _find(region, ours.faces)
        if index is not None and _find(region, theirs.facts.faces) is None and ours.faces[index].name == region.name:
            dropped.append(index)
    return names, tuple(dropped), tuple(added)


def _find(region: FaceRegion, others: tuple[FaceRegion, ...]) -> int | None:
    area: Callable[[FaceRegion], PersonRegion] = lambda face: PersonRegion(face.x, face.y, face.width, face.height)  # noqa: E731
    shared = [shared_area(area(region), area(other)) for other in others]
    best = max(range(len(shared)), key=shared.__getitem__, default=None)
    return best if best is not None and shared[best] >= SAME_PLACE else None
