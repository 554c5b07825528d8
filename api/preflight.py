"""What is a page of a stranger told that asks whether it may use the API?

Browsers ask before they send anything for a page of another origin (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
The framework answers; where it would refuse, it does so in plain text.
"""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.config.cors import CORSConfig
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from api.errors import problem

_REFUSED: Final = 403


class RefusedPreflight:
    """Answers strangers in the shape of all errors, and lets everybody else through."""

    def __init__(self, app: ASGIApp, config: CORSConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        request = Request[None, None, Any](scope, receive)
        origin = request.headers.get("origin")
        if origin is None or self._config.is_origin_allowed(origin):
            await self._app(scope, receive, send)
            return
        answer = problem(
            _REFUSED,
            f"Pages of {origin} may not use this server. If they are yours, write it into cors_origins of [server].",
        )
        answer.headers["vary"] = "Origin"
        await answer.to_asgi_response(app=None, request=request)(scope, receive, send)
