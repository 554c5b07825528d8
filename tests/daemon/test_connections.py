"""Connections on which nothing is asked, or nothing taken, are not kept, and never keep others out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvicorn

from daemon import connections
from daemon.connections import KeptConnection

MUCH = 24 << 20
"""Bytes that no system takes for a client that does not read."""


class _Impatient(KeptConnection):
    quiet_seconds = 0.3
    reader_seconds = 1.5


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _slowly(scope: dict[str, object], receive: object, send: object) -> None:
    """Answers a while later, without having looked at the body."""
    assert callable(send)
    await asyncio.sleep(1.0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class _Much:
    """Answers with more than anybody takes in one go, in chunks or at once."""

    def __init__(self, chunk: int) -> None:
        self.chunk = chunk

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % MUCH)]})
        for sent in range(self.chunk, MUCH + 1, self.chunk):
            await send({"type": "http.response.body", "body": bytes(self.chunk), "more_body": sent < MUCH})


@asynccontextmanager
async def _serving(
    app: Callable[..., Awaitable[None]] = _slowly, http: type[_Impatient] = _Impatient
) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, log_config=None, http=http, lifespan="off")
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def _open(port: int, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    return reader, writer


async def _all(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other end closes."""
    received = b""
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(1 << 16):
                received += piece
    return received


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a"])
async def test_a_connection_on_which_nothing_is_asked_is_closed(sent: bytes) -> None:
    async with _serving() as port:
        reader, writer = await _open(port, sent)
        assert await _all(reader) == b""
        writer.close()


async def test_headers_that_come_a_letter_at_a_time_are_given_up() -> None:
    async with _serving() as port:
        reader, writer = await _open(port, b"GET / HTTP/1.1\r\n")

        async def trickle() -> None:
            while True:
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        assert await _all(reader) == b""
        trickling.cancel()
        writer.close()


async def test_a_body_that_nobody_reads_does_not_keep_a_connection() -> None:
    async with _serving() as port:
        reader, writer = await _open(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n")

        async def trickle() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        assert (await _all(reader)).endswith(b"ok")
        trickling.cancel()
        writer.close()


async def test_an_answer_that_takes_longer_is_waited_for() -> None:
    async with _serving() as port:
        reader, writer = await _open(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await _all(reader)).endswith(b"ok")
        writer.close()


@pytest.mark.parametrize("chunk", [1 << 18, MUCH])
async def test_a_client_that_takes_nothing_is_given_up(chunk: int) -> None:
    is_given_up = asyncio.Event()

    class Watched(_Impatient):
        def connection_lost(self, exc: Exception | None) -> None:
            is_given_up.set()
            super().connection_lost(exc)

    async with _serving(_Much(chunk), Watched) as port:
        reader, writer = await _open(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(30):
            await is_given_up.wait()
        assert len(await _all(reader)) < MUCH
        writer.close()


@pytest.mark.parametrize("chunk", [1 << 18, MUCH])
async def test_a_client_that_takes_its_time_gets_all(chunk: int) -> None:
    async with _serving(_Much(chunk)) as port:
        reader, writer = await _open(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        left, began = MUCH, asyncio.get_running_loop().time()
        while left:
            # longer in all than the server waits for one piece, and than it keeps a connection that is quiet
            is_early = asyncio.get_running_loop().time() - began < 2 * _Impatient.reader_seconds
            taken = await reader.read(min(left, 64 << 10 if is_early else left))
            assert taken, f"{left} bytes were not sent"
            left -= len(taken)
            await asyncio.sleep(0.05 if is_early else 0)
        assert head.startswith(b"HTTP/1.1 200")
        writer.close()


async def test_there_are_no_more_connections_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    asked = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    async with _serving() as port:
        opened = [await _open(port, asked) for _ in range(6)]
        answers = [await _all(reader) for reader, _ in opened]
        assert [answer.endswith(b"ok") for answer in answers] == [True] * 3 + [False] * 3
        again, writer = await _open(port, asked)
        assert (await _all(again)).endswith(b"ok")
        for each in (writer, *(writer for _, writer in opened)):
            each.close()
