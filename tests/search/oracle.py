"""What a search has to find, worked out photo by photo from the tables that people write to, and not from the index."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core.db.engine import Database
from core.db.tables import Face, FileVersion, MediaAsset, Person
from core.search.terms import terms_of

TIERS = ("bronze", "silver", "gold")


@dataclass
class Seen:
    """A live version: its row, and its texts by the kind of text."""

    row: Any
    is_best: bool
    texts: dict[str, list[str]]
    counted: dict[str, list[str]] = field(default_factory=dict)

    def has(self, term: str) -> bool:
        wanted = plain(term)
        lines = (line for texts in self.texts.values() for text in texts for line in text.split("\n"))
        return any(wanted in plain(line) for line in lines)


def plain(text: str) -> str:
    """Without case, composed, with single spaces."""
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return " ".join(composed.split())


async def everything(database: Database) -> list[Seen]:
    """Every live version as the tables have it now."""
    async with database.read() as connection:
        versions = (await connection.execute(select(FileVersion.__table__))).all()
        assets = {row.id: row for row in await connection.execute(select(MediaAsset.__table__))}
        people = {row.id: row.name for row in await connection.execute(select(Person.__table__))}
        faces = (await connection.execute(select(Face.__table__))).all()
    asset_of = {row.id: row.media_asset_id for row in versions}
    shown: dict[str, list[str]] = {}
    for face in faces:
        if face.person_id is not None and not face.ignored:
            shown.setdefault(asset_of[face.photo_id], []).append(people[face.person_id])
    live = [row for row in versions if row.archived_at is None]
    best = {}
    for row in sorted(live, key=lambda row: (TIERS.index(row.tier), row.created_at, row.id)):
        best[row.media_asset_id] = row.id
    return [_seen(row, best[row.media_asset_id], assets, shown.get(row.media_asset_id, [])) for row in live]


def _seen(row: Any, best: str, assets: dict[str, Any], names: list[str]) -> Seen:
    ai = (row.metadata or {}).get("ai", {})
    tags, keywords = ai.get("aiTags", []), row.keywords or []
    texts = {
        "names": [assets[row.media_asset_id].original_filename, row.file_path.rsplit("/", 1)[-1]],
        "tags": [*keywords, *tags],
        "places": [row.location or "", ai.get("placeName", "")],
        "events": [row.event_name or ""],
        "people": names,
        "description": [ai.get("shortDescription", ""), ai.get("longDescription", "")],
    }
    counted = {"keywords": keywords, "tags": tags, "people": names}
    return Seen(row, row.id == best, texts, counted)


def found_by(seen: list[Seen], query: str, lowest: int | None, tier: str | None, event: str | None) -> list[Seen]:
    """The photos that fit, newest first."""
    found = [
        photo
        for photo in seen
        if (photo.is_best if tier is None else photo.row.tier == tier)
        and all(photo.has(term) for term in terms_of(query))
        and (lowest is None or (photo.row.rating or 0) >= lowest)
        and (event is None or plain(event) in plain(photo.row.event_name or ""))
    ]
    return sorted(found, key=lambda photo: (photo.row.created_at, photo.row.id), reverse=True)


def counts_of(found: list[Seen]) -> dict[str, Counter[str]]:
    """Every facet of these photos."""
    values: dict[str, list[str]] = {
        "tiers": [photo.row.tier for photo in found],
        "ratings": [str(photo.row.rating) for photo in found if photo.row.rating],
        "mime_types": [photo.row.mime_type for photo in found],
    }
    for name in ("keywords", "tags", "people"):
        values[name] = [value for photo in found for value in dict.fromkeys(photo.counted[name]) if value]
    return {name: Counter(each) for name, each in values.items()}
