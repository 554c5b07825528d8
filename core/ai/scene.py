"""What is in a picture, in the terms that tags and sentences are made of?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.ai import kinds, moment, wording
from core.ai.provider import KnownPerson, PhotoFacts
from core.media.facts import Tag


@dataclass(frozen=True, slots=True)
class Scene:
    """``medium`` is as :func:`core.ai.kinds.medium` says; ``people`` are those of the ``faces`` that have a name.

    ``setting`` is where it plays, ``things`` what is in it, ``subject`` the first of them by its finest name.
    ``details`` are single classes beside the groups that all come from. ``place`` and ``event`` are names, ``season``
    and ``is_night`` are of the ``moment``.
    """

    medium: str
    faces: int = 0
    people: tuple[KnownPerson, ...] = ()
    setting: Tag | None = None
    things: tuple[Tag, ...] = ()
    subject: str = ""
    details: tuple[Tag, ...] = ()
    place: str | None = None
    event: str | None = None
    moment: datetime | None = None
    season: str | None = None
    is_portrait: bool = False
    is_selfie: bool = False
    is_night: bool = False
    is_macro: bool = False
    is_blurry: bool = False


def scene_of(photo: PhotoFacts, people: Sequence[KnownPerson] = ()) -> Scene:
    """What was measured of a picture, and who is known to be in it, weighed against each other."""
    medium = kinds.medium(photo)
    taken = moment.known_moment(photo.captured)
    if medium in (kinds.SCREENSHOT, kinds.DOCUMENT):  # faces and things in it are pictures of pictures
        return Scene(medium, moment=taken)
    faces = max(0, photo.face_count, len(people))
    groups = _likely(photo.tagging.groups if photo.tagging else ())
    leaves = _likely(photo.tagging.leaves if photo.tagging else ())
    if faces:
        groups, leaves = ([tag for tag in tags if tag.name not in wording.WORN] for tags in (groups, leaves))
    said = groups or leaves  # a single class (a street sign) repeats in a sentence what its group (a street) said
    settings = [tag for tag in said if tag.name in wording.SETTINGS]
    things = [tag for tag in said if tag not in settings]
    is_selfie = kinds.is_selfie(photo)
    return Scene(
        medium=medium,
        faces=faces,
        people=tuple(person for person in people if person.name.strip()),
        setting=settings[0] if settings else None,
        things=tuple(things),
        subject=_finest(things[0], leaves) if things else "",
        details=tuple(tag for tag in leaves if tag not in said),
        place=photo.place.name.strip() if photo.place else None,
        event=" ".join(photo.event.event_name.split()) if photo.event else None,
        moment=taken,
        season=moment.season(taken, latitude_of(photo)) if taken else None,
        is_portrait=not is_selfie and kinds.is_portrait(photo),
        is_selfie=is_selfie,
        is_night=kinds.is_night(photo),
        is_macro=kinds.is_macro(photo),
        is_blurry=kinds.is_blurry(photo),
    )


def latitude_of(photo: PhotoFacts) -> float | None:
    """The camera's own, or that of the place that it is near to."""
    if photo.latitude is None and photo.place is not None:
        return photo.place.latitude
    return photo.latitude


def _finest(thing: Tag, leaves: Sequence[Tag]) -> str:
    """A dog's breed where it is sure enough to be said; of what comes in numbers, only what it all is."""
    if thing.name in wording.MANY:
        return thing.name
    # probabilities of a group include those of its classes, and all classes together have 1
    within = (leaf.name for leaf in leaves if 0.5 < leaf.confidence <= thing.confidence)
    return next(within, thing.name)


def _likely(tags: tuple[Tag, ...]) -> list[Tag]:
    """The classifier's tags, which hold only what it is sure enough of, as words and shares."""
    named = ((" ".join(tag.name.split()), tag.confidence) for tag in tags if tag.confidence > 0)
    return [Tag(name, min(1.0, round(confidence, 2))) for name, confidence in named if name]
