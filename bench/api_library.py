"""A library of any size, written row by row: photos of all tiers, places, bursts, people, faces, collections."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.search import rows
from core.db.engine import open_database
from core.db.migrate import migrate
from core.db.tables import (
    AssetHistory,
    Collection,
    CollectionPhoto,
    Face,
    FileVersion,
    MediaAsset,
    Person,
    new_id,
)
from core.library.layout import Layout

PEOPLE, COLLECTIONS, MEMBERS, UNASSIGNED = 50, 20, 50, 150
"""As many as the original was measured with."""

NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)
"""When everything came."""

_AT_ONCE = 1_000


def database_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/pictallion.db"


async def build(folder: Path, photos: int) -> list[str]:
    """Writes the library; returns the ids of a few photos."""
    layout = Layout(folder)
    layout.create()
    database = open_database(database_url(folder))
    await migrate(database)
    made = _versions(photos)
    people = [{"id": f"person-{number}", "name": f"Ada {number}"} for number in range(PEOPLE)]
    async with database.write() as connection:
        await connection.execute(insert(Person), people)
    silver: list[str] = []
    while batch := list(itertools.islice(made, _AT_ONCE)):
        assets = [asset for asset, _ in batch]
        versions = [version for _, several in batch for version in several]
        found = [version["id"] for version in versions if version["tier"] == "silver"]
        faces = [_face(photo, len(silver) + number) for number, photo in enumerate(found) if number % 2 == 0]
        history = [
            {
                "media_asset_id": asset["id"],
                "action": "INGESTED",
                "details": "It came.",
                "timestamp": asset["created_at"],
            }
            for asset in assets
        ]
        silver += found
        async with database.write() as connection:
            await connection.execute(insert(MediaAsset), assets)
            for tier in ("bronze", "silver", "gold"):
                of_tier = [version for version in versions if version["tier"] == tier]
                if of_tier:
                    await connection.execute(insert(FileVersion), of_tier)
            await connection.execute(insert(Face), faces)
            await connection.execute(insert(AssetHistory), history)
    async with database.write() as connection:
        for number in range(COLLECTIONS):
            collection = new_id()
            rules = {"rules": [{"field": "rating", "operator": "greater_than", "value": number % 5}], "operator": "AND"}
            is_smart = number % 4 == 0
            values = {"is_smart_collection": is_smart, "smart_rules": rules if is_smart else None}
            await connection.execute(insert(Collection).values(id=collection, name=f"Album {number}", **values))
            chosen = silver[number * MEMBERS : (number + 1) * MEMBERS]
            if chosen and not is_smart:
                members = [{"collection_id": collection, "photo_id": photo} for photo in chosen]
                await connection.execute(insert(CollectionPhoto), members)
    await database.close()
    return silver[:: max(1, len(silver) // 50)]


def _face(photo: str, number: int) -> dict[str, Any]:
    """A face; the first :data:`UNASSIGNED` are nobody's."""
    return {
        "photo_id": photo,
        "person_id": None if number < 2 * UNASSIGNED else f"person-{number % PEOPLE}",
        "bounding_box": [100, 200, 300, 400],
        "confidence": 90,
    }


def _versions(photos: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Assets with their versions. Of ten photos three are a burst, two are Gold; half of them know where they are."""
    chance = random.Random(2)
    places = [(chance.uniform(36, 60), chance.uniform(-9, 25)) for _ in range(60)]
    first: tuple[datetime, str] | None = None
    for number, (asset, version) in enumerate(rows(photos)):
        if number % 10 < 3:
            began, likeness = first if first is not None and number % 10 else (version["created_at"], "")
            likeness = likeness or version["perceptual_hash"]
            first = (began, likeness)
            version["captured_at"] = f"{began + timedelta(seconds=number % 10):%Y-%m-%dT%H:%M:%S}"
            version["perceptual_hash"] = likeness
        where: dict[str, Any] = {"gps_latitude": None, "gps_longitude": None}
        if number % 2:
            latitude, longitude = chance.choice(places)
            where = {
                "gps_latitude": latitude + chance.gauss(0, 0.0003),
                "gps_longitude": longitude + chance.gauss(0, 0.0003),
            }
        silver = version | where | {"sha256": f"{number:064x}"}
        name = silver["file_path"].removeprefix("media/silver/").removesuffix(".jpg")
        several = [silver | {"tier": "silver", "file_path": f"media/silver/{name}-{number}.jpg"}]
        several.append(silver | {"id": new_id(), "tier": "bronze", "file_path": f"media/bronze/{name}-{number}.jpg"})
        if number % 10 > 7:
            several.append(silver | {"id": new_id(), "tier": "gold", "file_path": f"media/gold/{name}-{number}.jpg"})
        yield asset, several
