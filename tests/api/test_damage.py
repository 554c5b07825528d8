"""Damaged files over HTTP: they are listed, and restored when a person says so."""

from __future__ import annotations

import hashlib

from core.audit.damage import note
from core.audit.read_back import Outcome
from core.db.tables import utc_now
from tests.api.conftest import NOWHERE, Library


async def test_a_damaged_file_is_listed_and_restored(library: Library) -> None:
    data = b"the original" * 100
    sha256 = hashlib.sha256(data).hexdigest()
    photo = await library.add_photo("bronze", file_path="media/bronze/2025/08/a.jpg", sha256=sha256)
    good = library.add_file("elsewhere.jpg", data)
    damaged = library.add_file("media/bronze/2025/08/a.jpg", b"\0" * len(data))
    async with library.bench.database.write() as connection:
        await note(connection, photo["bronze"], Outcome.DIFFERS, str(good), utc_now())
    (listed,) = await library.send("GET", "/api/daemon/damage")
    assert (listed["id"], listed["kind"], listed["goodCopy"]) == (photo["bronze"], "differs", str(good))
    answer = await library.send("POST", f"/api/daemon/damage/{photo['bronze']}/restore")
    assert answer == {"id": photo["bronze"], "path": "media/bronze/2025/08/a.jpg", "goodCopy": str(good)}
    assert damaged.read_bytes() == data
    assert await library.send("GET", "/api/daemon/damage") == []
    await library.send("POST", f"/api/daemon/damage/{NOWHERE}/restore", 404)
