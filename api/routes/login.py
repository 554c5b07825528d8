"""Logging in with a token, for browsers: the client itself knows nothing of tokens."""

from __future__ import annotations

import html
import time
from typing import Annotated, Any, Final

from litestar import Request, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter
from litestar.response import Redirect, Response
from msgspec import Struct

from api.access import COOKIE, SCOPE, Access, address_of
from core.access import end_session, open_session
from core.db.tables import utc_now

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pictallion: log in</title><style>
body{{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0;
background:Canvas;color:CanvasText;color-scheme:light dark}}
form{{display:grid;gap:.8rem;width:min(24rem,90vw)}} input,button{{font:inherit;padding:.5rem}} p{{margin:0}}
[role=alert]{{color:#c00}}</style></head><body><form method="post" action="/login">
<h1>Pictallion</h1>{problem}
<label for="token">Your token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input name="next" type="hidden" value="{next}">
<button>Log in</button>
<p><small>Whoever keeps this server makes one with <code>pictallion token create NAME</code>.</small></p>
</form></body></html>"""

#: The page needs nothing from anywhere, and nobody may put it into a frame.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
}


MAX_FORM: Final = 16 << 10
"""Bytes of what the form sends. Whoever has no token yet may send it, and each empty field takes hundreds in memory."""


class Login(Struct):
    """What the form sends."""

    token: str = ""
    next: str = "/"


@get("/login", opt={SCOPE: None}, include_in_schema=False)
async def show_login(next_path: Annotated[str, QueryParameter(name="next")] = "/") -> Response[str]:
    """The page that asks for a token."""
    return _page(next_path)


@post("/login", opt={SCOPE: None}, include_in_schema=False, status_code=303, request_max_body_size=MAX_FORM)
async def log_in(
    request: Request[None, None, State],
    access: NamedDependency[Access],
    data: Annotated[Login, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Opens a session for the holder of a token and goes on to where they wanted to go."""
    address = address_of(request)
    access.refuse_guessing(address)
    async with access.database.write() as connection:
        opened = await open_session(connection, data.token.strip(), access.rules.session_lifetime, utc_now())
    if opened is None:
        access.failures.failed(address, time.monotonic())
        return _page(data.next, "That is no token of this server.", status_code=401)
    secret, _ = opened
    cookie = Cookie(
        COOKIE,
        value=secret,
        max_age=int(access.rules.session_lifetime.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return Redirect(_own_path(data.next), status_code=303, cookies=[cookie])


@post("/logout", opt={SCOPE: None}, include_in_schema=False, status_code=303)
async def log_out(request: Request[None, None, State], access: NamedDependency[Access]) -> Redirect:
    """Ends the browser's session."""
    if (secret := request.cookies.get(COOKIE)) is not None:
        async with access.database.write() as connection:
            await end_session(connection, secret)
        access.forget()
    return Redirect("/login", status_code=303, cookies=[Cookie(COOKIE, value="", max_age=0)])


def _page(next_path: str, problem: str = "", status_code: int = 200) -> Response[str]:
    shown = f'<p role="alert">{html.escape(problem)}</p>' if problem else ""
    text = _PAGE.format(problem=shown, next=html.escape(_own_path(next_path), quote=True))
    return Response(text, media_type="text/html", status_code=status_code, headers=_HEADERS)


def _own_path(path: str) -> str:
    """The path, if it is one of this server; a browser takes ``//host`` and ``/\\host`` for another one."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and path.isascii()
    return path if is_own else "/"
