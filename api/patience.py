"""How long does a body take that nobody sends?

Who sends a letter a minute holds a task, a connection and, in an upload, a file on disk. Each piece of a body buys time
for the next one; only the time in which the server waits is counted, never the time in which it works on what it has.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from litestar.exceptions import ClientException, HTTPException
from litestar.types import HTTPReceiveMessage, Receive

WAIT_SECONDS: Final = 60.0
"""So long the server waits in all for each…"""

PIECE_BYTES: Final = 16 << 10
"""…of so many bytes. 270 bytes a second are less than the slowest phone line sends, and a train is out of its tunnel
in less than a minute."""


@dataclass(frozen=True)
class Patience:
    """``seconds`` that the server waits for each ``piece`` of a body, in bytes."""

    seconds: float = WAIT_SECONDS
    piece: int = PIECE_BYTES


class PatientReceive:
    """An ASGI ``receive`` for a request with a body; after the body it waits for as long as it takes.

    Raises an exception of status 408 where the patience ends, and of 400 where the sender hangs up within the body.
    """

    def __init__(self, receive: Receive, patience: Patience) -> None:
        self._receive = receive
        self._patience = patience
        self._seconds_left = patience.seconds
        self._piece = 0
        self._is_complete = False

    async def __call__(self) -> HTTPReceiveMessage:
        if self._is_complete:
            return await self._receive()  # type: ignore[return-value]  # of a websocket there is none
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds_left):
                message: HTTPReceiveMessage = await self._receive()  # type: ignore[assignment]
        except TimeoutError:
            raise HTTPException(
                f"The body came too slowly: less than {self._patience.piece} bytes within "
                f"{self._patience.seconds:g} seconds. Nothing of it was kept but the files that were complete.",
                status_code=408,
                headers={"Connection": "close"},
            ) from None
        self._seconds_left = max(self._seconds_left - (time.monotonic() - began), 0.0)
        if message["type"] == "http.disconnect":
            raise ClientException("The sender hung up before the body was complete.")
        self._is_complete = not message.get("more_body", False)
        self._piece += len(message["body"])
        if self._piece >= self._patience.piece:
            self._piece, self._seconds_left = 0, self._patience.seconds
        return message
