"""A photo is written anew: what a person said of it before is still said of it.

What the old file said of itself is known, so a person's word is what differs from it. A file that was written by a
program which keeps no metadata has taken nothing away: its silence is no word of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Collection, CollectionPhoto, FileVersion, UploadConflict
from core.library.described import with_answer
from core.library.layout import Tier
from core.library.readable_metadata import readable
from core.library.sidecar_edits import SIDECAR
from core.media.metadata import Metadata, value_of
from core.pipeline.carried_faces import carry_faces
from core.pipeline.remembered_metadata import remembered_metadata
from core.pipeline.rewritten import SUPERSEDED

#: What a person may have said of a version, in columns of their own.
SAID: Final = ("is_reviewed", "rating", "keywords", "location", "event_type", "event_name", "is_favorite")

_POSITION: Final = ("gps_latitude", "gps_longitude")
_CAPTURED: Final = (
    *("captured_at", "capture_source", "capture_offset_minutes", "capture_offset_source", "capture_confidence"),
    "time_zone",
)
_TOLD_ANEW: Final = frozenset(
    {"ai", "exif", "faceDetection", "faceDetectionErrors", "quality", "captureTime", "warnings", "conflictCopy"}
)
"""Keys of a version's metadata that are not carried over as they are; what else there is, a person gave."""

_COLUMNS = (
    *(getattr(FileVersion, name) for name in (*SAID, *_POSITION, *_CAPTURED)),
    *(FileVersion.id, FileVersion.tier, FileVersion.sha256, FileVersion.processing_state, FileVersion.archived_at),
    FileVersion.combined_metadata.label("combined_metadata"),
    FileVersion.ai_short_description,
)
_CARRIED: Final = (*SAID, *_POSITION, *_CAPTURED, "combined_metadata", "ai_short_description")

_SAME_DEGREES: Final = 1e-5
"""About a metre."""

Row = Mapping[str, Any]
V = TypeVar("V")


async def carry_over(connection: AsyncConnection, asset_id: str, version_id: str) -> None:
    """Tells the new version what a person said of the one before it, in the transaction that records it.

    Words, rating, marks, event, place and a corrected capture time; its places in collections; names of faces, unless
    the version is Bronze, which has no pixels. A photo that was put away stays put away.
    """
    statement = select(*_COLUMNS).where(
        FileVersion.media_asset_id == asset_id, FileVersion.tier != Tier.GOLD, FileVersion.id != version_id
    )
    newest_first = statement.order_by(FileVersion.created_at.desc(), FileVersion.tier.desc())
    others: list[Row] = [dict(row) for row in (await connection.execute(newest_first)).mappings()]
    before = [row for row in others if row["processing_state"] == SUPERSEDED]
    # of the original something may have been said as well, before it was developed
    original = [row for row in others if row["processing_state"] != SUPERSEDED and row["tier"] == Tier.BRONZE]
    new: Row = dict((await connection.execute(select(*_COLUMNS).where(FileVersion.id == version_id))).mappings().one())
    for old in (*before[:1], *original):
        new = {**new, **carried_columns(old, await remembered_metadata(connection, old["sha256"]), new)}
    values = {name: new[name] for name in _CARRIED}
    if new["tier"] != Tier.BRONZE:
        people = await carry_faces(connection, [row["id"] for row in before], version_id)
        if people:
            metadata = values["combined_metadata"] or {}
            named = [*(readable(metadata).get("people") or ()), *people]
            values["combined_metadata"] = {**metadata, "people": list(dict.fromkeys(named))}
        values["archived_at"] = next((row["archived_at"] for row in original), None)
    await connection.execute(update(FileVersion).where(FileVersion.id == version_id).values(values))
    old_ids = [row["id"] for row in before]
    for column in (CollectionPhoto.photo_id, Collection.cover_photo, UploadConflict.existing_photo_id):
        await connection.execute(update(column.class_).where(column.in_(old_ids)).values({column: version_id}))


def carried_columns(old: Row, own: Metadata | None, new: Row) -> dict[str, Any]:
    """The columns of the new version with a person's words in them.

    ``old`` is the version before as it was last, and ``own`` what its file says of itself; where nobody knows that any
    more, all that ``old`` says counts as a person's.
    """
    own = own or Metadata()
    values: dict[str, Any] = {name: bool(old[name] or new[name]) for name in ("is_reviewed", "is_favorite")}
    values["rating"] = _kept(max(value_of(own.rating) or 0, 0), old["rating"], new["rating"])
    values["location"] = _kept(value_of(own.location), old["location"], new["location"])
    position = value_of(own.position)
    was = (position.latitude, position.longitude) if position is not None else (None, None)
    mine, now = (tuple(row[name] for name in _POSITION) for row in (old, new))
    values |= zip(
        _POSITION, now if None not in now and _is_one_place(was, mine) else _kept(was, mine, now), strict=True
    )
    values["keywords"] = _keywords(value_of(own.keywords) or (), old["keywords"] or (), new["keywords"] or ())
    if old["event_type"] or old["event_name"]:
        values |= {"event_type": old["event_type"], "event_name": old["event_name"]}
    metadata = _metadata(old, own, new)
    if old["capture_source"] == SIDECAR:
        values |= {name: old[name] for name in _CAPTURED}
        metadata["captureTime"] = (old["combined_metadata"] or {}).get("captureTime")
    if values["rating"]:
        metadata.pop("isRejected", None)
    if old["is_reviewed"] and old["ai_short_description"]:
        values["ai_short_description"] = old["ai_short_description"]
    values["combined_metadata"] = {key: value for key, value in metadata.items() if value not in (None, {})} or None
    return values


def _kept(was: V, mine: V, now: V) -> V:
    """A person's word where there is one; else the new file's, if it says anything."""
    return mine if mine != was or not now or now == (None, None) else now


def _is_one_place(was: tuple[Any, ...], mine: tuple[Any, ...]) -> bool:
    """Whether a position is the file's own; metadata and columns round it differently."""
    pairs = zip(was, mine, strict=True)
    return all(one == other or (one and other and abs(one - other) < _SAME_DEGREES) for one, other in pairs)


def _keywords(was: Any, mine: Any, now: Any) -> list[str]:
    """The person's, and those that are new in the file: one that the old file had as well was taken away by them."""
    return list(dict.fromkeys([*mine, *(word for word in now if word not in was)]))


def _metadata(old: Row, own: Metadata, new: Row) -> dict[str, Any]:
    mine, now = old["combined_metadata"] or {}, new["combined_metadata"] or {}
    said = dict(now)
    if old["tier"] == Tier.BRONZE:
        # an original's metadata is what the camera says; only a person puts more into it
        mine = {key: value for key, value in mine.items() if key not in _TOLD_ANEW or key == "ai"}
    else:
        for key, written in (("title", own.title), ("label", own.label)):
            said[key] = _kept(value_of(written), mine.get(key), now.get(key))
    for key in mine.keys() - _TOLD_ANEW - {"title", "label", "place", "embeddedDescription"}:
        said[key] = mine[key]
    said.setdefault("embeddedDescription", mine.get("embeddedDescription"))
    place = readable(mine).get("place") or {}
    if place.get("isGivenByPerson") or not now.get("place"):
        said["place"] = place
    ai = mine.get("ai")
    if ai:
        # what a person has confirmed is not described anew
        said["ai"] = ai if old["is_reviewed"] else with_answer(ai, now.get("ai") or {})
    return said
