"""Bursts and what looks alike."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from core.db.tables import MediaAsset
from tests.api.conftest import NOON
from tests.conformance.asking import Asker, Page
from tests.conformance.shape import Value
from tests.conformance.shapes import BURSTS, ERROR, PHOTO

PAGE = Page()
route = PAGE.route


async def _burst(ask: Asker, count: int = 3) -> list[str]:
    """Photos of one second, and one of another day."""
    exif = {"exif": {"camera": "Acme One", "iso": "100", "focalLength": "4mm", "aperture": "f/2.0"}}
    photos = []
    for number in range(count):
        asset = await ask.library.insert(MediaAsset, original_filename=f"GARDEN_{100 + number}.jpg", created_at=NOON)
        columns: dict[str, Any] = {
            "captured_at": f"2024-07-26T14:30:2{number}",
            "combined_metadata": exif,
            "perceptual_hash": "01" * 32,
            "file_size": 1000 + number,
        }
        photos.append(await ask.library.add_version(asset, "silver", **columns))
    await ask.library.add_photo("silver", captured_at="2024-07-01T10:00:00")
    return photos


@route("GET /api/burst/analyze")
async def analyze(ask: Asker) -> None:
    photos = await _burst(ask)
    body = await ask.success(shape=BURSTS)
    (group,) = body["groups"]
    ask.effect({one["id"] for one in group["photos"]} == set(photos), "the burst is one group")
    ask.effect(group["timeSpan"] == 2000 and 0 <= group["averageSimilarity"] <= 1, "it took two seconds")
    ask.effect((body["totalPhotos"], len(body["ungroupedPhotos"])) == (4, 1), "the other stands alone")
    ask.effect((await ask.success(shape=BURSTS))["groups"][0]["id"] == group["id"], "its id is stable")
    async with ask.library.bench.database.write() as connection:
        await connection.execute(text("ALTER TABLE file_versions RENAME COLUMN perceptual_hash TO lost"))
    nothing = {"groups": Value([]), "totalPhotos": Value(0), "ungroupedPhotos": Value([])}
    await ask.error(500, shape=ERROR | nothing)


@route("POST /api/burst/process")
async def process(ask: Asker) -> None:
    photos = await _burst(ask)
    (group,) = (await ask.get("/api/burst/analyze"))["groups"]
    shape = {"processed": "int", "promoted": "int", "errors": ["string"]}
    chosen = {"selections": [{"groupId": group["id"], "selectedPhotoIds": [photos[1]]}], "ungroupedPhotos": []}
    body = await ask.success(json=chosen, shape=shape)
    ask.effect(body["processed"] == 1, "one selection was processed")
    states = {photo: (await ask.get(f"/api/photos/{photo}"))["processingState"] for photo in photos}
    expected = {photos[0]: "rejected", photos[1]: "processed", photos[2]: "rejected"}
    ask.effect(states == expected, f"the others are rejected: {states}")
    other = {"selections": [{"groupId": group["id"], "selectedPhotoIds": [photos[0]]}]}
    await ask.success(json={"body": json.dumps(other), "headers": {}}, shape=shape)
    now = (await ask.get(f"/api/photos/{photos[0]}"))["processingState"]
    ask.effect(now == "processed", "that is reversible, and the client's wrapping is understood")
    await ask.error(400, json={"selections": "all"})


@route("GET /api/photos/burst-analysis")
async def of_review(ask: Asker) -> None:
    photos = await _burst(ask)
    group = {"id": "string", "photos": [PHOTO], "startTime": "any", "endTime": "any", "count": "int"}
    body = await ask.success(shape={"groups": [group], "totalPhotos": "int", "ungroupedPhotos": ["any"]})
    ask.effect({one["id"] for one in body["groups"][0]["photos"]} == set(photos), "the same burst")


@route("GET /api/photos/similarity")
async def similarity(ask: Asker) -> None:
    photos = await _burst(ask, 2)
    shape = [{"photos": [PHOTO], "similarityScore": Value(0.8), "suggested": PHOTO}]
    (group,) = await ask.success(shape=shape)
    ask.effect({one["id"] for one in group["photos"]} == set(photos), "what was uploaded together")
