"""Work on many photos at once is counted photo by photo."""

from __future__ import annotations

import asyncio

from core.errors import NotFound
from core.pipeline.batch import on_each


async def test_what_was_changed_is_counted_whoever_is_ready_first() -> None:
    """Those that change nothing are ready last, and take nothing from the count."""
    have_changed = asyncio.Event()

    async def work(photo_id: str) -> bool:
        if photo_id == "changed":
            have_changed.set()
            return True
        await have_changed.wait()
        if photo_id == "unknown":
            raise NotFound("There is no photo unknown.")
        return False

    outcome = await on_each(["as it was", "changed", "unknown", "changed"], work)
    assert (outcome.changed, outcome.errors) == (1, {"unknown": "There is no photo unknown."})
