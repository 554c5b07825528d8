"""What the owner wants to keep on this machine leaves it for no provider, whoever asks and whatever is asked.

A server that records what arrives stands at an address that counts as another machine's: what may leave reaches it,
and of what may not it sees not even a connection.
"""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import delete, insert, update

from core import outgoing
from core.ai.configured import Ollama, OpenAi
from core.ai.privacy import why_it_stays
from core.ai.provider import Provider
from core.ai.providers import Providers
from core.db.tables import Face, LedgerEntry, Person, WatchRoot, utc_now
from core.errors import PhotoProtected
from core.outgoing import addresses_to_ask
from tests.ai.conftest import ANNA, Album
from tests.ai.model_server import ModelServer

NAMES = ["ollama", "openai"]


async def name_a_face(album: Album, *, is_local_only: bool, ignored: bool = False) -> None:
    async with album.database.write() as connection:
        await connection.execute(insert(Person), {"id": "anna", "name": "Anna", "is_local_only": is_local_only})
        face = {"photo_id": "silver", "person_id": "anna", "bounding_box": [1, 2, 3, 4], "confidence": 90}
        await connection.execute(insert(Face), {**face, "ignored": ignored})


async def remember_root(album: Album, name: str, *, is_local_only: bool) -> None:
    row = {"name": name, "path": f"/photos/{name}", "mount_point": "/", "is_local_only": is_local_only}
    async with album.database.write() as connection:
        await connection.execute(insert(WatchRoot), row)


async def why(album: Album) -> str | None:
    async with album.database.read() as connection:
        return await why_it_stays(connection, "photo", album.roots)


async def test_a_photo_may_leave_unless_it_is_said_that_it_may_not(album_on_each: Album) -> None:
    assert await why(album_on_each) is None
    await name_a_face(album_on_each, is_local_only=False)
    assert await why(album_on_each) is None


async def test_a_photo_of_a_protected_folder_stays(album_on_each: Album) -> None:
    album_on_each.roots = {"phone": True, "camera": False}
    assert "phone" in str(await why(album_on_each))
    async with album_on_each.database.write() as connection:
        await connection.execute(update(LedgerEntry).values(root="camera"))
    assert await why(album_on_each) is None
    came_again = {"size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": "2", "media_asset_id": "photo"}
    async with album_on_each.database.write() as connection:
        row = {"root": "phone", "path": "b.jpg", "state": "duplicate", **came_again}
        await connection.execute(insert(LedgerEntry), row)
    assert "phone" in str(await why(album_on_each))


async def test_a_folder_that_is_listed_no_more_stays_protected(album_on_each: Album) -> None:
    album_on_each.roots = {}
    assert await why(album_on_each) is None
    await remember_root(album_on_each, "phone", is_local_only=True)
    assert "phone" in str(await why(album_on_each))
    album_on_each.roots = {"phone": False}  # what the owner says now
    assert await why(album_on_each) is None


@pytest.mark.parametrize("ignored", [False, True])
async def test_a_photo_with_a_protected_face_stays(album_on_each: Album, ignored: bool) -> None:
    await name_a_face(album_on_each, is_local_only=True, ignored=ignored)
    assert "Anna" in str(await why(album_on_each))


@pytest.fixture
def other_machine(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server of models, at an address that counts as another machine's although it can be reached."""
    monkeypatch.setattr(outgoing, "_is_of_this_machine", lambda address: False)
    return server.url


async def provider_at(album: Album, name: str, url: str) -> Provider:
    there = {"ollama": Ollama(url), "openai": OpenAi(f"{url}/v1")}
    (provider,) = await album.providers(name, **there).chosen()
    return provider


@pytest.mark.parametrize("name", NAMES)
async def test_no_byte_of_a_protected_photo_reaches_another_machine(
    album: Album, other_machine: str, name: str
) -> None:
    provider = await provider_at(album, name, other_machine)
    await provider.describe(album.question())
    connections, received = album.server.connections, album.server.received
    assert received > 0  # it can be reached, so what follows proves something
    await name_a_face(album, is_local_only=True)
    for people in ((), (ANNA,)):
        with pytest.raises(PhotoProtected, match=r"Anna .* which is another machine"):
            await provider.describe(album.question(*people))
    assert (album.server.connections, album.server.received) == (connections, received)


@pytest.mark.parametrize("name", NAMES)
async def test_who_gets_a_name_while_the_photo_is_described_is_protected_at_once(
    album: Album, other_machine: str, name: str
) -> None:
    """The picture has gone by then; the questions that follow, which are texts alone, do not go."""
    provider = await provider_at(album, name, other_machine)
    album.server.hold = threading.Event()
    task = asyncio.create_task(provider.describe(album.question()))
    assert await asyncio.to_thread(album.server.arrived.wait, 20)
    await name_a_face(album, is_local_only=True)
    album.server.hold.set()
    with pytest.raises(PhotoProtected):
        await task
    assert len(album.server.questions) == 1


@pytest.mark.parametrize("name", NAMES)
async def test_this_machine_may_see_what_must_not_leave_it(album: Album, name: str) -> None:
    await name_a_face(album, is_local_only=True)
    provider = await provider_at(album, name, album.server.url.replace("127.0.0.1", "localhost"))
    assert (await provider.describe(album.question())).description.provider == name


async def test_a_photo_that_is_not_shown_costs_nothing_of_the_budget(album: Album, other_machine: str) -> None:
    await name_a_face(album, is_local_only=True)
    there = {"openai": OpenAi(f"{other_machine}/v1")}
    providers = album.providers("openai", **there)
    await providers.answer(album.question())
    assert (await providers.budget.spent(utc_now())).requests == 0


async def test_ollama_of_this_machine_that_passes_questions_on_is_not_told(album: Album) -> None:
    await name_a_face(album, is_local_only=True)
    album.server.remote_host = "https://ollama.com:443"
    provider = await provider_at(album, "ollama", album.server.url)
    with pytest.raises(PhotoProtected, match="does not run on this machine"):
        await provider.describe(album.question())
    assert [each.path for each in album.server.asked] == ["/api/show"]
    album.server.remote_host = ""
    named = Ollama(album.server.url, "gemma3:27b-cloud")
    album.server.models.append("gemma3:27b-cloud")
    (cloud,) = await album.providers("ollama", ollama=named).chosen()
    with pytest.raises(PhotoProtected, match="does not run on this machine"):
        await cloud.describe(album.question())
    assert album.server.questions == []
    async with album.database.write() as connection:
        await connection.execute(delete(Face))
    assert (await cloud.describe(album.question())).description.provider == "ollama"


async def test_whoever_asks_directly_gets_what_is_said_without_a_model(album: Album, other_machine: str) -> None:
    album.roots = {"phone": True}
    there = {"ollama": Ollama(other_machine), "openai": OpenAi(f"{other_machine}/v1")}
    answered = await album.providers("both", **there).answer(album.question())
    assert answered.description.provider == "builtin"
    assert (album.server.connections, album.server.received) == (0, 0)


@pytest.mark.parametrize(
    ("host", "is_of_this_machine"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("192.168.1.20", False),
        ("10.0.0.2", False),
        ("172.17.0.1", False),
        ("::ffff:192.168.1.20", False),
        ("fd00::1", False),
        ("64:ff9b::127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("93.184.216.34", False),
    ],
)
async def test_this_machine_is_the_loopback_interface(host: str, is_of_this_machine: bool) -> None:
    assert await addresses_to_ask(host, 80)
    assert bool(await addresses_to_ask(host, 80, only_this_machine=True)) == is_of_this_machine


async def test_nothing_is_sent_anywhere_by_default(album: Album) -> None:
    providers = Providers(album.database, album.providers().compute)
    assert (await providers.answer(album.question())).description.provider == "builtin"
    assert album.server.connections == 0
