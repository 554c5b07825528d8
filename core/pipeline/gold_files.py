"""The files of a Gold version: placed, replaced and removed so that a crash between two steps can be repaired."""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import suppress
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion
from core.errors import IntakeError, NameTaken, PlacementFailed
from core.library.layout import ARCHIVE, Layout, json_sidecar_of, sidecar_of
from core.library.naming import numbered
from core.library.placing import (
    Span,
    discard,
    hash_file,
    place_bytes,
    place_copy,
    place_link,
    place_pieces,
    replace_sidecar,
)
from core.pipeline.look import PREVIEW, THUMBNAIL
from core.pipeline.placements import Intent

if TYPE_CHECKING:
    from core.library.gold_plan import GoldPlan


def place_gold(layout: Layout, source: str, target: str, plan: GoldPlan, json: bytes | None, mtime_ns: int) -> None:
    """Puts the file and its sidecars under a reserved name; leaves nothing when one of them fails."""
    gold, made = layout.absolute(target), plan.embedding
    if made.pieces == (Span(0, made.size),):
        place_copy(source, gold, made.sha256, mtime_ns)
    else:
        place_pieces(source, made.pieces, gold, made.sha256, mtime_ns)
    try:
        place_bytes(plan.sidecar, layout.absolute(sidecar_of(target)))
        if json is not None:
            place_bytes(json, layout.absolute(json_sidecar_of(target)))
    except IntakeError:
        remove_gold(layout, target)
        raise


def is_up_to_date(layout: Layout, target: str, plan: GoldPlan, sha256: str, json: bytes | None) -> bool:
    """Whether a Gold file, which has ``sha256``, is as planned, and the JSON beside it as well.

    The XMP beside it is looked after like every other, by the queue of sidecars.
    """
    path = layout.absolute(json_sidecar_of(target))
    is_same_json = json is None or (path.is_file() and path.read_bytes() == json)
    return plan.embedding.sha256 == sha256 and layout.absolute(target).is_file() and is_same_json


def replace_gold(
    layout: Layout, source: str, target: str, plan: GoldPlan, json: bytes | None, mtime_ns: int, stored: str
) -> None:
    """Puts a new file in the place of an old Gold one, which is there until the moment of the rename.

    ``stored`` is the SHA-256 that the old one should have. A file with other bytes, damaged or somebody else's, gets a
    second name in the archive first, where the audit tells it.
    """
    gold, made = layout.absolute(target), plan.embedding
    if gold.is_file() and (found := hash_file(gold)) != stored:
        _keep_aside(layout, target, found)
    place_pieces(source, made.pieces, gold, made.sha256, mtime_ns, replace=True)
    replace_sidecar(plan.sidecar, layout.absolute(sidecar_of(target)))
    if json is not None:
        replace_sidecar(json, layout.absolute(json_sidecar_of(target)))


def _keep_aside(layout: Layout, target: str, sha256: str) -> None:
    path = PurePosixPath(target)
    folder = PurePosixPath("media", ARCHIVE, *path.parts[2:-1])
    for number in count(1):
        try:
            place_link(layout.absolute(target), layout.absolute(str(folder / numbered(path.name, number))), sha256)
        except NameTaken:
            continue
        return


def remove_gold(layout: Layout, target: str) -> None:
    """Removes the file and its sidecars, the file last: what is left of a cut-off removal is found by it."""
    for name in (json_sidecar_of(target), sidecar_of(target), target):
        discard(layout.absolute(name))


def share_rendered(layout: Layout, sha256: str, gold_sha256: str) -> None:
    """Gives a Gold file the rendered pictures of its source: the pixels are the same.

    They can be made again, so that a failure costs only time.
    """
    if sha256 == gold_sha256:
        return
    for name in (THUMBNAIL, PREVIEW):
        there, new = layout.rendered(sha256, name), layout.rendered(gold_sha256, name)
        with suppress(OSError, PlacementFailed):
            if there.is_file() and not new.exists():
                place_link(there, new, hash_file(there), durable=False)


def remove_rendered(layout: Layout, sha256: str) -> None:
    """Removes every rendered picture of a content that no version has any more."""
    folder = layout.rendered(sha256, "any").parent
    if folder.is_dir():
        for path in folder.glob(f"{sha256}-*.jpeg"):
            path.unlink(missing_ok=True)


async def adopt_replaced(connection: AsyncConnection, layout: Layout, intent: Intent) -> bool:
    """Lets the row of a Gold version follow its file, where a crash came between replacing and recording it.

    Returns whether there was anything to do.
    """
    statement = select(FileVersion.id, FileVersion.sha256).where(FileVersion.file_path == intent.target)
    row = (await connection.execute(statement)).first()
    if row is None or row.sha256 == intent.sha256:
        return False
    gold = layout.absolute(intent.target)
    if not await asyncio.to_thread(lambda: gold.is_file() and hash_file(gold) == intent.sha256):
        return False
    columns = {
        "sha256": intent.sha256,
        "file_hash": await asyncio.to_thread(_md5, str(gold)),
        "file_size": gold.stat().st_size,
    }
    await connection.execute(update(FileVersion).where(FileVersion.id == row.id).values(columns))
    return True


def _md5(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - hashlib wants a plain file
        return hashlib.file_digest(file, "md5").hexdigest()


def mtime_of(source: str) -> int:
    """The modification time of a file, in nanoseconds."""
    return os.stat(source).st_mtime_ns  # noqa: PTH116 - paths of sources are text with surrogates
