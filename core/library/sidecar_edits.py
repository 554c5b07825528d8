"""What somebody wrote into a sidecar becomes what the database says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import AssetHistory, Face, FileVersion, Person, new_id, utc_now
from core.library.described import after_edit
from core.library.edits import EDITED
from core.library.face_regions import upright_box
from core.library.photo_facts import orientation_of, place_path
from core.library.readable_metadata import readable
from core.library.sidecar_facts import FaceRegion
from core.library.sidecar_look import Resolution, words_for
from core.people.refused import names_given, names_taken

#: The ``capture_source`` of a time, and the ``detector`` of a face, that somebody wrote into a sidecar.
SIDECAR = "sidecar"

_PLACE = {"city": "name", "state": "region", "country": "country", "country_code": "countryCode"}
_COLUMNS = ("location", "event_type", "event_name")


async def apply_resolution(
    connection: AsyncConnection, row: Mapping[str, Any], face_ids: list[str], resolution: Resolution, source: str
) -> None:
    """Writes what changed, and history that says so. ``row`` is the version's, ``face_ids`` are the faces in the order
    of the facts; ``source`` says with what and where (``with digiKam in a.jpg.xmp``).
    """
    if values := changed_columns(row, resolution):
        # the column is called metadata, the attribute is not
        await connection.execute(update(FileVersion).where(FileVersion.id == row["id"]).values(values))
    touched: set[str] = set()
    for index, name in resolution.names.items():
        person_id = await _person(connection, name) if name else None
        await _touch(connection, face_ids[index], person_id, touched)
    for index in resolution.dropped:
        await _drop(connection, face_ids[index], touched)
    for region in resolution.added:
        await _add(connection, row, region, touched)
    if touched:
        counted = select(func.count()).where(Face.person_id == Person.id, Face.ignored.is_(False)).scalar_subquery()
        await connection.execute(update(Person).where(Person.id.in_(touched)).values(face_count=counted))
    await _write_history(connection, row, resolution, source)


def changed_columns(row: Mapping[str, Any], resolution: Resolution) -> dict[str, Any]:
    """The columns of ``file_versions`` that say something else now."""
    facts, values = resolution.facts, {}
    before = row["combined_metadata"] or {}
    sound = readable(before)
    ai, place = sound.get("ai") or {}, sound.get("place") or {}
    metadata: dict[str, Any] = {**before, "ai": dict(ai), "place": dict(place)}
    for field in resolution.changed:
        value = getattr(facts, field)
        if field in _COLUMNS:
            values[field] = value
        elif field in ("title", "label"):
            metadata[field] = value
        elif field == "description":
            metadata["ai"]["longDescription"] = value
        elif field == "rating":
            values["rating"] = max(facts.rating, 0)
            metadata["isRejected"] = facts.rating < 0 or None
        elif field == "captured" and facts.captured is not None:
            values |= _captured(facts.captured.isoformat(), facts.captured_offset_minutes)
            metadata["captureTime"] = {
                **(metadata.get("captureTime") or {}),
                "local": values["captured_at"],
                "source": SIDECAR,
                "offsetMinutes": facts.captured_offset_minutes,
                "zone": None,
            }
        elif field == "latitude":
            values |= {"gps_latitude": facts.latitude, "gps_longitude": facts.longitude}
            metadata["ai"].pop("gpsCoordinates", None)
        elif field in _PLACE:
            metadata["place"] |= {_PLACE[field]: value, "isGivenByPerson": True}
        elif field == "keywords":
            tags = [tag for tag in metadata["ai"].get("aiTags") or () if tag in facts.keywords]
            given = [word for word in facts.keywords if word not in tags or word in (row["keywords"] or ())]
            values["keywords"] = given
            if "aiTags" in metadata["ai"]:
                metadata["ai"]["aiTags"] = tags
        elif field == "keyword_paths":
            of_place = place_path(metadata["place"])
            metadata["keywordPaths"] = [list(path) for path in facts.keyword_paths if path != of_place]
        elif field == "people":
            named = {face.name for face in facts.faces}
            metadata["people"] = [name for name in facts.people if name not in named] or None
    if metadata["ai"] != ai:
        metadata["ai"] = after_edit(ai, metadata["ai"])
    kept = {key: value for key, value in metadata.items() if value not in (None, {}, [])}
    if kept != before:
        values["combined_metadata"] = kept
    return values


def _captured(local: str, offset: int | None) -> dict[str, Any]:
    return {
        "captured_at": local,
        "capture_source": SIDECAR,
        "capture_offset_minutes": offset,
        "time_zone": None,
        "capture_offset_source": SIDECAR if offset is not None else None,
    }


async def _person(connection: AsyncConnection, name: str) -> str:
    """The person of this name; a new one where there is none."""
    found = select(Person.id).where(Person.name == name).order_by(Person.created_at, Person.id).limit(1)
    person_id: str | None = (await connection.execute(found)).scalar_one_or_none()
    if person_id is None:
        person_id = new_id()
        await connection.execute(insert(Person), {"id": person_id, "name": name})
    return person_id


async def _touch(connection: AsyncConnection, face_id: str, person_id: str | None, touched: set[str]) -> None:
    before = (await connection.execute(select(Face.person_id).where(Face.id == face_id))).scalar_one_or_none()
    touched.update(each for each in (before, person_id) if each is not None)
    await names_taken(connection, Face.id == face_id, Face.person_id.is_distinct_from(person_id))
    if person_id is not None:
        await names_given(connection, [face_id], person_id)
    await connection.execute(update(Face).where(Face.id == face_id).values(person_id=person_id))


async def _drop(connection: AsyncConnection, face_id: str, touched: set[str]) -> None:
    """A face that a person drew is gone; one that was detected is not looked at any more."""
    await _touch(connection, face_id, None, touched)
    await connection.execute(delete(Face).where(Face.id == face_id, Face.detector == SIDECAR))
    await connection.execute(update(Face).where(Face.id == face_id).values(ignored=True))


async def _add(connection: AsyncConnection, row: Mapping[str, Any], region: FaceRegion, touched: set[str]) -> None:
    if not (row["width"] and row["height"]):
        return
    box = upright_box(region, row["width"], row["height"], orientation_of(row["combined_metadata"] or {}))
    person_id = await _person(connection, region.name) if region.name else None
    if person_id is not None:
        touched.add(person_id)
    face = {
        "photo_id": row["id"],
        "person_id": person_id,
        "bounding_box": [box.x, box.y, box.width, box.height],
        "confidence": 100,
        "embedding": None,
        "detector": SIDECAR,
    }
    await connection.execute(insert(Face), face)


async def _write_history(
    connection: AsyncConnection, row: Mapping[str, Any], resolution: Resolution, source: str
) -> None:
    name = f"{row['original_filename']} ({str(row['tier']).capitalize()})"
    details = []
    if resolution.changed:
        details.append(f"{name} was edited {source}: {words_for(resolution.changed)}.")
    details += [f"{name} was changed both here and {source}. {conflict}." for conflict in resolution.conflicts]
    now = utc_now()
    rows = [
        {"media_asset_id": row["media_asset_id"], "action": EDITED, "details": each, "timestamp": now}
        for each in details
    ]
    if rows:
        await connection.execute(insert(AssetHistory), rows)
