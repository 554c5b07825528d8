"""The stage that asks where a photo belongs: what was read of it, in the shape that the rules of grouping are given."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import LedgerEntry
from core.db.types import escape_path
from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_places
from core.groups.neighbourhood import IDS_AT_ONCE
from core.media.facts import CaptureSource, Exif
from core.media.metadata import value_of
from core.media.source_file import shown
from core.pipeline.keep_original import Original
from core.pipeline.roots import UPLOAD, Root
from core.pipeline.sighted import Move
from core.pipeline.workbench import Item

#: Sources of a capture time that two files of one shot share; a name or the time of ingest proves nothing.
_MEASURED = frozenset({CaptureSource.EXIF_ORIGINAL, CaptureSource.EXIF_CREATED, CaptureSource.CONTAINER})

#: EXIF 2.32, tag 0xA402: auto bracket.
_AUTO_BRACKET = "2"


def place_of(item: Item) -> Place:
    """Where a file was found. All uploads lie in one folder: each is received in a directory of its own."""
    folder = "" if item.root.name == UPLOAD else os.path.dirname(item.entry.path)  # noqa: PTH120 - surrogates
    return Place(escape_path(f"{item.root.name}/{folder}"), shown(item.original_filename))


async def follow_moves(connection: AsyncConnection, root: Root, moves: Sequence[Move]) -> None:
    """Tells the groups where files lie that were moved: what comes beside them may belong to them."""
    places: dict[str, Place] = {}
    for start in range(0, len(moves), IDS_AT_ONCE):
        paths = {move.id: move.path for move in moves[start : start + IDS_AT_ONCE]}
        statement = select(LedgerEntry.id, LedgerEntry.media_asset_id).where(
            LedgerEntry.id.in_(list(paths)), LedgerEntry.media_asset_id.is_not(None)
        )
        for row in await connection.execute(statement):
            folder, name = os.path.split(paths[row.id])
            places[row.media_asset_id] = Place(escape_path(f"{root.name}/{folder}"), shown(name))
    if places:
        await keep_places(connection, places)


def group_facts(item: Item, original: Original) -> GroupFacts:
    """What the rules of grouping are told of a file."""
    identity, captured = original.reading.identity, original.captured
    assert identity.format is not None
    exif, said = identity.exif, identity.metadata
    film = value_of(said.embedded_video)
    return GroupFacts(
        asset_id=original.asset_id,
        kind=identity.format.kind,
        places=(place_of(item),),
        taken=captured.local if captured.source in _MEASURED else None,
        offset_minutes=captured.offset_minutes,
        camera=exif.camera,
        duration=value_of(said.duration),
        content_identifier=value_of(said.content_identifier),
        burst_identifier=value_of(said.burst_identifier),
        is_burst_cover=bool(value_of(said.is_burst_cover)),
        is_bracketed=exif.exposure_mode == _AUTO_BRACKET,
        exposure=_exposure(exif),
        exposure_time=value_of(said.exposure_time),
        exposure_bias=value_of(said.exposure_bias),
        sequence_number=value_of(said.sequence_number),
        film_from_end=film.from_end if film else None,
        film_length=film.length if film else None,
    )


def _exposure(exif: Exif) -> str | None:
    """The settings that a bracket varies, as text that is equal where they are."""
    settings = (exif.shutter, exif.aperture, exif.iso)
    return None if exif.shutter is None else " ".join(setting or "?" for setting in settings)
