"""Photos as columns: what the search index says of some photos, an array for each thing that is said.

The arrays are never changed; photos that change are in another segment, and no longer alive in this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.media.clock import clock_of
from core.search.folded import folded_lines, folded_words
from core.search.ragged import Ragged
from core.search.vocabulary import Numbers, Vocabulary

Bools: TypeAlias = NDArray[np.bool_]
Integers: TypeAlias = NDArray[np.int64]


class LabelKind(IntEnum):
    """What a label is; labels are found by any part of them."""

    KEYWORD = 0
    TAG = 1
    PLACE = 2
    EVENT = 3
    PERSON = 4


Label: TypeAlias = tuple[LabelKind, str]

NO_LABEL: Label = (LabelKind.EVENT, "")
"""The label by number 0, which nothing that is looked for is in; every photo has it."""


class FacetValues(NamedTuple):
    """What is counted of a photo; what is not known is empty, or 0."""

    tier: str
    rating: int
    event_type: str
    mime_type: str
    camera: str
    lens: str


def _label_text(label: Label) -> str:
    return folded_lines(label[1])


@dataclass(frozen=True)
class Vocabularies:
    """What the numbers in segments mean. Word 0 stands between lines."""

    labels: Vocabulary[Label] = field(
        default_factory=lambda: Vocabulary(NO_LABEL, lambda label: folded_lines(label[1]))
    )
    words: Vocabulary[str] = field(default_factory=lambda: Vocabulary("", str))
    facets: Numbers[FacetValues] = field(default_factory=Numbers)


@dataclass(frozen=True)
class Segment:
    """Columns of ``n`` photos, ascending by ``ids``.

    ``created`` in microseconds since 1970, ``confidence`` 0–100, ``captured`` zone-less ISO 8601, ``facets`` numbers of
    :class:`FacetValues`, ``events`` and ``labels`` numbers of labels, ``words`` those of the descriptions in their
    order, ``names`` file names.
    """

    ids: Integers
    versions: NDArray[np.bytes_]
    facets: NDArray[np.int32]
    shown: Bools
    reviewed: Bools
    favorite: Bools
    has_gps: Bools
    created: Integers
    sizes: Integers
    confidence: NDArray[np.float64]
    captured: NDArray[np.bytes_]
    events: NDArray[np.int32]
    labels: Ragged
    words: Ragged
    names: Ragged

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(self, places: Integers) -> Segment:
        """The photos at these places, in this order."""
        return Segment(*(_chosen(getattr(self, each.name), places) for each in fields(self)))

    def merged_with(self, other: Segment) -> Segment:
        """The photos of both, none of which is in both."""
        both = joined([self, other])
        return both.chosen(np.argsort(both.ids, kind="stable"))


def joined(segments: list[Segment]) -> Segment:
    """The photos of all of them, those of each after those of the last. Takes them out of the list, so that what is
    joined column by column is there twice in no more than one of them.
    """
    columns = [[getattr(segment, each.name) for segment in segments] for each in reversed(fields(Segment))]
    segments.clear()
    made = []
    while columns:
        made.append(_joined(columns.pop()))
    return Segment(*made)


def _chosen(column: Any, places: Integers) -> Any:
    return column.chosen(places) if isinstance(column, Ragged) else column[places]


def _joined(columns: list[Any]) -> Any:
    return columns[0].followed_by(*columns[1:]) if isinstance(columns[0], Ragged) else np.concatenate(columns)


class IndexRow(NamedTuple):
    """The columns of :data:`core.db.search_rows.ROWS`."""

    id: Any
    version_id: Any
    is_shown: Any
    is_reviewed: Any
    is_favorite: Any
    has_gps: Any
    created_at: Any
    file_size: Any
    confidence: Any
    captured_at: Any
    event_name: Any
    tier: Any
    rating: Any
    event_type: Any
    mime_type: Any
    camera: Any
    lens: Any
    keywords: Any
    names: Any
    tags: Any
    places: Any
    people: Any
    description: Any


def segment_of(rows: Sequence[Sequence[Any]], vocabularies: Vocabularies) -> Segment:
    """These photos, each with the columns of :class:`IndexRow`, whose ids ascend; the vocabularies learn from them."""
    columns = IndexRow(*(zip(*rows, strict=True) if rows else [()] * len(IndexRow._fields)))
    label, word = vocabularies.labels.number_of, vocabularies.words.number_of
    facets = zip(*(getattr(columns, name) for name in FacetValues._fields), strict=True)
    said = zip(columns.keywords, columns.tags, columns.places, columns.people, columns.event_name, strict=True)
    return Segment(
        ids=np.array(columns.id, np.int64),
        versions=_texts(columns.version_id),
        facets=np.array([vocabularies.facets[FacetValues(*values)] for values in facets], np.int32),
        shown=np.array(columns.is_shown, np.bool_),
        reviewed=np.array(columns.is_reviewed, np.bool_),
        favorite=np.array(columns.is_favorite, np.bool_),
        has_gps=np.array(columns.has_gps, np.bool_),
        created=np.array(columns.created_at, np.int64),
        sizes=np.array(columns.file_size, np.int64),
        confidence=np.array(columns.confidence, np.float64),
        captured=_texts([text if clock_of(text) is not None else "" for text in columns.captured_at]),
        events=np.array([label((LabelKind.EVENT, name)) for name in columns.event_name], np.int32),
        labels=Ragged.of([[0, *dict.fromkeys(map(label, _labels(*each)))] for each in said], np.int32),
        words=Ragged.of([_words(text, word) for text in columns.description], np.int32),
        names=Ragged.of_texts([folded_lines(names) for names in columns.names]),
    )


def _texts(values: Sequence[str]) -> NDArray[np.bytes_]:
    return np.array([text.encode() for text in values], np.bytes_)


def _words(text: str, word: Callable[[str], int]) -> list[int]:
    """The numbers of the words of a description, with 0 after each line."""
    numbers: list[int] = []
    for line in text.split("\n"):
        numbers += map(word, folded_words(line))
        numbers.append(0)
    return numbers


def _labels(keywords: str, tags: str, places: str, people: str, event: str) -> Iterator[Label]:
    words = [] if keywords == "[]" else [word for word in msgspec.json.decode(keywords) if isinstance(word, str)]
    for word in words:
        yield LabelKind.KEYWORD, word
    # keywords come first; what follows them are tags
    rest = tags.removeprefix("\n".join(["", *words, ""])) if words else tags
    for kind, text in ((LabelKind.TAG, rest), (LabelKind.PLACE, places), (LabelKind.PERSON, people)):
        for line in text.split("\n"):
            if line:
                yield kind, line
    if event:
        yield LabelKind.EVENT, event
