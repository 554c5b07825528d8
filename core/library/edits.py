"""What a person says of a photo: words, rating, favourite, tags.

An edit belongs to one version; what is said of a Silver version that has a Gold one, which is shown in its place, is
said of both. What it really changes is written with one history row in one transaction; edits that
follow each other within :data:`MERGE_WITHIN` share a row, as clients send one for every key that is pressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, FileVersion, MediaAsset, utc_now
from core.db.turns import lock_asset
from core.errors import BadRequest, NotFound
from core.library.described import after_edit
from core.library.layout import Tier
from core.library.sidecars import mark_stale
from core.library.tag_library import count_tags
from core.media.coordinates import coordinates
from core.media.source_file import shown

MERGE_WITHIN = timedelta(minutes=2)
"""Edits of one version become one history row when no more than this lies between them."""

EDITED, UPDATED = "METADATA_EDITED", "METADATA_UPDATED"
"""Actions of the history: of single edits, and of a version that was written as a whole."""

MOST_STARS = 5


class Edit(msgspec.Struct, frozen=True, rename="camel"):
    """The fields that a person may set; what is not set stays as it is.

    ``keywords``, ``metadata`` (by its top-level keys, ``None`` takes one away) and the rest replace what was there.
    ``ai_tags`` and ``ai_description`` are kept in ``metadata.ai``, marked as a person's (see
    :mod:`core.library.described`); an empty description changes nothing.
    """

    keywords: Sequence[str] | UnsetType = UNSET
    location: str | UnsetType | None = UNSET
    event_type: str | UnsetType | None = UNSET
    event_name: str | UnsetType | None = UNSET
    rating: int | UnsetType = UNSET
    is_reviewed: bool | UnsetType = UNSET
    is_favorite: bool | UnsetType = UNSET
    ai_tags: Sequence[str] | UnsetType = UNSET
    ai_description: str | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET


class TagChange(StrEnum):
    """What is done with tags; every other word a client may send means :attr:`REPLACE`."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


_WORDS = {
    "keywords": "keywords",
    "location": "location",
    "event_type": "event type",
    "event_name": "event name",
    "rating": "rating",
    "is_reviewed": "review state",
    "is_favorite": "favourite",
    "ai_tags": "tags",
    "ai_description": "description",
    "metadata": "metadata",
}
_EVENT = ("event_type", "event_name")
_COLUMNS = ("keywords", "location", "event_type", "event_name", "rating", "is_reviewed", "is_favorite")

_CURRENT = select(
    FileVersion.id,
    FileVersion.media_asset_id,
    FileVersion.tier,
    FileVersion.combined_metadata.label("combined_metadata"),
    *(getattr(FileVersion, name) for name in _COLUMNS),
    MediaAsset.original_filename,
).join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)


async def edit_photo(connection: AsyncConnection, photo_id: str, edit: Edit, action: str = EDITED) -> None:
    """Applies an edit to one version.

    Raises :class:`NotFound`, and :class:`BadRequest` for an edit that sets nothing or a rating that is none.
    """
    _refuse_nonsense(edit)
    *rows, shown_row = await _locked(connection, photo_id)
    for row in rows:
        await _apply(connection, row, edit, None)
    await _apply(connection, shown_row, edit, action)


async def change_tags(
    connection: AsyncConnection, photo_id: str, tags: Sequence[str], change: TagChange
) -> tuple[Sequence[str], bool]:
    """Adds to, takes from or replaces the tags of one version.

    Returns what they are then, and whether that is new. Raises :class:`NotFound`.
    """
    rows = await _locked(connection, photo_id)
    changes = []
    for row in rows:
        before = _tags_of(row.combined_metadata)
        match change:
            case TagChange.ADD:
                after = _cleaned([*before, *tags])
            case TagChange.REMOVE:
                unwanted = set(_cleaned(tags))
                after = [tag for tag in before if tag not in unwanted]
            case TagChange.REPLACE:
                after = _cleaned(tags)
        await _apply(connection, row, Edit(ai_tags=after), EDITED if row is rows[-1] else None)
        changes.append((after, after != before))
    return changes[-1]


def _refuse_nonsense(edit: Edit) -> None:
    if all(getattr(edit, name) is UNSET for name in edit.__struct_fields__):
        known = ", ".join(edit.__struct_encode_fields__)
        raise BadRequest(f"The edit sets nothing. It may set {known}.")
    if not isinstance(edit.rating, UnsetType) and not 0 <= edit.rating <= MOST_STARS:
        raise BadRequest(f"A rating is a whole number from 0 to {MOST_STARS}, not {edit.rating}.")


async def _locked(connection: AsyncConnection, photo_id: str) -> list[Any]:
    """The version as it is now and, of a Silver one, the Gold version that is shown in its place, behind it.

    Both are kept from other writers until the transaction ends; a promotion comes before it or after it.
    """
    asset = select(FileVersion.media_asset_id).where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    asset_id = (await connection.execute(asset)).scalar()
    if asset_id is None:
        raise NotFound(f"There is no photo {photo_id}.")
    await lock_asset(connection, asset_id)
    statement = _CURRENT.where(FileVersion.media_asset_id == asset_id, FileVersion.archived_at.is_(None))
    rows = (await connection.execute(statement.with_for_update(of=FileVersion))).all()
    found = [row for row in rows if row.id == photo_id]
    if not found:
        raise NotFound(f"There is no photo {photo_id}.")
    if found[0].tier == Tier.SILVER:
        found += [row for row in rows if row.tier == Tier.GOLD]
    return found


async def _apply(connection: AsyncConnection, row: Any, edit: Edit, action: str | None) -> None:
    """Without an ``action``, the history tells nothing of it."""
    values = _changed_columns(row, edit)
    changed = set(values)
    metadata, changed_metadata, new_tags = _changed_metadata(row.combined_metadata, edit)
    if changed_metadata:
        values["combined_metadata"] = metadata
        changed |= changed_metadata
    if values:
        await connection.execute(update(FileVersion).where(FileVersion.id == row.id).values(values))
        await count_tags(connection, new_tags)
        await mark_stale(connection, [row.id])
    if action == UPDATED:
        await _write_history(connection, row, _named(edit), action)
    elif changed and action is not None:
        await _write_history(connection, row, [name for name in _WORDS if name in changed], action)


def _named(edit: Edit) -> list[str]:
    return [name for name in edit.__struct_fields__ if getattr(edit, name) is not UNSET]


def _changed_columns(row: Any, edit: Edit) -> dict[str, Any]:
    wanted = {name: value for name in _COLUMNS if (value := getattr(edit, name)) is not UNSET}
    if "keywords" in wanted:
        wanted["keywords"] = _cleaned(wanted["keywords"])
    # clients send the empty fields of a form with every save: nothing was said by that where nothing was there
    empty = {name for name in _EVENT if wanted.get(name) == "" and getattr(row, name) is None}
    return {name: value for name, value in wanted.items() if name not in empty and getattr(row, name) != value}


def _changed_metadata(before: Mapping[str, Any] | None, edit: Edit) -> tuple[dict[str, Any], set[str], list[str]]:
    """The metadata after the edit, which of its fields changed, and the tags that are new.

    No ``ai`` comes to be for an empty list of tags: clients send one with every save, and a photo with ``ai`` counts
    as described.
    """
    metadata = dict(before or {})
    changed = set()
    if not isinstance(edit.metadata, UnsetType):
        merged = {key: value for key, value in {**metadata, **_on_earth(edit.metadata)}.items() if value is not None}
        if merged != metadata:
            metadata, changed = merged, {"metadata"}
    ai, had = dict(metadata.get("ai") or {}), _tags_of(metadata)
    if not isinstance(edit.ai_tags, UnsetType):
        tags = _cleaned(edit.ai_tags)
        if tags != had:
            ai["aiTags"] = tags
            changed.add("ai_tags")
    if edit.ai_description and edit.ai_description != ai.get("longDescription"):
        ai["longDescription"] = edit.ai_description
        changed.add("ai_description")
    if changed - {"metadata"}:
        metadata["ai"] = ai
    if changed and metadata.get("ai"):
        metadata["ai"] = after_edit((before or {}).get("ai"), metadata["ai"])
    old = set(_tags_of(before))
    return metadata, changed, [tag for tag in _tags_of(metadata) if tag not in old]


def _on_earth(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as they were sent, without coordinates that are no place (contract, behaviour §11)."""
    found = dict(metadata)
    if exif := found.get("exif"):
        pair = ("gpsLatitude", "gpsLongitude")
        found["exif"] = {name: exif[name] for name in exif if name not in pair or _is_place(exif, *pair)}
    if guess := (found.get("ai") or {}).get("gpsCoordinates"):
        ai = found["ai"]
        found["ai"] = {name: ai[name] for name in ai if name != "gpsCoordinates" or _is_place(guess)}
    return found


def _is_place(values: Mapping[str, Any], latitude: str = "latitude", longitude: str = "longitude") -> bool:
    """Half a pair is judged by itself."""
    north, east = values.get(latitude), values.get(longitude)
    return coordinates(1.0 if north is None else north, 1.0 if east is None else east) is not None


def _tags_of(metadata: Mapping[str, Any] | None) -> list[str]:
    tags: list[str] = ((metadata or {}).get("ai") or {}).get("aiTags") or []
    return list(tags)


def _cleaned(words: Sequence[str]) -> list[str]:
    """Without spaces around them, without empty ones, each once, in their order."""
    return list(dict.fromkeys(stripped for word in words if (stripped := word.strip())))


async def _write_history(connection: AsyncConnection, row: Any, fields: Sequence[str], action: str) -> None:
    now = utc_now()
    opening = f"{shown(row.original_filename)} ({row.tier.capitalize()}) was edited: "
    words = [_WORDS[name] for name in fields]
    if action == EDITED:
        newest = (
            select(AssetHistory.id, AssetHistory.action, AssetHistory.details, AssetHistory.timestamp)
            .where(AssetHistory.media_asset_id == row.media_asset_id)
            .order_by(AssetHistory.timestamp.desc(), AssetHistory.id.desc())
            .limit(1)
        )
        last = (await connection.execute(newest)).first()
        if (
            last is not None
            and last.action == EDITED
            and timedelta(0) <= now - last.timestamp <= MERGE_WITHIN
            and (last.details or "").startswith(opening)
        ):
            before = last.details.removeprefix(opening).removesuffix(".").split(", ")
            details = f"{opening}{', '.join(dict.fromkeys([*before, *words]))}."
            merge = update(AssetHistory).where(AssetHistory.id == last.id).values(details=details, timestamp=now)
            await connection.execute(merge)
            return
    columns = {"media_asset_id": row.media_asset_id, "action": action, "timestamp": now}
    await connection.execute(insert(AssetHistory), columns | {"details": f"{opening}{', '.join(words)}."})
