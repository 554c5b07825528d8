"""Which connections are kept? Those on which something is asked or answered.

uvicorn waits for ever for the rest of a request line and its headers, for a body that nobody reads any more and for a
client that does not take what it is sent, and takes as many connections as the system has room for, which then has
none for files.
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

READER_SECONDS: Final = 300.0
"""So long a client may take for each…"""

PIECE_BYTES: Final = 16 << 10
"""…of so many bytes of an answer, once it takes less than comes.

Meanwhile a file costs a connection and one chunk, a list all of its memory. A player that is paused for longer asks for
the rest with ``Range`` when it goes on, as it does after every connection that is lost."""

MOST_CONNECTIONS: Final = 512
"""In all: half of the files that a process may have open by default."""

MOST_OF_ONE: Final = 256
"""From one address; a browser opens six. This machine is not counted: a proxy may ask for many from here."""


class KeptConnection(H11Protocol):
    """A connection that is given up when nothing is asked on it, or nothing taken of what is answered."""

    quiet_seconds = QUIET_SECONDS
    reader_seconds = READER_SECONDS
    _last_cycle: Any = None
    _look: asyncio.TimerHandle | None = None
    _reader_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_too_many():
            log.debug("a connection was refused: there are too many", client=self.client)
            transport.abort()
            return
        self._look = self.loop.call_later(self.quiet_seconds, self._give_up_if_quiet)

    def connection_lost(self, exc: Exception | None) -> None:
        for look in (self._look, self._reader_look):
            if look is not None:
                look.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        if self._reader_look is not None:
            self._reader_look.cancel()
        super().resume_writing()

    def _wait_for_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._reader_look = self.loop.call_later(self.reader_seconds, self._give_up_if_not_read, left)

    def _give_up_if_not_read(self, left: int) -> None:
        """``left`` is what the client had not taken the last time. While it is that much, nothing is added to it."""
        if left - self.transport.get_write_buffer_size() < PIECE_BYTES:
            log.debug("a connection was closed whose client takes nothing", client=self.client)
            self.transport.abort()
            return
        self._wait_for_reader()

    def _is_too_many(self) -> bool:
        if len(self.connections) > MOST_CONNECTIONS:
            return True
        address = self.client[0] if self.client else ""
        if address.startswith("127.") or address in ("", "::1"):
            return False
        clients = [other.client for other in self.connections if isinstance(other, KeptConnection)]
        return sum(client is not None and client[0] == address for client in clients) > MOST_OF_ONE

    def _give_up_if_quiet(self) -> None:
        is_complete = self.cycle is None or self.cycle.response_complete
        is_between = is_complete and not self.flow.write_paused  # else the client is still taking the answer
        if is_between and self.cycle is self._last_cycle:
            log.debug("a connection was closed on which nothing was asked", client=self.client)
            self.transport.abort()
            return
        self._last_cycle = self.cycle if is_between else None
        self._look = self.loop.call_later(self.quiet_seconds, self._give_up_if_quiet)
