"""How does a file go to who asks for it: whole, in the parts asked for, or not again?

A ``Range`` that is of no known unit, malformed or meant for an older file is as good as none; one that lies beyond the
end is an error (RFC 9110, 14.2 and 15.5.17). Starlette sends the bytes, and would refuse the former as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from api.served_file import is_current

_RANGES: Final = re.compile(r"bytes=([\d\-, \t]*)", re.IGNORECASE | re.ASCII)
_ONE: Final = re.compile(r"(\d{0,19})-(\d{0,19})", re.ASCII)

_MOST_RANGES: Final = 100
"""Starlette answers more of them with the whole file."""


class _Parts(FileResponse):
    """Sends the ranges that were found to be sensible, whatever the request says; without any the whole file."""

    ranges: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        other = [pair for pair in scope["headers"] if pair[0] not in (b"range", b"if-range")]
        asked = [] if self.ranges is None else [(b"range", self.ranges.encode())]
        changed: MutableMapping[str, Any] = {**scope, "headers": [*other, *asked]}
        await super().__call__(changed, receive, send)


def send_file(
    request: Request[Any, Any, Any],
    path: Path,
    stat: os.stat_result,
    headers: Mapping[str, str],
    media_type: str | None = None,
) -> Response:
    """The answer to a GET or HEAD request for a file; ``headers`` may hold its ``etag``.

    Raises :class:`HTTPException` (416) where nothing of the file is in the range that is asked for.
    """
    answer = _Parts(path, headers=headers, media_type=media_type, stat_result=stat)
    etag, modified = answer.headers["etag"], answer.headers["last-modified"]
    asked = request.headers
    if is_current(asked.get("if-none-match"), etag) or (
        "if-none-match" not in asked and _is_unmodified_since(asked.get("if-modified-since"), modified)
    ):
        kept = {name: answer.headers[name] for name in ("cache-control", "etag", "last-modified")}
        return Response(status_code=304, headers=kept)
    if request.method == "GET" and asked.get("if-range", etag) in (etag, modified):
        answer.ranges = sensible_ranges(asked.get("range"), stat.st_size)
    return answer


def sensible_ranges(asked: str | None, size: int) -> str | None:
    """A ``Range`` with those ranges that are in a file of ``size`` bytes; ``None`` where it is none, or malformed.

    Raises :class:`HTTPException` (416) where it is well formed, and all of it lies beyond the end.
    """
    match = _RANGES.fullmatch((asked or "").strip())
    # nothing of an empty file is a part of it
    if match is None or size == 0:
        return None
    parts = [part.strip(" \t") for part in match[1].split(",") if part.strip(" \t")]
    if not 0 < len(parts) <= _MOST_RANGES:
        return None
    found = []
    for part in parts:
        one = _ONE.fullmatch(part)
        if one is None or part == "-" or (one[1] and one[2] and int(one[2]) < int(one[1])):
            return None
        start = int(one[1]) if one[1] else max(size - int(one[2]), 0)
        end = min(int(one[2]), size - 1) if one[1] and one[2] else size - 1
        if start < size:
            found.append(f"{start}-{end}")
    if not found:
        raise HTTPException(
            f"The file has {size} bytes; there is nothing of it in {asked}.",
            status_code=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return f"bytes={','.join(found)}"


def _is_unmodified_since(asked: str | None, modified: str) -> bool:
    """Whether the file is no newer than an ``If-Modified-Since`` says; a date that cannot be read says nothing."""
    since = None if asked is None else _date(asked)
    last = _date(modified)
    return since is not None and last is not None and last <= since


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
