"""What is a model told of one photo, beside the prompts? Who is in it, and how large the picture is that it sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from core.ai import wording
from core.ai.answers import Analysis, Frame
from core.ai.prompts import PromptTexts
from core.ai.provider import KnownPerson, Relation

VERSION = "1"
"""Counts up when what is told here changes, so that old descriptions can be redone."""

_LONGEST_NAME = 100


def prompt_version(prompts: Mapping[str, PromptTexts]) -> str:
    """A short hash of the prompts, and of what is told beside them."""
    texts = [VERSION, *(text for name in sorted(prompts) for text in (name, prompts[name].system, prompts[name].user))]
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:12]


def picture_told(frame: Frame) -> str:
    """The size of what the model sees, without which it cannot count pixels."""
    return (
        f"The picture is {round(frame.width * frame.scale)} pixels wide and {round(frame.height * frame.scale)} high."
    )


def people_told(people: Iterable[KnownPerson], frame: Frame | None = None) -> str:
    """Who is in the picture, one to a line, with the place of their face where the model sees it; empty for nobody."""
    lines = [f"- {_person(person, frame)}" for person in people]
    if not lines:
        return ""
    request = "Call them by their names, and work in their ages and what they are to each other where it is natural."
    return "\n".join(["These people are known to be in the picture, from left to right:", *lines, request])


def description_told(analysis: Analysis) -> str:
    """What was seen in the picture, for models that are not shown it."""
    parts = [analysis.short_description, analysis.long_description, ", ".join(analysis.ai_tags)]
    return "\n".join(["What is to be seen in the photo:", *filter(None, parts)])


def complaint_told(reason: str) -> str:
    """What is added when an answer could not be understood."""
    return f"Your last answer could not be used: {reason} Answer with the JSON object alone."


def _person(person: KnownPerson, frame: Frame | None) -> str:
    said = [" ".join(person.name.split())[:_LONGEST_NAME], _age(person.age), *map(_relation, person.relations)]
    if frame is not None and person.box is not None:
        x, y = round(person.box.x * frame.scale), round(person.box.y * frame.scale)
        width, height = round(person.box.width * frame.scale), round(person.box.height * frame.scale)
        said.append(f"face at {x}, {y}, {width} wide and {height} high")
    return ", ".join(filter(None, said))


def _age(age: int | None) -> str:
    if age is None:
        return ""
    return "a baby of less than a year" if age == 0 else f"{age} {'year' if age == 1 else 'years'} old"


def _relation(relation: Relation) -> str:
    if relation.to is None:
        return wording.with_article(relation.kind)
    return f"{relation.kind} of {' '.join(relation.to.split())[:_LONGEST_NAME]}"
