"""A server on this machine that speaks Ollama's and OpenAI's protocols, well or badly, and remembers what it was asked.

It stands in a thread of the test, so that a daemon in another process can ask it too::

    with model_server() as server:
        server.fault = Fault.TOO_MANY
        ...
        assert [asked.path for asked in server.asked] == ["/api/generate"]
"""

from __future__ import annotations

import base64
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VISION, TEXT, GPT = "llava:latest", "llama3.2:latest", "gpt-4o"
KEY = "sk-right"

SAID: dict[str, Any] = {
    "aiTags": ["beach", "children", "summer", "joy", "sea"],
    "shortDescription": "Two children build a sand castle",
    "longDescription": "On a bright day two children kneel in the sand and build a castle with a moat.",
    "detectedObjects": [{"name": "bucket", "confidence": 0.9, "boundingBox": [10, 20, 30, 40]}],
    "detectedFaces": [],
    "detectedEvents": [{"eventType": "holiday", "eventName": "Beach holiday", "confidence": 0.8}],
    "placeName": None,
    "gpsCoordinates": None,
    "aiConfidenceScores": {"tags": 0.9, "description": 0.8, "objects": 0.9, "faces": 0, "events": 0.8, "place": 0},
}
NAMED = {"description": "SandCastle"}
WRITTEN = {
    "shortDescription": "Ben and Anna build a castle at the sea",
    "longDescription": "Ben, five, and his mother Anna spent the afternoon at the sea building the largest castle yet.",
}


class Fault(StrEnum):
    """What a server can do wrong when a model is asked."""

    SLOW = "does not answer"
    HANG = "stops in the middle of its answer"
    TRICKLE = "sends a byte now and then"
    ENDLESS = "never stops sending"
    BOMB = "sends a small body that unpacks to a large one"
    DROPPED = "hangs up"
    BROKEN = "answers 500"
    OVERLOADED = "answers 503 with Retry-After: 7"
    TOO_MANY = "answers 429 with Retry-After: 7"
    NO_CREDIT = "answers 429 because nothing is left to spend"
    WRONG_KEY = "answers 401"
    FORBIDDEN = "answers 403"
    LIES = "lists a model and does not have it"
    NO_PICTURES = "has a model that takes no pictures"
    BAD_PICTURE = "does not take this picture"
    REDIRECT = "sends elsewhere"
    WEB_PAGE = "answers with a page for people"
    GARBAGE = "lets the model talk nonsense"
    HALF = "lets the model stop in the middle of its JSON"
    WRONG_TYPES = "lets the model put numbers where texts belong"
    EMPTY = "lets the model say nothing"
    NO_SCHEMA = "refuses JSON schemas"
    NO_JSON = "refuses every format"
    OTHER_LIMIT = "refuses max_tokens"


@dataclass(frozen=True)
class Asked:
    """A request: ``body`` is its JSON, ``pictures`` are the JPEGs in it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    pictures: list[bytes]

    @property
    def text(self) -> str:
        """All that the model is told, pictures left out."""
        if "prompt" in self.body:
            return f"{self.body.get('system') or ''}\n{self.body['prompt']}"
        parts = [message["content"] for message in self.body.get("messages", [])]
        return "\n".join(
            part if isinstance(part, str) else "\n".join(each.get("text", "") for each in part) for part in parts
        )


def say(asked: Asked) -> Any:
    """What a model that does as it is told answers."""
    if asked.pictures:
        return SAID
    return WRITTEN if "longDescription" in json.dumps(asked.body) else NAMED


@dataclass
class ModelServer:
    """The server. ``fault`` holds for every request until it is changed, ``faults`` for one request each, first.

    ``connections`` are how many were opened, ``received`` the bytes that came. Every request sets ``arrived``; none is
    answered before ``hold`` is set, where there is one. ``remote_host`` makes every model of Ollama one that runs
    elsewhere. ``answer`` is what models say: text, or something that becomes JSON.
    """

    url: str = ""
    fault: Fault | None = None
    faults: list[Fault | None] = field(default_factory=list)
    answer: Callable[[Asked], Any] = say
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    received: int = 0
    models: list[str] = field(default_factory=lambda: [VISION, TEXT])
    remote_host: str = ""
    redirect_to: str = ""
    hold: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def questions(self) -> list[Asked]:
        """The requests that ask a model."""
        return [each for each in self.asked if each.path in ("/api/generate", "/v1/chat/completions")]


@contextmanager
def model_server(host: str = "127.0.0.1") -> Iterator[ModelServer]:
    """A server on a free port of this machine."""
    state = ModelServer()

    class Handler(_Handler):
        server_state = state

    with _Server((host, 0), Handler) as running:
        state.url = f"http://{host}:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            state.closing.set()
            running.shutdown()
            thread.join()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ModelServer

    def setup(self) -> None:
        super().setup()
        self.server_state.connections += 1

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        state = self.server_state
        asked = self._asked()
        if asked.path == "/api/tags":
            remote = {"remote_host": state.remote_host} if state.remote_host else {}
            self._send(200, {"models": [{"name": name, "model": name, **remote} for name in state.models]})
        elif asked.path == "/v1/models":
            if asked.headers.get("authorization") == f"Bearer {KEY}":
                self._send(200, {"object": "list", "data": [{"id": GPT, "object": "model"}]})
            else:
                self._send(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
        else:
            self._send(404, {"error": "not found"})

    def do_POST(self) -> None:
        asked = self._asked()
        state = self.server_state
        if state.hold is not None:
            state.hold.wait(60)
        if asked.path == "/api/show":
            remote = {"remote_host": state.remote_host, "remote_model": "m"} if state.remote_host else {}
            known = asked.body.get("model") in state.models
            self._send(200 if known else 404, {"details": {}, **remote} if known else {"error": "model not found"})
            return
        fault = state.faults.pop(0) if state.faults else state.fault
        if fault is not None and self._fail(fault, asked):
            return
        if asked.path == "/api/generate":
            self._generate(asked, fault)
        elif asked.path == "/v1/chat/completions":
            self._complete(asked, fault)
        else:
            self._send(404, {"error": "not found"})

    def _asked(self) -> Asked:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server_state.received += len(raw)
        body = json.loads(raw) if raw else {}
        pictures = [base64.b64decode(each) for each in body.get("images") or []]
        for message in body.get("messages", []):
            if not isinstance(message["content"], str):
                urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
                pictures += [base64.b64decode(url.partition(",")[2]) for url in urls]
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, headers, body, pictures)
        self.server_state.asked.append(asked)
        self.server_state.arrived.set()
        return asked

    def _generate(self, asked: Asked, fault: Fault | None) -> None:
        model = asked.body["model"]
        if model not in self.server_state.models or fault is Fault.LIES:
            self._send(404, {"error": f"model '{model}' not found, try pulling it first"})
            return
        counted = {"prompt_eval_count": 700, "eval_count": 90}
        self._send(200, {"model": model, "response": self._said(asked, fault), "done": True, **counted})

    def _complete(self, asked: Asked, fault: Fault | None) -> None:
        model = asked.body["model"]
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            self._send(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
            return
        if model != GPT or fault is Fault.LIES:
            self._send(404, {"error": {"message": f"The model `{model}` does not exist", "code": "model_not_found"}})
            return
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self._said(asked, fault)},
            "finish_reason": "length" if fault is Fault.HALF else "stop",
        }
        counted = {"prompt_tokens": 700, "completion_tokens": 90, "total_tokens": 790}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model}
        self._send(200, {**head, "choices": [choice], "usage": counted})

    def _said(self, asked: Asked, fault: Fault | None) -> str:
        if fault is Fault.GARBAGE:
            return "I am sorry, but as a language model I see colours only. " * 3
        if fault is Fault.EMPTY:
            return ""
        if fault is Fault.WRONG_TYPES:
            return json.dumps({"aiTags": 7, "shortDescription": {"a": 1}, "longDescription": None, "description": 3})
        said = self.server_state.answer(asked)
        text = said if isinstance(said, str) else json.dumps(said)
        return text[: len(text) // 2] if fault is Fault.HALF else text

    def _fail(self, fault: Fault, asked: Asked) -> bool:
        """Does what is wrong on the way of an answer; ``False`` where only what the model says is."""
        wait = self.server_state.closing.wait
        if fault in _STATUSES:
            status, message, headers = _STATUSES[fault]
            self._send(
                status,
                {"error": {"message": message, "code": None}} if "/v1" in asked.path else {"error": message},
                headers,
            )
        elif fault is Fault.REDIRECT:
            self._send(307, {}, {"Location": f"{self.server_state.redirect_to}{asked.path}"})
        elif fault is Fault.DROPPED:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif fault is Fault.SLOW:
            wait(60)
            self.close_connection = True
        elif fault is Fault.WEB_PAGE:
            self._head(200, {"Content-Type": "text/html", "Content-Length": "29"})
            self.wfile.write(b"<html>Welcome, please log in.")
        elif fault is Fault.BOMB:
            self._bomb()
        elif fault in (Fault.HANG, Fault.TRICKLE, Fault.ENDLESS):
            self._go_on(fault)
        elif fault is Fault.NO_SCHEMA and _format(asked) == "schema":
            self._send(400, {"error": {"message": "response_format json_schema is not supported"}})
        elif fault is Fault.NO_JSON and _format(asked):
            self._send(400, {"error": {"message": "response_format is not supported"}})
        elif fault is Fault.OTHER_LIMIT and "max_tokens" in asked.body:
            self._send(400, {"error": {"message": "Unsupported parameter; use 'max_completion_tokens' instead."}})
        else:
            return False
        return True

    def _go_on(self, fault: Fault) -> None:
        self._head(200, {"Content-Type": "application/json"})
        self.close_connection = True
        self.wfile.write(b'{"model": "m", "response": "')
        self.wfile.flush()
        if fault is Fault.HANG:
            self.server_state.closing.wait(60)
        while fault is not Fault.HANG and not self.server_state.closing.wait(0.02 if fault is Fault.TRICKLE else 0):
            self.wfile.write(b"x" if fault is Fault.TRICKLE else b"x" * 65536)
            self.wfile.flush()

    def _bomb(self) -> None:
        import gzip

        packed = gzip.compress(b'{"response": "' + b" " * 30_000_000)
        self._head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(packed))})
        self.wfile.write(packed)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})})
        self.wfile.write(content)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


_STATUSES: dict[Fault, tuple[int, str, dict[str, str]]] = {
    Fault.BROKEN: (500, "model runner has unexpectedly stopped", {}),
    Fault.OVERLOADED: (503, "maximum pending requests exceeded", {"Retry-After": "7"}),
    Fault.TOO_MANY: (429, "Rate limit reached", {"Retry-After": "7"}),
    Fault.NO_CREDIT: (429, "You exceeded your current quota (insufficient_quota)", {}),
    Fault.WRONG_KEY: (401, "Incorrect API key provided", {}),
    Fault.FORBIDDEN: (403, "Country or region not supported", {}),
    Fault.BAD_PICTURE: (400, "Invalid image data", {}),
    Fault.NO_PICTURES: (400, "this model does not support images", {}),
}


def _format(asked: Asked) -> str:
    wanted = asked.body.get("response_format", {}).get("type", "")
    return {"json_schema": "schema", "json_object": "json"}.get(wanted, "")
