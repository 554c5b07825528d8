"""What was answered before, and is still true.

Some answers are made of nothing but what is in the database. As long as nothing in there has changed, small ones are
sent again from memory, and a client that has one is told so (304). Whatever a client sees after it, or anybody else,
has changed something is read anew: the mark of :meth:`core.db.engine.Database.revision` is another one then.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from litestar import MediaType, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from api.served_file import is_current
from core.db.engine import Database

FROM_DATABASE: Final = "from_database"
"""Key in a route's ``opt``: its answer depends on the request's address and body, and on the database alone."""

LARGEST: Final = 1 << 20
"""Bytes of an answer that is remembered; what is larger is read anew, unless the client has it."""

REMEMBERED: Final = 8 << 20
"""Bytes of all that is remembered, of one state of the database."""

_LARGEST_BODY: Final = 16 << 10
_QUESTION: Final = "question"
_CACHE_CONTROL: Final = "private, no-cache"
"""Browsers may keep it, and ask every time whether it is still true."""

Question: TypeAlias = tuple[str, str, bytes, bytes, bytes]
"""Mark of the database, method, path, query, body."""


def question_of(request: Request[Any, Any, Any]) -> Question | None:
    """What is asked, of which state of the database; ``None`` where that is not known."""
    question: Question | None = request.scope["state"].get(_QUESTION)
    return question


class KnownAnswers:
    """Answers of one state of the database, those used last; in one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # marks are told from those of an earlier start, and of an earlier program that answered otherwise
        self._start = secrets.token_bytes(8)
        self._mark = ""
        self._answers: OrderedDict[Question, bytes] = OrderedDict()
        self._bytes = 0

    async def answer(self, request: Request[Any, Any, Any]) -> Response[bytes | None] | None:
        """The answer, if it is known; ``None`` where it has to be made. For ``before_request``, after the guards."""
        if not request.route_handler.opt.get(FROM_DATABASE):
            return None
        is_get = request.method == "GET"
        body = b"" if is_get else await request.body()
        if len(body) > _LARGEST_BODY:
            return None
        mark = await self._database.revision()
        if mark is None:
            return None
        if mark != self._mark:
            self._mark, self._bytes = mark, 0
            self._answers.clear()
        question = mark, request.method, request.scope["raw_path"], request.scope["query_string"], body
        tag = self._tag(question)
        headers = {"etag": tag, "cache-control": _CACHE_CONTROL} if is_get else {}
        if is_get and is_current(request.headers.get("if-none-match"), tag.removeprefix("W/")):
            return Response(None, status_code=304, headers=headers)
        known = self._answers.get(question)
        if known is not None:
            self._answers.move_to_end(question)
            return Response(known, media_type=MediaType.JSON, headers=headers)
        request.scope["state"][_QUESTION] = question
        return None

    async def remember(self, message: Message, scope: Scope) -> None:
        """Remembers an answer that is being sent, and marks it for the client. For ``before_send``."""
        question: Question | None = scope["state"].get(_QUESTION)
        if question is None:
            return
        if message["type"] == "http.response.start":
            if message["status"] != 200:
                del scope["state"][_QUESTION]
            elif question[1] == "GET":
                headers = MutableScopeHeaders(message)
                headers["etag"] = self._tag(question)
                headers["cache-control"] = _CACHE_CONTROL
            return
        if message["type"] == "http.response.body":
            del scope["state"][_QUESTION]
            if not message.get("more_body", False) and question[0] == self._mark:
                self._keep(question, message["body"])

    def _keep(self, question: Question, answer: bytes) -> None:
        if len(answer) > LARGEST or question in self._answers:
            return
        self._answers[question] = answer
        self._bytes += len(answer)
        while self._bytes > REMEMBERED:
            self._bytes -= len(self._answers.popitem(last=False)[1])

    def _tag(self, question: Question) -> str:
        """Of its address, too: no answer to another question is taken for one to this."""
        digest = blake2b("\0".join(map(repr, question)).encode(), digest_size=12, key=self._start)
        return f'W/"{digest.hexdigest()}"'
