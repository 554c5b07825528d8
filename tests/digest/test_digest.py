"""The night on one page: what it says, and that it arrives at a real web server and a real mail server."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import insert
from structlog.testing import capture_logs

from core.audit.damage import note
from core.audit.read_back import Outcome
from core.config.schema import Digest as Told
from core.db.tables import AssetHistory, FileVersion, LedgerEntry, MediaAsset, Person, WatchRoot, new_id, utc_now
from core.digest.gather import Digest, gather
from core.digest.page import page, subject
from core.passes.digest import DIGEST
from core.passes.runner import Runner, Wanted
from core.passes.runs import Run, open_run
from core.passes.shape import Progress, Tools
from tests.passes.conftest import opened_tools, settings_of


@pytest.fixture
async def tools(sqlite_database: Any, tmp_path: Path) -> AsyncIterator[Tools]:
    async with opened_tools(sqlite_database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def both_tools(database: Any, tmp_path: Path) -> AsyncIterator[Tools]:
    async with opened_tools(database, tmp_path) as opened:
        yield opened


async def a_night(tools: Tools) -> None:
    """Two new photos, one of them described; a damaged file, a frozen folder and a file in quarantine."""
    async with tools.bench.database.write() as connection:
        for number in range(2):
            asset, version = new_id(), new_id()
            await connection.execute(insert(MediaAsset).values(id=asset, original_filename="a.jpg"))
            values = {"tier": "silver", "file_hash": "0" * 32, "file_size": 1, "mime_type": "image/jpeg"}
            path = f"media/silver/2025/08/{number}.jpg"
            await connection.execute(
                insert(FileVersion).values(id=version, media_asset_id=asset, file_path=path, **values)
            )
        described = {"media_asset_id": asset, "action": "AI_PROCESSED", "details": "It was described."}
        await connection.execute(insert(AssetHistory), [described, described])
        await note(connection, version, Outcome.DIFFERS, None, utc_now())
        root = {"name": "phone", "path": "/phone", "mount_point": "/", "frozen_reason": "Its disk is not there."}
        await connection.execute(insert(WatchRoot).values(**root))
        entry = {"root": "phone", "path": "b.jpg", "state": "quarantined", "size": 1, "mtime_ns": 1, "ctime_ns": 1}
        await connection.execute(insert(LedgerEntry).values(**entry, inode="1", reason="It took three workers down."))


async def ran(tools: Tools, told: Told | None = None) -> Run:
    settings = settings_of(tools.bench.layout.data_dir, digest=told or Told())
    return await Runner(replace(tools, settings=settings), [DIGEST]).run(Wanted("digest"))


async def test_it_tells_what_happened_what_waits_and_what_is_wrong(both_tools: Tools) -> None:
    await a_night(both_tools)
    run = await ran(both_tools)
    digest = run.progress.report["digest"]
    assert (digest["takenIn"], digest["described"], digest["changed"]) == (2, 1, 0)
    assert {trouble["kind"] for trouble in digest["troubles"]} == {"root", "damage", "quarantine", "file"}
    assert "phone is frozen: Its disk is not there." in [trouble["sentence"] for trouble in digest["troubles"]]
    again = (await ran(both_tools)).progress.report["digest"]
    assert (again["takenIn"], again["described"]) == (0, 0)
    assert again["since"] == digest["until"]
    async with both_tools.bench.database.read() as connection:
        week = await gather(connection, both_tools.bench.layout.locks, utc_now() - timedelta(days=7), utc_now())
    assert week.taken_in == 2


@contextmanager
def web_server(status: int, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[tuple[Any, bytes]]]]:
    """A server that answers everything alike; yields its address and what it was sent."""
    received: list[tuple[Any, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_the_webhook_gets_it_signed(tools: Tools) -> None:
    await a_night(tools)
    with web_server(204) as (address, received):
        run = await ran(tools, Told(webhook=address, webhook_secret="hush"))  # type: ignore[arg-type]
    assert run.progress.report["sent"] == ["webhook"]
    ((headers, body),) = received
    told = json.loads(body)
    assert (told["kind"], told["digest"]["takenIn"]) == ("digest", 2)
    timestamp = headers["X-Pictallion-Timestamp"]
    assert abs(int(timestamp) - time.time()) < 600
    expected = hmac.new(b"hush", timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Pictallion-Signature"] == f"sha256={expected}"


async def test_what_did_not_arrive_is_told_again_the_next_night_and_nobody_is_followed_elsewhere(tools: Tools) -> None:
    await a_night(tools)
    with web_server(200) as (elsewhere, strayed):
        with web_server(302, {"Location": elsewhere}) as (address, _):
            run = await ran(tools, Told(webhook=address))  # type: ignore[arg-type]
        assert run.state == "failed"
        assert "status 302" in (run.reason or "")
        assert strayed == []
        run = await ran(tools, Told(webhook=address))  # type: ignore[arg-type]
        assert "does not answer" in (run.reason or "")
        run = await ran(tools, Told(webhook=elsewhere))  # type: ignore[arg-type]
        assert run.progress.report["digest"]["takenIn"] == 2


@dataclass
class Mails:
    """What a mail server was handed in."""

    port: int = 0
    senders: list[str] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def mail_server(refuses: str = "nobody", farewell: bytes = b"221 bye\r\n") -> AsyncIterator[Mails]:
    """A mail server that speaks as much of RFC 5321 as handing in a mail needs; it knows no address in ``refuses``."""
    mails = Mails()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := await reader.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"MAIL":
                mails.senders.append(line.decode().strip())
            if word == b"RCPT":
                mails.receivers.append(line.decode().strip())
                if refuses in line.decode():
                    writer.write(b"550 nobody here\r\n")
                    continue
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                mails.texts.append((await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n"))
            writer.write(farewell if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mails


async def test_the_mail_says_it_in_plain_words(tools: Tools) -> None:
    await a_night(tools)
    async with tools.bench.database.write() as connection:
        await connection.execute(insert(Person).values(name="Ada"))
    async with mail_server() as mails:
        to = {"mail_to": ("ada@example.org", "bob@example.org"), "mail_from": "photos@example.org"}
        run = await ran(tools, Told(**to, smtp_host="127.0.0.1", smtp_port=mails.port, smtp_security="none"))
    assert run.progress.report["sent"] == ["mail"]
    assert [receiver.partition(":")[2] for receiver in mails.receivers] == ["<ada@example.org>", "<bob@example.org>"]
    message = email.message_from_bytes(mails.texts[0], policy=email.policy.default)
    assert message["Subject"] == "Pictallion: 2 new photos, 4 to look at"
    assert message["From"] == "photos@example.org"
    text = message.get_content()
    assert "2 photos were taken in, 1 described, 0 changed." in text
    assert "phone is frozen: Its disk is not there." in text


async def test_what_a_killed_process_ran_is_not_told_to_be_running(both_tools: Tools) -> None:
    now = utc_now()
    async with both_tools.bench.database.write() as connection:
        await open_run(connection, "verify", "0-dead", Progress({}, 3, 10), now, is_asked=False, is_dry=False)
    digest = msgspec.convert((await ran(both_tools)).progress.report["digest"], Digest)
    assert [(run.name, run.state) for run in digest.passes] == [("verify", "interrupted")]
    assert "  verify: interrupted after 0 s: The process that ran it was killed" in page(digest, "UTC")


def test_one_is_one_and_none_are_many() -> None:
    now = utc_now()
    waiting = dict.fromkeys(("uploadConflicts", "unnamedFaces", "suggestedFaces", "faceGroups"), 1)
    waiting |= {"duplicates": 1, "bursts": 1, "occasions": 2}
    one = Digest(now, now, 1, 0, 0, waiting, [], [])
    assert subject(one) == "Pictallion: 1 new photo"
    assert page(one, "UTC").splitlines()[2:] == [
        "1 photo was taken in, 0 described, 0 changed.",
        "",
        "Waiting for you:",
        "  1 upload that looks like a photo in the library",
        "  1 face without a name",
        "  1 face of which it is known whose it may be",
        "  1 person whom nobody has named",
        "  1 picture that is there more than once",
        "  1 burst that nothing was chosen from",
        "  2 trips and parties that were found",
        "",
        "All is well.",
    ]
    assert subject(structs.replace(one, taken_in=0)) == "Pictallion: 0 new photos"


async def test_a_mail_server_that_refuses_is_told_of(tools: Tools) -> None:
    async with mail_server(refuses="ada") as mails:
        told = Told(mail_to=("ada@example.org",), smtp_host="127.0.0.1", smtp_port=mails.port, smtp_security="none")
        run = await ran(tools, told)
    assert run.state == "failed"
    assert "did not take the digest" in (run.reason or "")


@pytest.mark.parametrize("farewell", [b"", b"421 too late\r\n", b"250 whatever\r\n", b"what?\r\n"])
async def test_a_digest_that_was_taken_is_not_sent_again_for_an_odd_farewell(tools: Tools, farewell: bytes) -> None:
    async with mail_server(farewell=farewell) as mails:
        told = Told(mail_to=("ada@example.org",), smtp_host="127.0.0.1", smtp_port=mails.port, smtp_security="none")
        run = await ran(tools, told)
    assert (run.state, run.progress.report["sent"], len(mails.texts)) == ("done", ["mail"], 1)


async def test_one_receiver_who_is_not_known_is_told_of_and_keeps_it_from_nobody(tools: Tools) -> None:
    async with mail_server(refuses="bob") as mails:
        to = ("ada@example.org", "bob@example.org")
        told = Told(mail_to=to, smtp_host="127.0.0.1", smtp_port=mails.port, smtp_security="none")
        with capture_logs() as lines:
            run = await ran(tools, told)
    assert (run.state, len(mails.texts)) == ("done", 1)
    (line,) = [line for line in lines if line["log_level"] == "warning"]
    assert line["refused"] == {"bob@example.org": "550 nobody here"}


async def test_a_mail_server_is_judged_by_the_address_that_is_connected_to(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may lead where machines keep secrets, and no less so in the night that it is used in."""

    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 587))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was asked"))
    for security in ("starttls", "tls", "none"):
        told = Told(mail_to=("ada@example.org",), smtp_host="mail.example.org", smtp_security=security)  # type: ignore[arg-type]
        run = await ran(tools, told)
        assert run.state == "failed"
        assert "mail.example.org is at 169.254.169.254, which is not asked" in (run.reason or "")


async def test_each_way_is_tried_and_nobody_is_told_twice_because_another_was_down(tools: Tools) -> None:
    await a_night(tools)
    async with mail_server() as mails, mail_server(refuses="ada") as refusing:
        to: dict[str, Any] = {"mail_to": ("ada@example.org",), "smtp_host": "127.0.0.1", "smtp_security": "none"}
        with web_server(200) as (gone, _):
            pass
        run = await ran(tools, Told(webhook=gone, smtp_port=mails.port, **to))  # type: ignore[arg-type]
        assert (run.state, run.progress.report["sent"], len(mails.texts)) == ("failed", ["mail"], 1)
        assert run.reason == (
            "The webhook of [digest] does not answer: Connection refused. It is tried again next night."
        )
        with web_server(200) as (address, received):
            run = await ran(tools, Told(webhook=address, smtp_port=mails.port, **to))  # type: ignore[arg-type]
            assert (run.state, run.progress.report["sent"]) == ("done", ["webhook", "mail"])
        ((_, body),) = received
        assert json.loads(body)["digest"]["takenIn"] == 2
        first, second = (email.message_from_bytes(text, policy=email.policy.default) for text in mails.texts)
        assert (first["Subject"], second["Subject"]) == (
            "Pictallion: 2 new photos, 4 to look at",
            "Pictallion: 0 new photos, 5 to look at",
        )
        run = await ran(tools, Told(webhook=gone, smtp_port=refusing.port, **to))  # type: ignore[arg-type]
        assert (run.state, run.progress.report["sent"]) == ("failed", [])
        assert "does not answer: Connection refused. It" in (run.reason or "")
        assert "did not take the digest: ada@example.org: 550 nobody here. It" in (run.reason or "")


async def test_what_a_person_asks_for_is_told_in_the_morning_all_the_same(tools: Tools) -> None:
    await a_night(tools)
    runner = Runner(tools, [DIGEST])
    asked = await runner.run(Wanted("digest", is_asked=True))
    assert asked.progress.report["digest"]["takenIn"] == 2
    assert (await ran(tools)).progress.report["digest"]["takenIn"] == 2
    assert (await ran(tools)).progress.report["digest"]["takenIn"] == 0


async def test_a_dry_run_tells_nobody(tools: Tools) -> None:
    with web_server(200) as (address, received):
        settings = settings_of(tools.bench.layout.data_dir, digest={"webhook": address})
        runner = Runner(replace(tools, settings=settings), [DIGEST])
        assert (await runner.run(Wanted("digest", is_dry=True))).state == "done"
    assert received == []


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"webhook": "http://169.254.169.254/latest"}, "keep secrets"),
        ({"webhook": "file:///etc/passwd"}, "http"),
        ({"smtp_host": "169.254.169.254"}, "keep secrets"),
        ({"smtp_host": "[::ffff:169.254.169.254]"}, "keep secrets"),
        ({"smtp_host": "fe80::1"}, "keep secrets"),
        ({"smtp_host": "smtp://mail.example.org"}, "name or an address alone"),
        ({"smtp_host": "mail.example.org:25"}, "name or an address alone"),
        ({"mail_to": ["ada"]}, "e-mail address"),
        ({"smtp_host": "mail.example.org", "smtp_user": "a", "smtp_security": "none"}, "everybody"),
    ],
)
def test_where_nothing_may_be_sent_is_refused_at_once(told: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Told(**told)
