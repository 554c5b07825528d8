"""The search index in SQL, in the words of either database; its migration says how it is filled.

``FACTS`` and ``FACETS`` are read the same way everywhere. Texts are matched by FTS5 on trigrams, or by ``LIKE`` on
PostgreSQL (which ``pg_trgm`` makes quick); either finds any part of a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
)

TEXTS = ("names", "tags", "places", "events", "people", "description")
"""Columns of a photo's words. Each tag stands on a line of its own."""

_metadata = MetaData()

FACETS = Table(
    "search_facets",
    _metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text) for name in ("tier", "event_type", "mime_type", "camera", "lens")),
    Column("rating", Integer),
)
"""Each combination of what is counted; what is not known is empty."""

FACTS = Table(
    "search_facts",
    _metadata,
    Column("id", BigInteger, primary_key=True),
    Column("facet_id", Integer),
    Column("keywords_id", Integer),
    *(Column(name, Boolean) for name in ("is_shown", "is_reviewed", "is_favorite", "has_gps")),
    *(Column(name, BigInteger) for name in ("created_at", "file_size", "rating")),
    Column("confidence", Float),
    *(Column(name, Text) for name in ("version_id", "captured_at", "event_name")),
)
"""One row for each live version. ``is_shown``: of its asset the best. ``created_at`` in microseconds, ``confidence``
0–100, ``captured_at`` a zone-less ISO 8601 time."""


def is_shown() -> ColumnElement[bool]:
    """That a row of ``FACTS`` is of the best version, where what it is joined with says which few rows are meant.

    Not by the column itself: SQLite would read all that are shown from an index, once for each of those few.
    """
    return func.coalesce(FACTS.c.is_shown, false()).is_(True)


UNINDEXED_SHOWN: ColumnElement[bool] = literal_column("+search_facts.is_shown", Boolean)
"""``is_shown`` for SQLite, without its indexes (https://sqlite.org/optoverview.html#uplus)."""

KEYWORDS = Table("search_keywords", _metadata, Column("id", Integer, primary_key=True), Column("words", Text))
"""Each set of keywords that a photo has, as a JSON array."""

WORDS = Table("search_words", _metadata, Column("kind", Integer), Column("word", Text), Column("id", BigInteger))
"""Every keyword, AI tag and place of every live version, by :class:`WordKind`."""


class WordKind(IntEnum):
    """What a word of :data:`WORDS` is."""

    KEYWORD = 0
    TAG = 1
    PLACE = 2


def different_words(kind: WordKind) -> CTE:
    """The different words of a kind, in one column ``word`` with a NULL at its end: from one to the next in the index,
    which is quicker by far than reading all of them.
    """
    first = select(func.min(WORDS.c.word).label("word")).where(WORDS.c.kind == kind)
    words = first.cte(f"words_{kind.name.lower()}", recursive=True)
    following = select(func.min(WORDS.c.word)).where(WORDS.c.kind == kind, WORDS.c.word > words.c.word)
    return words.union_all(select(following.correlate(words).scalar_subquery()).where(words.c.word.is_not(None)))


TEXTS_TABLE = Table(
    "search_texts",
    _metadata,
    Column("id", BigInteger, primary_key=True),
    *(Column(name, Text) for name in (*TEXTS, "everything")),
)
_INDEX = Table("search_index", _metadata, Column("rowid", Integer), *(Column(name, Text) for name in TEXTS))

_MIN_TRIGRAM = 3


def containing(dialect: str, terms: Sequence[str], columns: Sequence[str] = TEXTS) -> Select[Any]:
    """Ids of photos that have every term, whatever its case, somewhere in these columns."""
    if dialect == "postgresql":
        return select(TEXTS_TABLE.c.id).where(*(_like_everything(term, columns) for term in terms))
    long = [term for term in terms if len(term) >= _MIN_TRIGRAM]
    short = [term for term in terms if len(term) < _MIN_TRIGRAM]
    statement: Select[Any] = select(TEXTS_TABLE.c.id).where(*(_like(term, columns) for term in short))
    if not long:
        return statement
    matches = select(_INDEX.c.rowid).where(_match(long, columns))
    return statement.where(TEXTS_TABLE.c.id.in_(matches)) if short else matches


def tagged(dialect: str, tag: str) -> Select[Any]:
    """Ids of photos with exactly this keyword or tag, whatever its case."""
    return containing(dialect, [f"\n{tag}\n"], ("tags",))


def _match(terms: Sequence[str], columns: Sequence[str]) -> ColumnElement[bool]:
    expression = " AND ".join(f"({' OR '.join(_quoted(form) for form in _forms(term))})" for term in terms)
    within = "" if tuple(columns) == TEXTS else f"{{{' '.join(columns)}}} : "
    return literal_column("search_index").op("MATCH")(bindparam(None, f"{within}({expression})", unique=True))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


def _forms(term: str) -> list[str]:
    """A term in both forms that Unicode knows for letters with accents; macOS names files in the longer one."""
    return list(dict.fromkeys(unicodedata.normalize(form, term) for form in ("NFC", "NFD")))


def _like(term: str, columns: Sequence[str]) -> ColumnElement[bool]:
    """For terms that have no trigram. SQLite's LIKE knows the case of ASCII letters only."""
    is_folded = term.isascii()
    forms = {term} if is_folded else {each for form in _forms(term) for each in (form, form.lower(), form.upper())}
    return or_(*(TEXTS_TABLE.c[name].contains(form, autoescape=True) for name in columns for form in sorted(forms)))


def _like_everything(term: str, columns: Sequence[str]) -> ColumnElement[bool]:
    patterns = [func.lower(f"%{_escaped(form)}%") for form in _forms(term)]
    anywhere = or_(*(TEXTS_TABLE.c.everything.like(pattern, escape="/") for pattern in patterns))
    if tuple(columns) == TEXTS:
        return anywhere
    folded = [func.lower(TEXTS_TABLE.c[name]) for name in columns]
    return and_(anywhere, or_(*(column.like(pattern, escape="/") for column in folded for pattern in patterns)))


def _escaped(form: str) -> str:
    return re.sub("([/%_])", r"/\1", form)
