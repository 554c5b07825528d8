"""What happened lately, over HTTP."""

from __future__ import annotations

from datetime import timedelta

from core.db.tables import MediaAsset, utc_now
from tests.api.conftest import Library


async def test_the_last_hours_are_told(library: Library) -> None:
    await library.insert(MediaAsset, original_filename="a.jpg", created_at=utc_now() - timedelta(hours=30))
    assert (await library.send("GET", "/api/daemon/digest"))["takenIn"] == 0
    digest = await library.send("GET", "/api/daemon/digest?hours=36")
    assert digest["takenIn"] == 1
    assert digest["waiting"] == {
        "uploadConflicts": 0,
        "unnamedFaces": 0,
        "duplicates": 0,
        "occasions": 0,
        "suggestedFaces": 0,
        "faceGroups": 0,
    }
    assert (digest["troubles"], digest["passes"]) == ([], [])
    await library.send("GET", "/api/daemon/digest?hours=0", 400)
