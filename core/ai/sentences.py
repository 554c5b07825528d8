"""How is a picture told in one line, in a few sentences, and in the words of a file's name?"""

from __future__ import annotations

import math

from core.ai import kinds, moment, wording
from core.ai.provider import MAX_SHORT_DESCRIPTION, KnownPerson, PhotoFacts
from core.ai.scene import Scene
from core.media.facts import Kind

MAX_NAMES = 3
"""Names in one sentence; of more people two are named and the others counted (contract, behaviour §16)."""

UNKNOWN_IMAGE = "UnknownImage"

_CLOSE_UP = "close-up"


def short_description(scene: Scene) -> str:
    """Return the fullest wording of at most :data:`MAX_SHORT_DESCRIPTION` characters: event, month, and place go first.

    Never empty.
    """
    core = _core(scene, [person.name for person in scene.people])
    where = f"{_preposition(core, scene)}{scene.place}" if scene.place else ""
    night = " at night" if scene.is_night else ""
    when = f", {moment.month(scene.moment)}" if scene.moment else ""
    event = (f" ({scene.event})" if when else f", {scene.event}") if scene.event else ""
    wordings = [f"{core}{where}{night}{when}{event}", f"{core}{where}{night}{when}", f"{core}{where}{night}"]
    wordings += [f"{core}{where}", core]
    fitting = next((text for text in wordings if len(text) <= MAX_SHORT_DESCRIPTION), core)
    return wording.shortened(wording.capitalised(fitting), MAX_SHORT_DESCRIPTION)


def long_description(photo: PhotoFacts, scene: Scene) -> str:
    """Return a few sentences: the same with day and hour, then what else there is to say."""
    core = _core(scene, [_with_age(person) for person in scene.people])
    is_headed = core.startswith(_heads(scene))
    opening = f"{wording.article(core)} {core}" if is_headed else core
    if photo.place:
        opening += f"{_preposition(core, scene)}{photo.place.label}"
    if time := _time(photo, scene):
        comma = "," if photo.place or not is_headed else ""
        opening += f"{comma} taken {time}" if is_headed else f", {time}" if photo.place else f" {time}"
    sentences = [wording.sentence(opening + (f" ({scene.event})" if scene.event else ""))]
    if others := [wording.phrase(tag.name) for tag in scene.things[1:4]]:
        sentences.append(f"It also seems to show {wording.enumeration(others)}.")
    if photo.kind is Kind.VIDEO and photo.duration and 0 < photo.duration < math.inf:
        sentences.append(f"It runs for {wording.length(photo.duration)}.")
    if scene.is_blurry:
        sentences.append("The picture is blurry.")
    if scene.medium != kinds.SCREENSHOT and (camera := wording.camera(photo.camera or "")):
        sentences.append(f"Camera: {camera}.")
    return " ".join(sentences)


def file_description(scene: Scene) -> str:
    """Return a few words in PascalCase: who or what, and the place; ``UnknownImage`` if there is nothing to say."""
    names = [name for person in scene.people if (name := wording.pascal_case(person.name))]
    if len(names) == 2:
        return "And".join(names)
    parts = [names[0] if len(names) == 1 else wording.pascal_case(_subject_of_file(scene))]
    parts.append(wording.pascal_case(scene.place or ""))
    return "In".join(filter(None, parts)) or UNKNOWN_IMAGE


def _subject_of_file(scene: Scene) -> str:
    if scene.things:
        return scene.subject
    if scene.setting:
        return scene.setting.name
    if scene.faces:
        return (
            "selfie"
            if scene.is_selfie
            else "portrait"
            if scene.is_portrait
            else "person"
            if scene.faces == 1
            else "people"
        )
    if scene.medium != kinds.PHOTO:
        return scene.medium
    return scene.event or ""


def _core(scene: Scene, names: list[str]) -> str:
    """``Anna and two others with a dog at the beach``, ``video of a cat``, ``panorama by the sea``, ``photo``."""
    subjects = [_who(scene, names)] if scene.faces else []
    if scene.things:
        subjects.append(wording.phrase(scene.subject))
    head, subject = _head(scene), " with ".join(filter(None, subjects))
    if head:
        subject = f"{head} of {subject}" if subject else head
    if scene.setting and not subject:
        return wording.ALONE.get(scene.setting.name, wording.SETTINGS[scene.setting.name])
    setting = wording.SETTINGS[scene.setting.name] if scene.setting else ""
    return " ".join(filter(None, [subject, setting])) or kinds.PHOTO


def _head(scene: Scene) -> str:
    """What kind of picture it is, where that is worth a word."""
    if scene.medium != kinds.PHOTO:
        return scene.medium
    if scene.is_selfie:
        return kinds.SELFIE
    if scene.is_portrait:
        return kinds.PORTRAIT
    return _CLOSE_UP if scene.is_macro and not scene.faces else ""


def _heads(scene: Scene) -> tuple[str, ...]:
    return tuple(filter(None, (_head(scene), kinds.PHOTO if not scene.faces and not scene.things else "")))


def _who(scene: Scene, names: list[str]) -> str:
    if not names:
        is_alone = scene.faces == 1 and (scene.is_portrait or scene.is_selfie) and scene.medium == kinds.PHOTO
        return "" if is_alone else wording.people(scene.faces)
    named = names if len(names) <= MAX_NAMES else names[:2]
    others = scene.faces - len(named)
    return wording.enumeration([*named, wording.others(others)] if others > 0 else named)


def _with_age(person: KnownPerson) -> str:
    return person.name if not person.age or person.age < 0 else f"{person.name} ({person.age})"


def _preposition(core: str, scene: Scene) -> str:
    return " from " if core in (kinds.PHOTO, scene.medium) else " in "


def _time(photo: PhotoFacts, scene: Scene) -> str:
    """``on a summer afternoon, 15 July 2023``, ``on the afternoon of 15 July 2023``, ``at night`` or nothing."""
    part = moment.NIGHT if scene.is_night else moment.part_of_the_day(photo.captured)
    if scene.moment is None:
        return "at night" if scene.is_night else ""
    day = moment.day(scene.moment)
    if part is None or (part == moment.NIGHT and not scene.is_night):
        return f"on {day}"
    if scene.season:
        return f"on {wording.with_article(f'{scene.season} {part}')}, {day}"
    return f"at night on {day}" if part == moment.NIGHT else f"on the {part} of {day}"
