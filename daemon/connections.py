"""Which connections are kept? Those on which something is asked or answered.

uvicorn waits for ever for the rest of a request line and its headers, and for a body that nobody reads any more, and
takes as many connections as the system has room for, which then has none for files.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

log = structlog.get_logger()

QUIET_SECONDS: Final = 30.0
"""How long a connection may be between two requests, or within the headers of one; it is looked at so often, so that
twice as long may pass."""

MOST_CONNECTIONS: Final = 512
"""In all: half of the files that a process may have open by default."""

MOST_OF_ONE: Final = 256
"""From one address; a browser opens six. This machine is not counted: a proxy may ask for many from here."""


class KeptConnection(H11Protocol):
    """A connection that is given up when nothing is asked on it."""

    quiet_seconds = QUIET_SECONDS
    _last_cycle: Any = None
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_too_many():
            log.debug("a connection was refused: there are too many", client=self.client)
            transport.abort()
            return
        self._look = self.loop.call_later(self.quiet_seconds, self._give_up_if_quiet)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _is_too_many(self) -> bool:
        if len(self.connections) > MOST_CONNECTIONS:
            return True
        address = self.client[0] if self.client else ""
        if address.startswith("127.") or address in ("", "::1"):
            return False
        clients = [other.client for other in self.connections if isinstance(other, KeptConnection)]
        return sum(client is not None and client[0] == address for client in clients) > MOST_OF_ONE

    def _give_up_if_quiet(self) -> None:
        is_between = self.cycle is None or self.cycle.response_complete
        if is_between and self.cycle is self._last_cycle:
            log.debug("a connection was closed on which nothing was asked", client=self.client)
            self.transport.abort()
            return
        self._last_cycle = self.cycle if is_between else None
        self._look = self.loop.call_later(self.quiet_seconds, self._give_up_if_quiet)
