"""One photo from its files: read and looked at as when it came, with what its sidecars say on top."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from core.compute.tasks import Reading, read_file, read_sidecars
from core.db.tables import new_id, utc_now
from core.errors import IntakeError, Undecodable
from core.groups.facts import GroupFacts
from core.library.edits import EDITED
from core.library.layout import Tier
from core.library.placing import hash_file
from core.library.sidecar_edits import SIDECAR
from core.library.sidecar_facts import SidecarFacts
from core.media.facts import Box, Look
from core.media.metadata import Metadata
from core.media.source_file import shown
from core.pipeline.gold_files import share_rendered
from core.pipeline.grouping import group_facts
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Original, capture_of, version_columns
from core.pipeline.keep_silver import face_rows, silver_columns
from core.pipeline.know import describe, know
from core.pipeline.ledger import Entry, Signature
from core.pipeline.look import look_at
from core.pipeline.roots import Mode, Root
from core.pipeline.states import State
from core.pipeline.wishes import wishes
from core.pipeline.workbench import Item, Stopwatch, Workbench
from core.rebuild.inventory import Filed, Unit
from core.rebuild.said import Faces, is_same_face, said_columns, said_faces

#: Of a face that a person has drawn, in per cent.
DRAWN_CONFIDENCE = 100

#: The history's action for a photo that came back from its files.
REBUILT = "REBUILT"

#: What stands for the folder in which a file was found once, which no file tells.
LIBRARY = "library"


class Recalled(msgspec.Struct):
    """The rows of one photo. Faces carry the ``name`` of their person instead of an id."""

    asset: dict[str, Any]
    versions: list[dict[str, Any]]
    faces: list[dict[str, Any]]
    history: list[dict[str, Any]]
    grouped: GroupFacts
    metadata: Metadata
    look: Look | None
    ledger: dict[str, Any] | None
    sidecars: int
    warnings: list[str]

    @property
    def is_undeveloped(self) -> bool:
        """Whether it could be decoded and no more is there than its original: it was cut off there."""
        return self.look is not None and {version["tier"] for version in self.versions} == {Tier.BRONZE}


class Unexplained(Exception):
    """These files are not a photo as they are; says why."""


async def recall(bench: Workbench, unit: Unit, roots: Mapping[str, Root]) -> Recalled:
    """Reads the files of a photo. Raises :class:`Unexplained`."""
    warnings: list[str] = []
    sidecars = await _sidecars(bench, unit, warnings)
    first = unit.original
    filename = next((facts.original_filename for facts in sidecars.values() if facts.original_filename), None)
    item = _item(bench, first, filename or os.path.basename(first.path or first.file_path), roots)  # noqa: PTH119
    reading = await _read(bench, item)
    told = [facts.ingested_at for facts in sidecars.values() if facts.ingested_at is not None]
    came_at = told[0] if told else await asyncio.to_thread(_changed_at, bench.layout.absolute(first.file_path))
    captured = capture_of(bench, item, reading, came_at)
    sha256 = reading.identity.sha256
    if first.tier is Tier.GOLD:
        if unit.sha256 is None:
            warnings.append(f"{shown(first.file_path)} says of no photo that it is its Gold; it is one of its own.")
        sha256 = unit.sha256 or sha256
    elif unit.sha256 not in (None, sha256):
        warnings.append(f"{shown(first.file_path)} has other bytes than its sidecar says.")
    original = Original(new_id(), new_id(), first.file_path, reading.identity.sha256, captured, came_at, reading)
    look: Look | None = None
    undecodable: str | None = None
    try:
        look = await look_at(bench, item, original)
    except Undecodable as error:
        undecodable = str(error)
    except IntakeError as error:
        raise Unexplained(str(error)) from error
    recalled = Recalled(
        asset={"id": original.asset_id, "original_filename": shown(item.original_filename), "sha256": sha256}
        | {"created_at": came_at},
        versions=[],
        faces=[],
        history=[_history(original, item, unit)],
        grouped=group_facts(item, original),
        metadata=reading.own,
        look=look,
        ledger=await asyncio.to_thread(_ledger, original, first, roots),
        sidecars=len(sidecars),
        warnings=warnings,
    )
    if unit.bronze is not None:
        columns = version_columns(original, Tier.BRONZE, original.version_id)
        columns |= {"file_path": unit.bronze.file_path, "undecodable": undecodable}
        columns["processing_state"] = "promoted" if unit.silver is not None else "processed"
        developed = [file for file in unit.files if file.tier is not Tier.BRONZE]
        if developed and all(file.is_archived for file in developed):
            # the original stays where it is, but is hidden with the rest
            columns["archived_at"] = await asyncio.to_thread(_changed_at, bench.layout.absolute(developed[0].file_path))
        recalled.versions.append(columns)
    await _add_developed(bench, unit, recalled, item, original, look, sidecars)
    return recalled


async def _add_developed(
    bench: Workbench,
    unit: Unit,
    recalled: Recalled,
    item: Item,
    original: Original,
    look: Look | None,
    sidecars: Mapping[str, SidecarFacts],
) -> None:
    """The Silver and Gold versions, and the faces."""
    developed = [file for file in unit.files if file.tier is not Tier.BRONZE]
    if look is None:
        if developed:
            names = ", ".join(shown(file.file_path) for file in developed)
            recalled.warnings.append(f"{names} cannot be decoded any more and came back without what pixels tell.")
        return
    # of what day it was, as when it came in; what a person has set up is not in any file, so the usual holidays hold
    occasion = (await wishes(bench, original.captured)).occasion
    description = describe(item, know(item.original_filename, original.reading, look, original.captured, occasion))
    is_described = False
    for file in developed:
        version_id = new_id()
        columns = silver_columns(item, original, look, description, version_id, bench.vocabulary) | {
            "tier": file.tier,
            "file_path": file.file_path,
        }
        if file.tier is Tier.GOLD:
            columns |= await _own_bytes(bench, file, item)
            await asyncio.to_thread(share_rendered, bench.layout, original.sha256, columns["sha256"])
        elif unit.bronze is not None and file.root is None:
            await _prove_same(bench, file, unit.bronze, original.sha256)
        if (facts := sidecars.get(file.file_path)) is not None:
            said = said_columns(columns, facts)
            columns, is_described = said.columns, is_described or said.is_described
        if file.tier is Tier.SILVER and unit.gold:
            columns["processing_state"] = "promoted"
        if file.is_archived:
            columns["archived_at"] = await asyncio.to_thread(_changed_at, bench.layout.absolute(file.file_path))
        recalled.versions.append(columns)
    if is_described:
        recalled.history.append(_described(original, item))
    if developed:
        # faces belong to the Silver version; Gold before Silver says whose they are, it was edited last
        best_first = [sidecars[file.file_path] for file in reversed(developed) if file.file_path in sidecars]
        owner = next(row["id"] for row in recalled.versions if row["tier"] != Tier.BRONZE)
        recalled.faces = _faces(look, owner, said_faces(look, _orientation(original), best_first))


def _faces(look: Look, owner: str, said: Faces) -> list[dict[str, Any]]:
    """The faces that were found, each with the name that stands on it, and those that only a person has seen."""
    rows = face_rows(look.faces, owner)
    left = list(said.regions)
    for row in rows:
        box = Box(*row["bounding_box"])
        region = next((region for region in left if is_same_face(box, region.box)), None)
        if region is not None:
            left.remove(region)
        row |= {"name": region.name if region else None, "ignored": region is None and said.is_complete}
    for region in left:
        box = region.box
        drawn = {"bounding_box": [box.x, box.y, box.width, box.height], "confidence": DRAWN_CONFIDENCE}
        rows.append(
            {"id": new_id(), "photo_id": owner, "embedding": None, "detector": SIDECAR, "ignored": False}
            | {"name": region.name}
            | drawn
        )
    return rows


def _orientation(original: Original) -> int:
    text = original.reading.identity.exif.orientation
    return int(text) if text and text.isdigit() else 1


async def _sidecars(bench: Workbench, unit: Unit, warnings: list[str]) -> dict[str, SidecarFacts]:
    """What the sidecars of the files say, by ``file_path``."""
    files = [file for file in unit.files if file.sidecar is not None]
    paths = [str(bench.layout.data_dir / str(file.sidecar)) for file in files]
    found: dict[str, SidecarFacts] = {}
    answers = await bench.compute.run(read_sidecars, paths) if paths else []
    for file, facts in zip(files, answers, strict=True):
        if isinstance(facts, SidecarFacts):
            found[file.file_path] = facts
        else:
            warnings.append(f"The sidecar of {shown(file.file_path)} cannot be read: {facts}")
    return found


def _item(bench: Workbench, file: Filed, filename: str, roots: Mapping[str, Root]) -> Item:
    """The file in hand, in the shape that the stages of the pipeline are given."""
    if file.root is not None:
        root, path = roots[file.root], file.path
    else:
        folder = Path(*file.file_path.split("/")[:2])
        root = Root(LIBRARY, str(bench.layout.data_dir / folder), Mode.COPY, is_watched=False)
        path = os.path.relpath(file.file_path, folder)
    signature = Signature.of(os.lstat(bench.layout.absolute(file.file_path)))
    return Item(Entry(0, root.name, path, State.RUNNING, signature), root, filename, Stopwatch())


async def _read(bench: Workbench, item: Item) -> Reading:
    try:
        reading = await in_worker(bench, item, read_file, item.source, item.original_filename, str(bench.layout.cache))
    except IntakeError as error:
        raise Unexplained(str(error)) from error
    if reading.identity.format is None:
        raise Unexplained(f"{item.label} is no photo or video.")
    return reading


async def _own_bytes(bench: Workbench, file: Filed, item: Item) -> dict[str, Any]:
    """Size and hashes of a Gold file, which has bytes of its own."""
    path = str(bench.layout.absolute(file.file_path))
    try:
        reading = await in_worker(bench, item, read_file, path, item.original_filename, str(bench.layout.cache))
    except IntakeError as error:
        raise Unexplained(str(error)) from error
    identity = reading.identity
    if identity.format is None:
        raise Unexplained(f"{shown(file.file_path)} is no photo or video.")
    made_at = await asyncio.to_thread(_changed_at, Path(path))
    return {
        "file_hash": identity.md5,
        "sha256": identity.sha256,
        "file_size": identity.size,
        "mime_type": identity.format.mime_type,
        "created_at": made_at,
        # a person, or a rule of one, has approved it
        "is_reviewed": True,
    }


async def _prove_same(bench: Workbench, silver: Filed, bronze: Filed, sha256: str) -> None:
    """Raises :class:`Unexplained` unless Silver has the bytes of its original."""
    one, other = (bench.layout.absolute(file.file_path) for file in (silver, bronze))
    if await asyncio.to_thread(one.samefile, other):
        return
    if await asyncio.to_thread(hash_file, one) != sha256:
        raise Unexplained(f"{shown(silver.file_path)} has other bytes than its original {shown(bronze.file_path)}.")


def _changed_at(path: Path) -> datetime:
    """When the file was put where it is: a library's file is not touched afterwards."""
    return datetime.fromtimestamp(path.stat().st_ctime, UTC)


def _history(original: Original, item: Item, unit: Unit) -> dict[str, Any]:
    tiers = ", ".join(dict.fromkeys(file.tier.capitalize() for file in unit.files))
    details = f"{shown(item.original_filename)} was found in the library ({tiers}) when the database was rebuilt."
    return {"media_asset_id": original.asset_id, "action": REBUILT, "details": details, "timestamp": utc_now()}


def _described(original: Original, item: Item) -> dict[str, Any]:
    """Tells a person's description from a machine's, as an edit would have."""
    details = f"The description of {shown(item.original_filename)} is that of its sidecar."
    return {"media_asset_id": original.asset_id, "action": EDITED, "details": details, "timestamp": utc_now()}


def _ledger(original: Original, file: Filed, roots: Mapping[str, Root]) -> dict[str, Any] | None:
    """The entry of a file that stays in its folder: by it, the scan knows the file again."""
    if file.root is None:
        return None
    signature = Signature.of(os.lstat(roots[file.root].absolute(file.path)))
    return {
        "root": file.root,
        "path": file.path,
        "state": State.DONE,
        "size": signature.size,
        "mtime_ns": signature.mtime_ns,
        "ctime_ns": signature.ctime_ns,
        "inode": signature.inode,
        "sha256": original.sha256,
        "media_asset_id": original.asset_id,
        "first_seen_at": utc_now(),
        "updated_at": utc_now(),
    }
