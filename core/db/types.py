"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

#: JSON that can be indexed and searched where the server can do it.
Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

#: A list of text: ``text[]`` as in the original's PostgreSQL schema, JSON on SQLite.
TextList = JSON().with_variant(postgresql.ARRAY(Text()), "postgresql")

_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2})")


class UtcTimestamp(TypeDecorator[datetime]):
    """An aware UTC datetime, stored without zone as the contract's ``ts`` columns are."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("timestamps are aware; a naive datetime does not say when it was")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class PathText(TypeDecorator[str]):
    """A file system path as ``os.fsdecode`` gives it, stored as readable text whatever its bytes are.

    File names on POSIX are bytes; neither database stores bytes that are not UTF-8 in a text column. They are written
    as ``\\xNN`` and a backslash as ``\\\\``, so that every path comes back byte for byte and ordinary ones read as
    they are.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escape_path(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else unescape_path(value)


def folded(path: str) -> str:
    """A path as a file system that folds case and Unicode forms would see it, to tell names that are one there."""
    return unicodedata.normalize("NFC", path).casefold()


def escape_path(path: str) -> str:
    """``path`` (with surrogates for undecodable bytes) as valid UTF-8 text; reversed by :func:`unescape_path`."""
    return os.fsencode(path).replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def unescape_path(text: str) -> str:
    """The path that :func:`escape_path` made ``text`` of."""
    raw = _ESCAPED.sub(lambda found: "\\" if found[1] == "\\" else chr(0xDC00 + int(found[1][1:], 16)), text)
    return os.fsdecode(raw.encode("utf-8", "surrogateescape"))
