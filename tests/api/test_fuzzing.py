"""No request makes the server stumble, and every answer is as the API describes it.

``make fuzz`` asks for longer, with another seed each time, and prints what was asked.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.db.tables import FileVersion
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, Library
from tests.api.fuzzing import Ids, fuzz

CASES = int(os.environ.get("PICTALLION_FUZZ", "1"))
"""Requests of each kind, allowed and not allowed, for each operation; twice, as there are two kinds of database."""


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of other machines are not found: a made-up request may give an address or a key to try."""
    real = socket.getaddrinfo

    def local(host: Any, *rest: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", None):
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not known here")
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local)


def _noise(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(small).resize((256, 192), Image.Resampling.NEAREST).save(written, "JPEG")
    return written.getvalue()


async def _fill(library: Library) -> Ids:
    """Photos as they are taken in, one of them made Gold, and some of everything else; returns their ids."""
    http = library.http

    async def make(path: str, body: dict[str, Any]) -> str:
        answer = await http.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    pictures = [(FIXTURES / "astronaut.jpg").read_bytes(), *map(_noise, range(7))]
    files = [("files", (f"Größe #{number}.jpg", content)) for number, content in enumerate(pictures)]
    results = (await http.post("/api/upload", files=files)).json()["results"]
    photos = [result["versionId"] for result in results]
    assert (await http.post(f"/api/photos/{photos[0]}/promote")).status_code == 200
    faces = [await library.add_face(photo) for photo in photos]
    people = [await make("/api/people", {"name": f"Ada {number}"}) for number in range(4)]
    relationship = {"person1Id": people[0], "person2Id": people[1], "relationshipType": "sibling"}
    smart = {"rules": [{"field": "rating", "operator": "greater_than", "value": 0}], "operator": "AND"}
    place = {"name": "Tower", "latitude": "48.858400", "longitude": "2.294500"}
    async with library.bench.database.read() as connection:
        paths = list((await connection.execute(FileVersion.__table__.select())).mappings())
    return {
        "photo": photos,
        "face": faces,
        "person": people,
        "people": people,
        "relationship": [await make("/api/relationships", relationship)],
        "collection": [
            *[await make("/api/collections", {"name": f"C{number}"}) for number in range(3)],
            await make("/api/smart-collections", {"name": "S", "rules": smart}),
        ],
        "location": [await make("/api/locations", place | {"name": f"Tower {number}"}) for number in range(3)],
        "event": [await make("/api/events", {"name": f"Party {number}", "date": "2024-05-05"}) for number in range(3)],
        "prompt": [prompt["id"] for prompt in (await http.get("/api/ai/prompts")).json()],
        "file_path": [str(row["file_path"]) for row in paths],
    }


@pytest.mark.usefixtures("no_network")
async def test_no_request_makes_the_server_stumble(library: Library, with_cache: Callable[[Layout], None]) -> None:
    with_cache(library.bench.layout)
    ids = await _fill(library)
    seed = random.randrange(2**32) if "PICTALLION_FUZZ" in os.environ else None
    found = await asyncio.to_thread(fuzz, str(library.http.base_url), ids, CASES, seed)
    print(f"{library.bench.database.dialect}, seed {seed}: {found.summary()}")
    assert not found.wrong, "\n".join(f"{name}\n  {example}" for name, example in sorted(found.wrong.items()))
