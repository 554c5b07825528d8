"""Whose are the words for a photo? What a person said of it, and what a machine did, in one ``metadata.ai``.

A machine's answer takes the place of a machine's earlier one and of nothing else. What a person changed is marked
where it is changed: :data:`BY_PERSON` names fields that a person gave or took away, :data:`TAGS_ADDED` and
:data:`TAGS_REMOVED` single tags, so that the others may still follow a better model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from core.ai.provider import Answered, Description
from core.ai.vocabulary import Vocabulary, in_words_of

BY_PERSON: Final = "givenByPerson"
TAGS_ADDED: Final = "tagsAddedByPerson"
TAGS_REMOVED: Final = "tagsRemovedByPerson"
TAGS: Final = "aiTags"

MODEL: Final = "model"
PROMPT_VERSION: Final = "promptVersion"
DESCRIBED_AT: Final = "describedAt"

_SOURCE: Final = ("provider", "version", MODEL, PROMPT_VERSION, DESCRIBED_AT, "aiConfidenceScores")
"""Who answered, with what, when and how sure."""

_ANSWER: Final = frozenset({*Description.__struct_encode_fields__, *_SOURCE})
"""All that a machine says."""

_WORDS: Final = tuple(name for name in Description.__struct_encode_fields__ if name not in {*_SOURCE, TAGS})
"""What a person may say instead, each as a whole."""

AI = Mapping[str, Any]


def answer_of(answered: Answered, vocabulary: Vocabulary, now: datetime) -> dict[str, Any]:
    """An answer in the shape of ``metadata.ai``, tagged in the owner's words, with what it was made by; ``now`` is
    aware. Whoever answered, this is where the vocabulary is applied.
    """
    made: dict[str, Any] = msgspec.to_builtins(in_words_of(vocabulary, answered.description))
    made[MODEL] = answered.model
    if answered.prompt_version:
        made[PROMPT_VERSION] = answered.prompt_version
    made[DESCRIBED_AT] = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return made


def with_answer(before: AI | None, answer: AI) -> dict[str, Any]:
    """What is said after a machine has answered anew; what a person said stays."""
    said = {key: value for key, value in (before or {}).items() if key not in _ANSWER} | dict(answer)
    for field in _given(before):
        if before is not None and field in before:
            said[field] = before[field]
        else:
            said.pop(field, None)
    if TAGS not in _given(before):
        said[TAGS] = _tags(answer.get(TAGS), said)
    return said


def after_edit(before: AI | None, edited: AI) -> dict[str, Any]:
    """``edited`` with marks on what a person has changed in it since ``before``."""
    was, said = before or {}, dict(edited)
    given = dict.fromkeys((*_given(was), *_given(said)))
    given |= dict.fromkeys(field for field in _WORDS if _value(was, field) != _value(said, field))
    had, has = list(was.get(TAGS) or ()), list(said.get(TAGS) or ())
    added, removed = _named(was, TAGS_ADDED), _named(was, TAGS_REMOVED)
    added = [tag for tag in added if tag in has] + [tag for tag in has if tag not in had]
    removed = [tag for tag in removed if tag not in has] + [tag for tag in had if tag not in has]
    for key, values in ((BY_PERSON, given), (TAGS_ADDED, added), (TAGS_REMOVED, removed)):
        if values:
            said[key] = list(dict.fromkeys(values))
        else:
            said.pop(key, None)
    return said


def without_answer(now: AI | None, answer: AI, before: AI | None) -> dict[str, Any] | None:
    """What is said once ``answer`` is taken back, which had come after ``before``.

    Only what is still that answer's is: what a person said since, or a later answer, stays. ``None`` for nothing.
    """
    was, said, given = before or {}, dict(now or {}), _given(now)
    for key in _ANSWER - {TAGS, *given}:
        if said.get(key) == answer.get(key):
            if key in was:
                said[key] = was[key]
            else:
                said.pop(key, None)
    if TAGS not in given and (said.get(TAGS) or []) == _tags(answer.get(TAGS), said):
        tags = _tags(was.get(TAGS), said)
        if tags or TAGS in was:
            said[TAGS] = tags
        else:
            said.pop(TAGS, None)
    return said or None


def is_described_by_person(ai: AI | None) -> bool:
    """Whether a person gave the description, or took it away."""
    return "longDescription" in _given(ai)


def machine_tags(ai: AI | None) -> tuple[str, ...]:
    """The tags that no person gave."""
    if TAGS in _given(ai):
        return ()
    added = set(_named(ai, TAGS_ADDED))
    return tuple(dict.fromkeys(tag for tag in (ai or {}).get(TAGS) or () if tag not in added))


def added_tags(ai: AI | None) -> tuple[str, ...]:
    """The tags that a person put among a machine's."""
    return tuple(_named(ai, TAGS_ADDED))


def removed_tags(ai: AI | None) -> tuple[str, ...]:
    """The tags that a person took away."""
    return tuple(_named(ai, TAGS_REMOVED))


def _tags(answered: Iterable[str] | None, said: AI) -> list[str]:
    """A machine's tags without those that a person removed, and with those that one added."""
    removed = {tag.casefold() for tag in _named(said, TAGS_REMOVED)}
    kept = [tag for tag in answered or () if tag.casefold() not in removed]
    return list(dict.fromkeys([*kept, *_named(said, TAGS_ADDED)]))


def _given(ai: AI | None) -> tuple[str, ...]:
    return tuple(_named(ai, BY_PERSON))


def _named(ai: AI | None, key: str) -> list[str]:
    # clients may store anything in metadata
    values = (ai or {}).get(key)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _value(ai: AI, field: str) -> Any:
    return ai.get(field) or None
