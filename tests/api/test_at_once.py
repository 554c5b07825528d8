"""Several people, tabs and batches do things to the same photos at once: whatever comes of it, no byte is lost."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from core.audit.library import missing, unexplained
from core.db.tables import FileVersion, UploadConflict
from core.library.layout import Layout, Tier
from core.library.placing import hash_file
from tests.api.conftest import Library

PHOTOS, PEOPLE, DEEDS = 6, 5, 20

_OF_ONE = ("archive", "unarchive", "promote", "demote", "embed-metadata", "process", "reprocess", "detect-faces")


def photo(seed: int) -> bytes:
    """Soft blots; all were taken in one second, so that they want one name."""
    exif = Image.Exif()
    exif[0x0132] = "2024:07:26 14:30:25"
    blots = Image.frombytes("L", (8, 6), hashlib.shake_256(str(seed).encode()).digest(8 * 6))
    buffer = io.BytesIO()
    blots.resize((96, 72), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


async def versions(library: Library) -> list[Any]:
    columns = (FileVersion.id, FileVersion.media_asset_id, FileVersion.tier, FileVersion.file_path, FileVersion.sha256)
    async with library.bench.database.read() as connection:
        return list(await connection.execute(select(*columns, FileVersion.archived_at)))


def copy_of(content: bytes) -> bytes:
    """The same picture in another file, of which a person is asked."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(content)).save(buffer, "PNG")
    return buffer.getvalue()


async def conflicts(library: Library) -> list[str]:
    async with library.bench.database.read() as connection:
        return list((await connection.execute(select(UploadConflict.id))).scalars())


async def deed(library: Library, chance: random.Random, contents: list[bytes]) -> tuple[str, int, str]:
    """Does one thing to one photo, or a few; returns what, and the answer."""
    ids = [row.id for row in await versions(library)]
    photo_id, http = chance.choice(ids), library.http
    match chance.randrange(16):
        case 0:
            content = chance.choice(contents)
            answer = await http.post("/api/upload", files=[("files", (f"{chance.randrange(3)}.jpg", content))])
        case 1:
            answer = await http.delete(f"/api/photos/{photo_id}")
        case 2:
            operation = chance.choice(("delete", "promote"))
            some = chance.sample(ids, min(4, len(ids)))
            body = {"operation": operation, "photoIds": some, "params": {}}
            answer = await http.post("/api/photos/batch", json=body)
        case 3:
            answer = await http.patch(f"/api/photos/{photo_id}/metadata", json={"rating": chance.randrange(6)})
        case 4:
            name = f"2025010{1 + chance.randrange(9)}_120000.png"
            answer = await http.post("/api/upload", files=[("files", (name, copy_of(chance.choice(contents))))])
        case 5:
            action = chance.choice(("keep_existing", "replace_with_new", "keep_both"))
            decisions = [{"conflictId": each, "action": action} for each in (await conflicts(library))[:2]]
            answer = await http.post("/api/upload/resolve-conflicts", json={"resolutions": decisions})
        case _:
            answer = await http.post(f"/api/photos/{photo_id}/{chance.choice(_OF_ONE)}", json={})
    return str(answer.request.url.path), answer.status_code, answer.text


@pytest.mark.parametrize("seed", range(3))
async def test_no_byte_is_lost(library: Library, with_cache: Callable[[Layout], None], seed: int) -> None:
    with_cache(library.bench.layout)
    contents = [photo(number) for number in range(PHOTOS)]
    files = [("files", (f"2024060{number + 1}_120000.jpg", content)) for number, content in enumerate(contents)]
    uploaded = (await library.http.post("/api/upload", files=files)).json()["results"]
    assert {result["status"] for result in uploaded} == {"success"}

    async def person(number: int) -> list[tuple[str, int, str]]:
        chance = random.Random(f"{seed} {number}")
        return [await deed(library, chance, contents) for _ in range(DEEDS)]

    answers = [answer for done in await asyncio.gather(*map(person, range(PEOPLE))) for answer in done]
    assert [answer for answer in answers if answer[1] >= 500] == []

    layout = library.bench.layout
    rows = await versions(library)
    for row in rows:
        path = layout.absolute(row.file_path)
        assert path.is_file(), (row, [answer for answer in answers if row.id in answer[0]])
        assert hash_file(path) == row.sha256, row
    originals = {row.sha256 for row in rows if row.tier == Tier.BRONZE}
    arrived = {hashlib.sha256(content).hexdigest() for content in contents}
    assert arrived <= originals <= arrived | {hashlib.sha256(copy_of(content)).hexdigest() for content in contents}
    shown = {row.media_asset_id for row in rows if row.archived_at is None}
    assert shown == {row.media_asset_id for row in rows if row.archived_at is None and row.tier == Tier.BRONZE}
    assert await missing(library.bench.database, layout) == []
    assert await unexplained(library.bench.database, layout) == ([], [])
