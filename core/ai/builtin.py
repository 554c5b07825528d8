"""What can be said of a picture without asking anybody?

Only what was measured is said: how many faces and whose, what the classifier saw, where and when. There is no model
here, and nothing is invented; where little is known, little is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.ai import kinds, wording
from core.ai.provider import (
    MAX_TAGS,
    Answered,
    Confidences,
    Description,
    DetectedObject,
    KnownPerson,
    PhotoFacts,
    Question,
    Usage,
)
from core.ai.scene import Scene, scene_of
from core.ai.sentences import file_description, long_description, short_description
from core.people.relationships import RelationshipType

NAME = "builtin"
VERSION = "2"
"""Counts up when the wording or a threshold changes, so that old descriptions can be redone."""

GROUP_MIN_FACES = 3
"""Faces from which people are tagged as a group."""

CHILD_UNTIL = 13
"""Years of age (contract, behaviour §16)."""

FACES_CONFIDENCE = 0.9
PLACE_CONFIDENCE = 0.9
MEASURED_CONFIDENCE = 0.9
"""For what was measured rather than guessed; not 1, since detectors err and clocks are set wrong."""

UNKNOWN_TAGS_CONFIDENCE = 0.4
UNKNOWN_DESCRIPTION_CONFIDENCE = 0.3
"""Where nothing is known but that there is a picture (contract, behaviour §16, fallback metadata)."""

_COUPLE = (RelationshipType.SPOUSE, RelationshipType.PARTNER)


@dataclass(frozen=True, slots=True)
class BuiltinProvider:
    """The provider that is always there."""

    name: str = NAME
    model: str = VERSION

    async def describe(self, question: Question) -> Answered:
        """Describe one picture from its facts; the preview is not looked at."""
        return Answered(describe(question.facts, question.people), VERSION, "", Usage())


def describe(photo: PhotoFacts, people: Sequence[KnownPerson] = ()) -> Description:
    """Describe a picture from what was measured of it, and who is known to be in it.

    Never raises, and never returns an empty short description.
    """
    scene = scene_of(photo, people)
    seen = [tag.confidence for tag in (scene.setting, *scene.things) if tag is not None]
    objects = [tag for tag in (*scene.things, *scene.details) if tag.name not in wording.SETTINGS]
    certain = bool(scene.faces or scene.place or scene.moment or scene.medium != kinds.PHOTO)
    return Description(
        ai_tags=_tags(photo, scene),
        short_description=short_description(scene),
        long_description=long_description(photo, scene),
        file_description=file_description(scene),
        detected_objects=tuple(DetectedObject(tag.name, tag.confidence) for tag in objects),
        detected_events=(photo.event,) if photo.event else (),
        ai_confidence_scores=Confidences(
            tags=max(seen, default=MEASURED_CONFIDENCE if certain else UNKNOWN_TAGS_CONFIDENCE),
            description=max(seen, default=MEASURED_CONFIDENCE if certain else UNKNOWN_DESCRIPTION_CONFIDENCE),
            objects=max((tag.confidence for tag in objects), default=0.0),
            faces=FACES_CONFIDENCE if scene.faces else 0.0,
            events=photo.event.confidence if photo.event else 0.0,
            place=PLACE_CONFIDENCE if photo.place else 0.0,
        ),
        provider=NAME,
        version=VERSION,
        place_name=photo.place.label if photo.place else None,
    )


def _tags(photo: PhotoFacts, scene: Scene) -> tuple[str, ...]:
    """The most telling first, because the contract keeps only the first few."""
    candidates = [
        scene.medium if scene.medium != kinds.PHOTO else None,
        scene.setting.name if scene.setting else None,
        ("person" if scene.faces == 1 else "people") if scene.faces else None,
        kinds.SELFIE if scene.is_selfie else kinds.PORTRAIT if scene.is_portrait else None,
        *(tag.name for tag in scene.things[:2]),
        scene.event,
        *_family(scene.people),
        scene.place,
        kinds.NIGHT if scene.is_night else None,
        kinds.MACRO if scene.is_macro else None,
        "group" if scene.faces >= GROUP_MIN_FACES else None,
        *(tag.name for tag in scene.details[:1]),
        scene.season,
        kinds.BLURRY if scene.is_blurry else None,
        photo.place.country if photo.place else None,
    ]
    return tuple(dict.fromkeys(tag for tag in candidates if tag))[:MAX_TAGS] or (kinds.PHOTO,)


def _family(people: Sequence[KnownPerson]) -> Iterator[str]:
    """What the people in a picture are to each other, and whether there are children among them."""
    related = {relation.kind for person in people for relation in person.relations if relation.to}
    if related & set(_COUPLE):
        yield "couple"
    if RelationshipType.SIBLING in related:
        yield "siblings"
    if related - {RelationshipType.FRIEND, *_COUPLE}:
        yield "family"
    if any(person.age is not None and 0 <= person.age < CHILD_UNTIL for person in people):
        yield "children"
