"""Who asks, and may they?

Four questions, for every request: does its address ask too much, is it meant for this server (a page of a stranger may
have made a name of its own point here), was it made by a page of ours (a browser sends cookies for anybody's page),
and, where tokens are needed, whose is it and what may they do.
"""

from __future__ import annotations

import ipaddress
import math
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from api.context import AccessRules
from core.access import FailureLimit, Scope, scope_of_session, scope_of_token
from core.db.engine import Database
from core.db.tables import utc_now
from core.rate_limit import RateLimit

COOKIE: Final = "pictallion_session"

SCOPE: Final = "scope"
"""Key in a route's ``opt``: the :class:`core.access.Scope` it needs, ``None`` for everybody. By default reading needs
``READ``, everything else ``WRITE``."""

REMEMBER_SECONDS: Final = 10.0
"""How long it is remembered what a secret may do: so long a token that was revoked may still be used."""

_MOST_REMEMBERED: Final = 1_000
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class LoginNeeded(Exception):
    """A person wants to see a page and has to log in first. ``next_path`` is where they wanted to go, as in a URL."""

    def __init__(self, next_path: str) -> None:
        super().__init__(next_path)
        self.location = f"/login?next={quote(next_path, safe='')}"


@dataclass
class Access:
    """The rules, and what is remembered of those who ask."""

    database: Database
    rules: AccessRules
    failures: FailureLimit = field(default_factory=FailureLimit)
    rate: RateLimit = field(init=False)
    _remembered: dict[tuple[str, str], tuple[float, Scope]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rate = RateLimit(self.rules.requests_per_minute, self.rules.unlimited)

    async def scope_of(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Scope | None:
        """What the one who asks may do; ``None`` for a stranger.

        Raises:
            HTTPException: too many wrong secrets came from this address (429).
        """
        kind, secret = _secret_of(connection)
        if secret is None:
            return None
        own = self.rules.own_secret
        if own is not None and kind == "token" and secrets.compare_digest(secret.encode(), own.encode()):
            return Scope.ADMIN
        now = time.monotonic()
        until, scope = self._remembered.get((kind, secret), (0.0, Scope.READ))
        if until > now:
            return scope
        address = address_of(connection)
        self.refuse_guessing(address)
        async with self.database.read() as database:
            if kind == "token":
                found = await scope_of_token(database, secret)
            else:
                found = await scope_of_session(database, secret, utc_now())
        if found is None:
            self.failures.failed(address, now)
            return None
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[(kind, secret)] = now + REMEMBER_SECONDS, found
        return found

    def refuse_guessing(self, address: str) -> None:
        """Raises for an address from which too many wrong secrets came (429)."""
        wait = self.failures.wait_seconds(address, time.monotonic())
        if wait > 0:
            raise _too_many("Too many wrong tokens came from your address; wait a minute.", wait)

    def count_request(self, address: str) -> None:
        """Raises for an address that asks too much (429)."""
        wait = self.rate.wait_seconds(address, time.monotonic())
        if wait > 0:
            raise _too_many(
                f"More than {self.rules.requests_per_minute} requests a minute came from your address; try again in "
                "a moment. Whoever keeps this server can allow more: requests_per_minute of [server].",
                wait,
            )

    def forget(self) -> None:
        """What was remembered of secrets is asked for anew."""
        self._remembered.clear()


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Lets a request through, or raises what to answer. For the ``guards`` of the application."""
    access: Access = connection.app.state.access
    access.count_request(address_of(connection))
    _refuse_foreign_name(access.rules, connection)
    _refuse_foreign_page(access.rules, connection)
    if not access.rules.needs_token:
        return
    is_reading = connection.scope.get("method") in _READING
    needed = handler.opt.get(SCOPE, Scope.READ if is_reading else Scope.WRITE)
    if needed is None:
        return
    scope = await access.scope_of(connection)
    if scope is None:
        if is_reading and "text/html" in connection.headers.get("accept", ""):
            asked = connection.scope["query_string"].decode("latin-1")
            raise LoginNeeded(quote(connection.scope["path"]) + (f"?{asked}" if asked else ""))
        raise NotAuthorizedException(
            "This needs a token: send it as 'Authorization: Bearer …', or log in at /login.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if scope < needed:
        raise PermissionDeniedException(f"Your token may {scope.label}; this needs one that may {needed.label}.")


def _too_many(sentence: str, wait: float) -> HTTPException:
    """What is answered to an address that has to wait so many seconds."""
    return HTTPException(sentence, status_code=429, headers={"Retry-After": str(math.ceil(wait))})


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address at the other end.

    A proxy on this machine is believed by uvicorn when it says whom it asks for (``X-Forwarded-For``); from elsewhere
    anybody could say so.
    """
    return connection.client.host if connection.client is not None else ""


def _secret_of(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, str | None]:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return "token", token.strip()
    return "session", connection.cookies.get(COOKIE)


def _refuse_foreign_name(rules: AccessRules, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    if rules.hosts is None:
        return
    name = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
    if name == "localhost" or name.endswith(".localhost") or name in rules.hosts or _is_address(name):
        return
    raise PermissionDeniedException(
        f"This server is not called {name}. If it is, write the name into allowed_hosts of [server]."
    )


def _refuse_foreign_page(rules: AccessRules, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    origin = connection.headers.get("origin")
    if origin is None or connection.scope.get("method") in _READING or origin in rules.origins:
        return
    if urlsplit(origin).netloc.lower() != connection.headers.get("host", "").lower():
        raise PermissionDeniedException(
            f"Pages of {origin} may change nothing here. If they are yours, write it into cors_origins of [server]."
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
