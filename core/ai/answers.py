"""What does a language model's answer come to, in the shapes of the contract (behaviour §16)?

Nothing of it is believed: texts lose what no album shows and become as short as they must be, numbers lie where they
may, boxes lie in the picture, and what has the wrong type is left out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from core.ai import wording
from core.ai.loose_json import read_object
from core.ai.provider import (
    MAX_SHORT_DESCRIPTION,
    MAX_TAGS,
    Confidences,
    Coordinates,
    DetectedEvent,
    DetectedObject,
)
from core.errors import AnswerUnusable

MAX_LONG_DESCRIPTION: Final = 1_000
"""Characters; models are asked for 500."""

MAX_NAME: Final = 60
"""Characters of a tag, and of the name of an object, an event or a place."""

MAX_FILE_DESCRIPTION: Final = 40
MAX_OBJECTS: Final = 50
MAX_EVENTS: Final = 10
_LONGEST_INPUT: Final = 5_000

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class Analysis(msgspec.Struct, frozen=True):
    """What was said of a picture; a text that was not said is empty. Boxes are in oriented pixels of the original."""

    ai_tags: tuple[str, ...]
    short_description: str
    long_description: str
    detected_objects: tuple[DetectedObject, ...]
    detected_events: tuple[DetectedEvent, ...]
    scores: Confidences
    place_name: str | None
    gps_coordinates: Coordinates | None


class Frame(msgspec.Struct, frozen=True):
    """Pixels of the original after orientation, and by how much the picture that was shown is smaller (0–1]."""

    width: int
    height: int
    scale: float = 1.0


def read_analysis(text: str, frame: Frame, usual: Confidences) -> Analysis:
    """The answer to the question for an analysis; ``usual`` are the confidences of who gives none.

    Raises :class:`AnswerUnusable` where neither a tag nor a description can be told.
    """
    said = _object(text)
    analysis = Analysis(
        ai_tags=_tags(said.get("aiTags")),
        short_description=cleaned(said.get("shortDescription"), MAX_SHORT_DESCRIPTION),
        long_description=cleaned(said.get("longDescription"), MAX_LONG_DESCRIPTION),
        detected_objects=_objects(said.get("detectedObjects"), frame, usual.objects),
        detected_events=_events(said.get("detectedEvents"), usual.events),
        scores=_scores(said.get("aiConfidenceScores"), usual),
        place_name=cleaned(said.get("placeName"), MAX_NAME) or None,
        gps_coordinates=_coordinates(said.get("gpsCoordinates")),
    )
    if not (analysis.ai_tags or analysis.short_description or analysis.long_description):
        raise AnswerUnusable("The answer has no aiTags, no shortDescription and no longDescription.")
    return analysis


def read_name(text: str) -> str:
    """Two or three words in PascalCase for file names; raises :class:`AnswerUnusable`."""
    name = wording.pascal_case(cleaned(_object(text).get("description"), MAX_NAME))[:MAX_FILE_DESCRIPTION]
    if not name:
        raise AnswerUnusable("The answer has no description.")
    return name


def read_lines(text: str) -> tuple[str, str]:
    """The lines of an album, short and long, of which one may be empty; raises :class:`AnswerUnusable`."""
    said = _object(text)
    short = cleaned(said.get("shortDescription"), MAX_SHORT_DESCRIPTION)
    long = cleaned(said.get("longDescription"), MAX_LONG_DESCRIPTION)
    if not (short or long):
        raise AnswerUnusable("The answer has neither shortDescription nor longDescription.")
    return short, long


def cleaned(value: object, limit: int) -> str:
    """A text in one line of at most ``limit`` characters; empty where it is none.

    Without markup, control characters, half characters, and what turns the direction of writing.
    """
    if not isinstance(value, str):
        return ""
    text = re.sub(r"<[/!?A-Za-z][^<>]*>", " ", value[:_LONGEST_INPUT])
    text = "".join(" " if character in "\t\n\r\x0b\x0c\x85\u2028\u2029" else character for character in text)
    text = "".join(character for character in text if _is_shown(character))
    return wording.shortened(" ".join(text.split()), limit)


def _is_shown(character: str) -> bool:
    return (
        unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")
        and character not in _BIDI
        and character not in "<>"
    )


def _object(text: str) -> Mapping[str, Any]:
    said = read_object(text)
    if said is None:
        raise AnswerUnusable("The answer is no JSON object.")
    return said


def _tags(value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    tags = (cleaned(each, MAX_NAME).strip(" #,;.") for each in _items(words))
    return tuple({tag.casefold(): tag for tag in reversed([*tags]) if tag}.values())[::-1][:MAX_TAGS]


def _objects(value: object, frame: Frame, usual: float) -> tuple[DetectedObject, ...]:
    found = []
    for each in _items(value):
        said = each if isinstance(each, Mapping) else {"name": each}
        if name := cleaned(said.get("name"), MAX_NAME):
            confidence = _share(said.get("confidence"), usual)
            found.append(DetectedObject(name, confidence, _box(said.get("boundingBox"), frame)))
    return tuple(found[:MAX_OBJECTS])


def _events(value: object, usual: float) -> tuple[DetectedEvent, ...]:
    found = []
    for each in _items(value):
        if isinstance(each, Mapping) and (name := cleaned(each.get("eventName"), MAX_NAME)):
            kind = cleaned(each.get("eventType"), MAX_NAME) or "event"
            found.append(DetectedEvent(kind, name, _share(each.get("confidence"), usual)))
    return tuple(found[:MAX_EVENTS])


def _scores(value: object, usual: Confidences) -> Confidences:
    said = value if isinstance(value, Mapping) else {}
    return Confidences(**{name: _share(said.get(name), getattr(usual, name)) for name in usual.__struct_fields__})


def _coordinates(value: object) -> Coordinates | None:
    if not isinstance(value, Mapping):
        return None
    latitude, longitude = _number(value.get("latitude")), _number(value.get("longitude"))
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    return Coordinates(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _box(value: object, frame: Frame) -> tuple[int, int, int, int] | None:
    """A box within the original; ``None`` where nothing of it is left."""
    if isinstance(value, Mapping):
        value = [value.get(name) for name in ("x", "y", "width", "height")]
    sides = [number for number in map(_number, _items(value)) if number is not None]
    if len(sides) != 4 or not isinstance(value, list) or len(value) != 4:
        return None
    x, y, width, height = (side / frame.scale for side in sides)
    if not all(map(math.isfinite, (x, y, width, height, x + width, y + height))):
        return None
    left, top = max(0, min(round(x), frame.width)), max(0, min(round(y), frame.height))
    right, bottom = max(0, min(round(x + width), frame.width)), max(0, min(round(y + height), frame.height))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _share(value: object, usual: float) -> float:
    """A confidence from 0 to 1; percent are known by being more than that."""
    number = _number(value)
    if number is None or number < 0 or number > 100:
        return usual
    return round(number / 100 if number > 1 else number, 3)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _items(value: object) -> Iterable[Any]:
    return value[:1_000] if isinstance(value, list) else ()
