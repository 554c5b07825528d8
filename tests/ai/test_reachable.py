"""Whoever may choose an address cannot make this machine ask where it should not."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from core import outgoing
from core.ai import reachable
from core.ai.reachable import ollama_answers, openai_takes
from core.outgoing import problem_with, problem_with_host


@dataclass
class Asked:
    """A server on this machine, and what it was asked."""

    url: str = ""
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@contextmanager
def server(status: int = 200, location: str | None = None) -> Iterator[Asked]:
    """A server that answers everything with ``status``."""
    asked = Asked()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            asked.keys.append(self.headers.get("authorization"))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        asked.url = f"http://127.0.0.1:{running.server_address[1]}"
        try:
            yield asked
        finally:
            running.shutdown()
            thread.join()


async def test_a_server_that_lists_its_models_answers() -> None:
    with server() as ollama:
        assert await ollama_answers(ollama.url)
        assert await ollama_answers(f"{ollama.url}/below/")
    assert ollama.paths == ["/api/tags", "/below/api/tags"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nobody_is_followed_to_another_address(status: int) -> None:
    with server() as inner, server(status, f"{inner.url}/api/tags") as outer:
        assert not await ollama_answers(outer.url)
        assert not await openai_takes("sk-secret", outer.url)
    assert outer.paths == ["/api/tags", "/models"]
    assert inner.paths == []


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_an_error_is_no_answer(status: int) -> None:
    with server(status) as ollama:
        assert not await ollama_answers(ollama.url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:70/_",
        "data:text/plain,x",
        "unix:///var/run/docker.sock",
        "//127.0.0.1",
        "127.0.0.1:11434",
        "http://",
        "http://user:password@127.0.0.1",
        "http://127.0.0.1:99999",
        "http://[::1",
        "",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]",
        "http://[fe80::1%25eth0]",
        "http://[::ffff:169.254.169.254]",
        "http://[64:ff9b::169.254.169.254]",
        "http://[2002:a9fe:a9fe::]",
        "http://[fd00:ec2::254]",
        "http://100.100.100.200",
        "http://168.63.129.16",
        "http://0.0.0.0",
        "http://[::]",
        "http://224.0.0.1",
        "http://169.254.169.254./",
        "http://169.254.169.254%00.example/",
        "http://\uff11\uff16\uff19.254\u3002169.254/",
        "http://x y/",
        "http://a\r\nb/",
        "http://a/b\tc",
        "http://a/b c",
        "\x01http://a/",
        "http://a..b/",
        f"http://{'a' * 64}.example/",
        "http://a\x7f/",
    ],
)
async def test_an_address_that_is_not_asked_is_told_and_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problem_with(url) is not None
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was asked"))
    assert not await ollama_answers(url)


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xa9.254.43518", "169.254.43518", "0", "0x0"]
)
async def test_an_address_in_disguise_is_not_asked(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver reads these as 169.254.169.254 and 0.0.0.0."""
    assert problem_with(f"http://{host}/") == "is one that machines keep secrets at"
    assert problem_with_host(f"{host}.") == "is an address that machines keep secrets at"
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was asked"))
    assert not await ollama_answers(f"http://{host}")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434",
        "http://127.1:11434/v1",
        "https://nas.local./v1",
        "http://my_nas:1234",
        "http://[::1]:11434",
        "http://m\xfcnchen.example/v1",
        "https://example.org/a?b=c%20d",
    ],
)
def test_an_address_that_may_be_asked_is_taken(url: str) -> None:
    assert problem_with(url) is None


async def test_a_name_is_judged_by_the_address_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that first leads here and then to a secret leads nowhere the second time."""
    with server() as ollama:
        port = int(ollama.url.rpartition(":")[2])
        told = iter(["127.0.0.1", "169.254.169.254"])

        def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(told), port))]

        monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
        assert await ollama_answers(f"http://rebinding.example:{port}")
        assert not await ollama_answers(f"http://rebinding.example:{port}")
    assert ollama.paths == ["/api/tags"]


async def test_a_server_that_never_answers_is_waited_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachable, "PATIENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not await ollama_answers(f"http://127.0.0.1:{silent.getsockname()[1]}")
