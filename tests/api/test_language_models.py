"""A language model is chosen in the web interface; it is asked from the next photo on, and its key stays secret."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core.ai import reachable
from core.ai.configured import Choices, Ollama, OpenAi
from core.ai.providers import Providers
from core.compute import LocalCompute
from core.db.engine import Database
from core.db.tables import Face, FileVersion, Person
from core.library.layout import Layout
from tests.ai.model_server import GPT, KEY, SAID, WRITTEN, Fault, ModelServer, model_server
from tests.api.conftest import FIXTURES, Library, open_library

ASTRONAUT = (FIXTURES / "astronaut.jpg").read_bytes()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


@dataclass
class Asked:
    """A library, its photo once it was uploaded, and the server that its models are at."""

    library: Library
    server: ModelServer
    photo_id: str = ""

    async def upload(self) -> None:
        """Gives the library its photo."""
        answer = await self.library.send("POST", "/api/upload", files=[("files", ("portrait.jpg", ASTRONAUT))])
        self.photo_id = answer["results"][0]["versionId"]

    async def choose(self, provider: str, **openai: str) -> None:
        ollama = {"baseUrl": self.server.url}
        body = {"provider": provider, "ollama": ollama, "openai": {"baseUrl": self.server.openai_url, **openai}}
        await self.library.send("POST", "/api/ai/config", json=body)

    async def analysed(self, **body: Any) -> dict[str, Any]:
        answer = await self.library.send("POST", "/api/ai/analyze", json={"photoId": self.photo_id, **body})
        analysis: dict[str, Any] = answer["analysis"]
        return analysis

    async def config(self) -> dict[str, Any]:
        config: dict[str, Any] = await self.library.send("GET", "/api/ai/config")
        return config


@pytest.fixture
async def asked(sqlite_library: Library, server: ModelServer, with_cache: Callable[[Layout], None]) -> Asked:
    with_cache(sqlite_library.bench.layout)
    return Asked(sqlite_library, server)


async def test_a_choice_holds_from_the_next_photo_on(asked: Asked) -> None:
    await asked.choose("ollama")
    connections = asked.server.connections
    await asked.upload()
    assert asked.server.connections == connections  # what comes in waits for no model
    analysis = await asked.analysed()
    assert (analysis["provider"], analysis["shortDescription"]) == ("ollama", SAID["shortDescription"])
    await asked.choose("openai", apiKey=KEY)
    assert (await asked.analysed())["provider"] == "openai"
    assert (await asked.analysed(provider="ollama"))["provider"] == "ollama"
    assert (await asked.analysed(provider="builtin"))["provider"] == "builtin"
    await asked.library.send("POST", "/api/ai/analyze", 400, json={"photoId": asked.photo_id, "provider": "oracle"})
    await asked.library.send("POST", "/api/ai/analyze-batch", 400, json={"photoIds": [], "provider": "oracle"})


async def test_a_photo_is_described_anew_by_the_model(asked: Asked) -> None:
    await asked.upload()
    await asked.choose("ollama")
    await asked.library.send("POST", f"/api/photos/{asked.photo_id}/reprocess")
    photo = await asked.library.send("GET", f"/api/photos/{asked.photo_id}")
    ai = photo["metadata"]["ai"]
    assert (ai["provider"], ai["aiTags"], photo["aiShortDescription"]) == ("ollama", SAID["aiTags"], "SandCastle")
    assert ai["version"].startswith("llava:latest ")
    body = await asked.library.send("POST", "/api/ai/analyze-batch", json={"photoIds": [asked.photo_id]})
    assert body["results"][0]["analysis"]["provider"] == "ollama"
    query = {"photo_id": asked.photo_id, "base_description": "A day out."}
    text = await asked.library.send("POST", "/api/ai/enhance-description", params=query)
    assert SAID["longDescription"] in text["enhanced"]
    asked.server.fault = Fault.LIES
    assert (await asked.analysed())["provider"] == "builtin"
    assert (await asked.library.send("GET", "/api/health"))["ai"] == {"ollama": False, "openai": False}
    asked.server.fault = None
    assert (await asked.analysed())["provider"] == "builtin"
    await asked.library.send("POST", "/api/ai/test")  # who was left alone is asked again
    assert (await asked.analysed())["provider"] == "ollama"


async def test_what_a_person_says_while_a_model_thinks_stays(asked: Asked) -> None:
    await asked.upload()
    await asked.choose("ollama")
    asked.server.arrived.clear()
    asked.server.hold = threading.Event()
    task = asyncio.create_task(asked.library.send("POST", f"/api/photos/{asked.photo_id}/reprocess"))
    assert await asyncio.to_thread(asked.server.arrived.wait, 30)
    async with asked.library.bench.database.write() as connection:
        photo = await asked.library.send("GET", f"/api/photos/{asked.photo_id}")
        metadata = {**photo["metadata"], "title": "Eileen"}
        await connection.execute(
            update(FileVersion).where(FileVersion.id == asked.photo_id).values(combined_metadata=metadata)
        )
    asked.server.hold.set()
    await task
    photo = await asked.library.send("GET", f"/api/photos/{asked.photo_id}")
    assert (photo["metadata"]["title"], photo["metadata"]["ai"]["provider"]) == ("Eileen", "ollama")


async def test_people_are_told_to_the_model_and_only_where_that_is_wanted(asked: Asked) -> None:
    await asked.upload()
    await asked.choose("ollama")
    person = await asked.library.insert(Person, name="Eileen")
    async with asked.library.bench.database.write() as connection:
        await connection.execute(update(Face).values(person_id=person))
    assert (await asked.analysed())["shortDescription"] == WRITTEN["shortDescription"]
    assert "Eileen" in asked.server.questions[0].text
    before = len(asked.server.questions)
    assert (await asked.analysed(includePeopleContext=False))["shortDescription"] == SAID["shortDescription"]
    assert all("Eileen" not in each.text for each in asked.server.questions[before:])


async def test_a_person_whose_photos_stay_here_is_set_in_the_api(asked: Asked) -> None:
    person = await asked.library.send("POST", "/api/people", json={"name": "Eileen"})
    assert person["isLocalOnly"] is False
    path = f"/api/people/{person['id']}"
    assert (await asked.library.send("PUT", path, json={"isLocalOnly": True}))["isLocalOnly"] is True
    assert (await asked.library.send("GET", path))["isLocalOnly"] is True
    other = await asked.library.send("POST", "/api/people", json={"name": "E.", "isLocalOnly": False})
    merge = {"sourcePersonId": person["id"], "targetPersonId": other["id"]}
    await asked.library.send("POST", "/api/people/merge", json=merge)
    assert (await asked.library.send("GET", f"/api/people/{other['id']}"))["isLocalOnly"] is True
    await asked.library.send("PUT", f"/api/people/{other['id']}", 400, json={"isLocalOnly": "perhaps"})


async def test_the_key_is_told_to_nobody_but_whom_it_was_given_for(asked: Asked) -> None:
    await asked.choose("openai", apiKey=KEY)
    assert (await asked.config())["config"]["openai"] == {
        "model": GPT,
        "baseUrl": asked.server.openai_url,
        "hasApiKey": True,
    }
    await asked.library.send("POST", "/api/ai/config", json={"openai": {"model": "gpt-4o-mini"}})
    assert (await asked.config())["config"]["openai"]["hasApiKey"] is True
    with model_server() as thief:
        await asked.library.send("POST", "/api/ai/config", json={"openai": {"baseUrl": thief.openai_url}})
        assert (await asked.config())["config"]["openai"]["hasApiKey"] is False
        await asked.library.send("POST", "/api/ai/test")
        assert all(KEY not in str(each.headers) for each in thief.asked)
    for path in ("/api/ai/config", "/api/settings", "/api/system/info", "/health"):
        assert KEY not in (await asked.library.http.get(path)).text


async def test_the_test_tells_who_answers(asked: Asked) -> None:
    await asked.choose("both", apiKey="sk-wrong")
    assert await asked.library.send("POST", "/api/ai/test") == {"ollama": True, "openai": False}
    await asked.choose("both", apiKey=KEY)
    assert await asked.library.send("POST", "/api/ai/test") == {"ollama": True, "openai": True}
    assert (await asked.config())["availableProviders"] == {"ollama": True, "openai": True}
    health = await asked.library.send("GET", "/api/health")
    assert health["ai"] == {"ollama": True, "openai": True}
    assert (await asked.library.send("GET", "/health"))["checks"]["aiServices"] == {
        "ollamaConfigured": True,
        "openaiConfigured": True,
        "preferredProvider": "both",
    }


async def test_addresses_that_are_not_asked_are_refused(asked: Asked) -> None:
    for body in (
        {"ollama": {"baseUrl": "http://169.254.169.254"}},
        {"openai": {"baseUrl": "file:///etc/passwd"}},
        {"ollama": {"baseUrl": "http://2852039166/"}},
        {"openai": {"baseUrl": "http://x y/"}},
        {"ollama": {"baseUrl": "http://a\r\nb/"}},
    ):
        await asked.library.send("POST", "/api/ai/config", 400, json=body)


async def test_what_is_chosen_outlives_a_restart_and_outranks_the_file(
    sqlite_database: Database, tmp_path: Path
) -> None:
    compute = LocalCompute(workers=1, time_limit=60, idle_timeout=60)
    file = Choices("ollama", Ollama("http://nas:11434", "moondream"), OpenAi("http://nas:1234/v1", "qwen"), "sk-file")

    async def library_of(name: str, ask: dict[str, Any] | None) -> dict[str, Any]:
        providers = Providers(sqlite_database, compute, file)
        async with open_library(sqlite_database, tmp_path / name, compute=compute, providers=providers) as library:
            if ask is not None:
                await library.send("POST", "/api/ai/config", json=ask)
            choices = await library.bench.providers.choices()
            assert choices.openai_key in ("sk-file", "sk-mine", None)
            return {"provider": choices.provider, "key": choices.openai_key, "model": choices.ollama.vision_model}

    assert await library_of("a", None) == {"provider": "ollama", "key": "sk-file", "model": "moondream"}
    ask = {"provider": "both", "openai": {"apiKey": "sk-mine"}}
    assert await library_of("a", ask) == {"provider": "both", "key": "sk-mine", "model": "moondream"}
    assert await library_of("b", None) == {"provider": "both", "key": "sk-mine", "model": "moondream"}
    away = {"openai": {"baseUrl": "http://other:1234/v1"}}
    assert (await library_of("c", away))["key"] is None
    assert (await library_of("d", {"openai": {"apiKey": ""}}))["key"] is None
    await compute.close()


async def test_health_tells_whether_ollama_is_there_and_asks_no_paid_service(asked: Asked) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    change = {"provider": "both", "ollama": {"baseUrl": nobody}, "openai": {"baseUrl": asked.server.openai_url}}
    await asked.library.send("POST", "/api/ai/config", json=change | {"openai": change["openai"] | {"apiKey": KEY}})  # type: ignore[operator]
    health = await asked.library.send("GET", "/api/health")
    assert (health["status"], health["ai"]) == ("healthy", {"ollama": False, "openai": True})
    assert asked.server.connections == 0
    await asked.choose("both")
    for _ in range(3):
        assert (await asked.library.send("GET", "/api/health"))["ai"]["ollama"] is True
    assert asked.server.connections == 1


async def test_health_waits_for_no_model(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a server thinks: the answer is that it does not answer, until it does."""
    monkeypatch.setattr(reachable, "PATIENCE_SECONDS", 600.0)
    thinks, asked_for = asyncio.Event(), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked_for
        asked_for += 1
        await reader.readuntil(b"\r\n\r\n")
        await thinks.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asked.library.send("POST", "/api/ai/config", json={"provider": "ollama", "ollama": {"baseUrl": url}})
        for _ in range(3):
            assert (await asked.library.send("GET", "/api/health"))["ai"]["ollama"] is False
        assert asked_for == 1
        thinks.set()
        async with asyncio.timeout(30):
            while not (await asked.library.send("GET", "/api/health"))["ai"]["ollama"]:
                """It has yet to be heard."""


async def test_a_compatible_server_without_a_key_counts_as_set_up(asked: Asked) -> None:
    await asked.choose("openai")
    assert (await asked.library.send("GET", "/health"))["checks"]["aiServices"]["openaiConfigured"] is True
