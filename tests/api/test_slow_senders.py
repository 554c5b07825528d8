"""Who sends a body a byte at a time, or stops in the middle of it, holds nothing for long and stops nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from api.patience import Patience
from core.db.engine import Database
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, Library, open_library

ASTRONAUT = (FIXTURES / "astronaut.jpg").read_bytes()
PATIENCE = Patience(seconds=0.5, piece=1 << 10)

FILE = b'--B\r\nContent-Disposition: form-data; name="files"; filename="%b.jpg"\r\n\r\n'
UPLOAD = b"POST /api/upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B"
SEARCH = b"POST /api/photos/search HTTP/1.1\r\nContent-Type: application/json"


@pytest.fixture
async def impatient(
    sqlite_database: Database, tmp_path: Path, with_cache: Callable[[Layout], None]
) -> AsyncIterator[Library]:
    """A library that waits half a second for each KiB."""
    async with open_library(sqlite_database, tmp_path / "data", patience=PATIENCE) as opened:
        with_cache(opened.bench.layout)
        yield opened


class Sender:
    """A client that takes its time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, library: Library, head: bytes, begin: bytes = b"", length: int = 9_999_999) -> Sender:
        reader, writer = await asyncio.open_connection(library.http.base_url.host, library.http.base_url.port)
        writer.write(b"%b\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (head, length, begin))
        await writer.drain()
        return cls(reader, writer)

    async def trickle(self) -> None:
        """Sends a letter now and then, until the server has had enough."""
        while not self.reader.at_eof():
            self.writer.write(b" ")
            await asyncio.sleep(PATIENCE.seconds / 20)

    async def answer(self) -> tuple[int, dict[str, str]]:
        """Status and body of the answer, after which the server closes the connection.

        Read as clients do, by its length: who still sends when the connection is closed may find it reset.
        """
        async with asyncio.timeout(60):
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split()[0])
            body = await self.reader.readexactly(length)
        self.writer.close()
        assert b"connection: close" in head
        return int(head.split()[1]), json.loads(body)


def left_in_temp(library: Library) -> list[Path]:
    return [path for path in library.bench.layout.temp.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "head, begin", [(UPLOAD, FILE % b"one" + bytes(3 << 20)), (UPLOAD, b""), (SEARCH, b'{"query":')]
)
@pytest.mark.parametrize("is_silent", [True, False])
async def test_a_body_that_does_not_come_is_given_up(
    impatient: Library, head: bytes, begin: bytes, is_silent: bool
) -> None:
    sender = await Sender.open(impatient, head, begin)
    trickling = asyncio.create_task(asyncio.sleep(0) if is_silent else sender.trickle())
    status, body = await sender.answer()
    trickling.cancel()
    assert status == 408
    assert body["message"] == body["error"]
    assert "too slowly" in body["message"]
    assert left_in_temp(impatient) == []


async def test_what_was_complete_before_is_in_the_library(impatient: Library) -> None:
    begin = FILE % b"one" + ASTRONAUT + b"\r\n" + FILE % b"two" + bytes(3 << 20)
    status, _ = await (await Sender.open(impatient, UPLOAD, begin)).answer()
    assert status == 408
    (photo,) = (await impatient.http.get("/api/photos")).json()
    assert photo["mediaAsset"]["originalFilename"] == "one.jpg"
    assert left_in_temp(impatient) == []


async def test_who_is_slow_but_steady_arrives(impatient: Library) -> None:
    content = FILE % b"slow" + ASTRONAUT[: 20 << 10] + b"\r\n--B--\r\n"
    sender = await Sender.open(impatient, UPLOAD.replace(b"1.1", b"1.0"), length=len(content))
    for begin in range(0, len(content), 1 << 10):
        sender.writer.write(content[begin : begin + (1 << 10)])
        await asyncio.sleep(PATIENCE.seconds / 10)  # twenty pieces: twice the patience for one
    head, _, body = (await sender.reader.read()).partition(b"\r\n\r\n")
    sender.writer.close()
    assert int(head.split()[1]) == 200
    assert json.loads(body)["results"][0]["filename"] == "slow.jpg"


async def test_many_slow_senders_stop_nobody(impatient: Library) -> None:
    # all that is sent is read before the patience ends: with more on its way, a closed connection is reset
    senders = [await Sender.open(impatient, UPLOAD, FILE % b"one" + bytes(256 << 10)) for _ in range(40)]
    answer = await impatient.http.post("/api/upload", files=[("files", ("quick.jpg", ASTRONAUT))])
    assert answer.json()["results"][0]["status"] == "success"
    assert {status for status, _ in await asyncio.gather(*(each.answer() for each in senders))} == {408}
    assert left_in_temp(impatient) == []


async def test_a_sender_who_hangs_up_in_a_body_is_no_error_of_the_server(
    impatient: Library, capfd: pytest.CaptureFixture[str]
) -> None:
    sender = await Sender.open(impatient, SEARCH, b'{"query":')
    sender.writer.close()
    await sender.writer.wait_closed()
    assert (await impatient.http.get("/api/stats")).status_code == 200
    assert "Traceback" not in "".join(capfd.readouterr())
