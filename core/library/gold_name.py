"""What is a Gold file called? As the owner's setting says, from what is known of the photo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import FileVersion, MediaAsset, Setting
from core.errors import NotFound
from core.library.naming import DEFAULT_PATTERN, NameFacts, render_name
from core.media.clock import clock_of
from core.media.facts import Format, Kind
from core.media.formats import FORMATS
from core.media.source_file import shown

_PATTERN, _CUSTOM = "gold_naming_pattern", "custom_naming_pattern"


async def gold_name(connection: AsyncConnection, row: Mapping[str, Any], original_filename: str, known: Format) -> str:
    """The name, with its extension, of the Gold file of a row of ``file_versions``."""
    pattern, custom = await _patterns(connection)
    return render_name(pattern, custom, _name_facts(row, original_filename, known))


async def name_by(connection: AsyncConnection, photo_id: str, pattern: str | None) -> tuple[str, str]:
    """The name of a version by a pattern, or by the one for Gold, and that pattern. Raises :class:`NotFound`."""
    chosen, custom = await _patterns(connection)
    row, original_filename, known = await _find(connection, photo_id)
    used = pattern or chosen
    return render_name(used, custom, _name_facts(row, original_filename, known)), used


async def gold_name_of(connection: AsyncConnection, photo_id: str) -> str:
    """The name of the Gold file of a version by its id. Raises :class:`NotFound`."""
    return (await name_by(connection, photo_id, None))[0]


async def _patterns(connection: AsyncConnection) -> tuple[str, str]:
    """The pattern for Gold, and what ``custom`` stands for."""
    statement = select(Setting.key, Setting.value).where(Setting.key.in_((_PATTERN, _CUSTOM)))
    settings = {setting.key: setting.value for setting in await connection.execute(statement)}
    return settings.get(_PATTERN) or DEFAULT_PATTERN, settings.get(_CUSTOM, "")


def _name_facts(row: Mapping[str, Any], original_filename: str, known: Format) -> NameFacts:
    exif = (row["combined_metadata"] or {}).get("exif") or {}
    return NameFacts(
        original_filename=original_filename,
        extension=known.extension,
        captured=captured_of(row),
        camera=exif.get("camera"),
        lens=exif.get("lens"),
        description=row["ai_short_description"],
    )


async def _find(connection: AsyncConnection, photo_id: str) -> tuple[Mapping[str, Any], str, Format]:
    """What names are made from, the original's name, and the format."""
    statement = (
        select(
            FileVersion.combined_metadata.label("combined_metadata"),
            FileVersion.ai_short_description,
            FileVersion.captured_at,
            FileVersion.created_at,
            FileVersion.mime_type,
            FileVersion.file_path,
            MediaAsset.original_filename,
        )
        .join(MediaAsset, MediaAsset.id == FileVersion.media_asset_id)
        .where(FileVersion.id == photo_id, FileVersion.archived_at.is_(None))
    )
    row = (await connection.execute(statement)).mappings().first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    suffix = PurePosixPath(row["file_path"]).suffix
    unknown = Format(row["mime_type"], Kind.PHOTO, row["mime_type"], suffix)
    known = next((each for each in FORMATS if each.mime_type == row["mime_type"]), unknown)
    by_name = {str(key): value for key, value in row.items()}
    return by_name, shown(row["original_filename"]), known


def captured_of(row: Mapping[str, Any]) -> datetime:
    """When the photo was taken, by the clock of the place; when it came, where nothing else is known."""
    came: datetime = row["created_at"]
    return clock_of(row["captured_at"]) or came
