"""What can be said of a picture without asking anybody?

Only what was measured is said: how many faces, what the classifier saw, where and when. There is no model here, and
nothing is invented; where little is known, little is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from core.ai import moment, wording
from core.ai.provider import (
    MAX_SHORT_DESCRIPTION,
    MAX_TAGS,
    Answered,
    Confidences,
    Description,
    DetectedObject,
    PhotoFacts,
    Question,
    Usage,
)
from core.media.facts import Kind, Tag

NAME = "builtin"
VERSION = "1"
"""Counts up when the wording or a threshold changes, so that old descriptions can be redone."""

PANORAMA_ASPECT = 2.4
"""Longer side over shorter side; the widest single frames are those that fill the screen of a phone, up to 21:9."""

BLURRY_SHARPNESS = 10.0
"""Variance of the Laplacian (as in ``Quality``) below which a picture is called blurry. Measured on 142 real photos:
two lie below, and all but two once they are blurred (Gaussian, 1/200 of the longest side)."""

BLURRY_MIN_CONTRAST = 0.05
"""A picture with less contrast is blank or fog; there sharpness says nothing."""

GROUP_MIN_FACES = 3
"""Faces from which people are tagged as a group."""

SCREEN_ASPECTS = (1.77, 2.45)
SCREEN_MIN_WIDTH = 640
"""Height over width, and width in pixels, of the upright screens of phones (16:9 to 22:9)."""

SCREENSHOT_NAMES = ("screenshot", "screen shot", "screen_shot", "bildschirmfoto", "capture d’écran", "capture d'écran")

FACES_CONFIDENCE = 0.9
PLACE_CONFIDENCE = 0.9
MEASURED_CONFIDENCE = 0.9
"""For what was measured rather than guessed; not 1, since detectors err and clocks are set wrong."""

UNKNOWN_TAGS_CONFIDENCE = 0.4
UNKNOWN_DESCRIPTION_CONFIDENCE = 0.3
"""Where nothing is known but that there is a picture (contract, behaviour §16, fallback metadata)."""

UNKNOWN_IMAGE = "UnknownImage"


@dataclass(frozen=True, slots=True)
class BuiltinProvider:
    """The provider that is always there."""

    name: str = NAME
    model: str = VERSION

    async def describe(self, question: Question) -> Answered:
        """Describe one picture from its facts; the preview is not looked at."""
        return Answered(describe(question.facts), VERSION, "", Usage())


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the sentences are made of; ``medium`` is photo, video, panorama, screenshot or document.

    ``details`` are single classes beside the groups that ``setting`` and ``things`` come from.
    """

    medium: str
    faces: int
    setting: Tag | None
    things: tuple[Tag, ...]
    details: tuple[Tag, ...]
    place: str | None
    moment: datetime | None


def describe(photo: PhotoFacts) -> Description:
    """Describe a picture from what was measured of it. Never raises, and never returns an empty short description."""
    scene = _scene(photo)
    seen = [tag.confidence for tag in (scene.setting, *scene.things) if tag is not None]
    objects = [tag for tag in (*scene.things, *scene.details) if tag.name not in wording.SETTINGS]
    certain = bool(scene.faces or scene.place or scene.moment or scene.medium != "photo")
    return Description(
        ai_tags=_tags(photo, scene),
        short_description=_short(scene),
        long_description=_long(photo, scene),
        file_description=_file_description(scene),
        detected_objects=tuple(DetectedObject(tag.name, tag.confidence) for tag in objects),
        detected_events=(),
        ai_confidence_scores=Confidences(
            tags=max(seen, default=MEASURED_CONFIDENCE if certain else UNKNOWN_TAGS_CONFIDENCE),
            description=max(seen, default=MEASURED_CONFIDENCE if certain else UNKNOWN_DESCRIPTION_CONFIDENCE),
            objects=max((tag.confidence for tag in objects), default=0.0),
            faces=FACES_CONFIDENCE if scene.faces else 0.0,
            place=PLACE_CONFIDENCE if photo.place else 0.0,
        ),
        provider=NAME,
        version=VERSION,
        place_name=photo.place.label if photo.place else None,
    )


def _scene(photo: PhotoFacts) -> _Scene:
    groups = _likely(photo.tagging.groups if photo.tagging else ())
    leaves = _likely(photo.tagging.leaves if photo.tagging else ())
    medium = _medium(photo, groups)
    if medium in {"screenshot", "document"}:  # faces and things in it are pictures of pictures
        return _Scene(medium, 0, None, (), (), None, moment.known_moment(photo.captured))
    said = groups or leaves  # a single class (a street sign) repeats in a sentence what its group (a street) said
    settings = [tag for tag in said if tag.name in wording.SETTINGS]
    return _Scene(
        medium=medium,
        faces=max(0, photo.face_count),
        setting=settings[0] if settings else None,
        things=tuple(tag for tag in said if tag not in settings),
        details=tuple(tag for tag in leaves if tag not in said),
        place=photo.place.name if photo.place else None,
        moment=moment.known_moment(photo.captured),
    )


def _likely(tags: tuple[Tag, ...]) -> list[Tag]:
    """The classifier's tags, which hold only what it is sure enough of, as words and shares."""
    named = ((" ".join(tag.name.split()), tag.confidence) for tag in tags if tag.confidence > 0)
    return [Tag(name, min(1.0, round(confidence, 2))) for name, confidence in named if name]


def _medium(photo: PhotoFacts, groups: list[Tag]) -> str:
    if photo.kind is Kind.VIDEO:
        return "video"
    if _is_screenshot(photo):
        return "screenshot"
    if groups and groups[0].name in wording.DOCUMENTS:
        return "document"
    shorter, longer = sorted((photo.width, photo.height))
    return "panorama" if 0 < shorter * PANORAMA_ASPECT <= longer else "photo"


def _is_screenshot(photo: PhotoFacts) -> bool:
    if photo.original_filename.lower().startswith(SCREENSHOT_NAMES):
        return True
    from_a_screen = photo.mime_type == "image/png" and not photo.camera and photo.width >= SCREEN_MIN_WIDTH
    return from_a_screen and SCREEN_ASPECTS[0] <= photo.height / photo.width <= SCREEN_ASPECTS[1]


def _tags(photo: PhotoFacts, scene: _Scene) -> tuple[str, ...]:
    """The most telling first, because the contract keeps only the first few."""
    candidates = [
        scene.medium if scene.medium != "photo" else None,
        scene.setting.name if scene.setting else None,
        ("person" if scene.faces == 1 else "people") if scene.faces else None,
        *(tag.name for tag in scene.things[:2]),
        *(tag.name for tag in scene.details[:1]),
        scene.place,
        moment.season(scene.moment, _latitude(photo)) if scene.moment else None,
        "portrait" if scene.faces == 1 and photo.height > photo.width else None,
        "group" if scene.faces >= GROUP_MIN_FACES else None,
        "night" if moment.part_of_the_day(photo.captured) == "night" else None,
        "blurry" if _is_blurry(photo) else None,
        photo.place.country if photo.place else None,
    ]
    return tuple(dict.fromkeys(tag for tag in candidates if tag))[:MAX_TAGS] or ("photo",)


def _short(scene: _Scene) -> str:
    """The fullest wording that fits: with place and month, without the month, without both."""
    core = _core(scene)
    where = f"{_preposition(core, scene)}{scene.place}" if scene.place else ""
    when = f", {moment.month(scene.moment)}" if scene.moment else ""
    wordings = [f"{core}{where}{when}", f"{core}{where}", core]
    fitting = next((text for text in wordings if len(text) <= MAX_SHORT_DESCRIPTION), core)
    return wording.shortened(fitting[:1].upper() + fitting[1:], MAX_SHORT_DESCRIPTION)


def _core(scene: _Scene) -> str:
    """``two people with a dog at the beach``, ``video of a cat``, ``panorama by the sea``, ``photo``."""
    subjects = [wording.people(scene.faces)] if scene.faces else []
    if scene.things:
        subjects.append(wording.with_article(scene.things[0].name))
    subject = " with ".join(subjects)
    if scene.medium != "photo":
        subject = f"{scene.medium} of {subject}" if subject else scene.medium
    setting = wording.SETTINGS[scene.setting.name] if scene.setting else ""
    return " ".join(filter(None, [subject, setting])) or "photo"


def _preposition(core: str, scene: _Scene) -> str:
    return " from " if core == scene.medium else " in "


def _long(photo: PhotoFacts, scene: _Scene) -> str:
    core = _core(scene)
    opening = [wording.with_article(core) if core == scene.medium else core]
    if photo.place:
        opening[0] += f"{_preposition(core, scene)}{photo.place.label}"
    if scene.moment:
        opening += [_when(photo), moment.day(scene.moment)]
    sentences = [wording.sentence(", ".join(filter(None, opening)))]
    if others := [wording.with_article(tag.name) for tag in scene.things[1:4]]:
        sentences.append(f"It also seems to show {wording.enumeration(others)}.")
    if photo.kind is Kind.VIDEO and photo.duration and 0 < photo.duration < math.inf:
        sentences.append(f"It runs for {wording.length(photo.duration)}.")
    if _is_blurry(photo):
        sentences.append("The picture is blurry.")
    if photo.camera and scene.medium != "screenshot":
        sentences.append(f"Taken with {wording.article(photo.camera)} {photo.camera}.")
    return " ".join(sentences)


def _when(photo: PhotoFacts) -> str:
    """``on a summer afternoon``, ``in the afternoon``, ``at night``, ``in summer`` or nothing."""
    known = moment.known_moment(photo.captured)
    season = moment.season(known, _latitude(photo)) if known else None
    part = moment.part_of_the_day(photo.captured)
    if part is None:
        return f"in {season}" if season else ""
    if season:
        return f"on {wording.with_article(f'{season} {part}')}"
    return "at night" if part == "night" else f"in the {part}"


def _file_description(scene: _Scene) -> str:
    """Thing, setting or people, and the place: two or three words."""
    if scene.things:
        subject = scene.things[0].name
    elif scene.setting:
        subject = scene.setting.name
    elif scene.faces:
        subject = "portrait" if scene.faces == 1 else "people"
    else:
        subject = scene.medium if scene.medium != "photo" else ""
    parts = [wording.pascal_case(part) for part in (subject, scene.place or "")]
    return "In".join(filter(None, parts)) or UNKNOWN_IMAGE


def _is_blurry(photo: PhotoFacts) -> bool:
    quality = photo.quality
    return quality is not None and quality.sharpness < BLURRY_SHARPNESS and quality.contrast >= BLURRY_MIN_CONTRAST


def _latitude(photo: PhotoFacts) -> float | None:
    if photo.latitude is None and photo.place is not None:
        return photo.place.latitude
    return photo.latitude
