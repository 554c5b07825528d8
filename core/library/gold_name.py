"""What is a Gold file called? As the owner's setting says, from what is known of the photo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Setting
from core.library.naming import DEFAULT_PATTERN, NameFacts, render_name
from core.media.facts import Format

_PATTERN, _CUSTOM = "gold_naming_pattern", "custom_naming_pattern"


async def gold_name(connection: AsyncConnection, row: Mapping[str, Any], original_filename: str, known: Format) -> str:
    """The name, with its extension, of the Gold file of a row of ``file_versions``."""
    statement = select(Setting.key, Setting.value).where(Setting.key.in_((_PATTERN, _CUSTOM)))
    settings = {setting.key: setting.value for setting in await connection.execute(statement)}
    exif = (row["combined_metadata"] or {}).get("exif") or {}
    facts = NameFacts(
        original_filename=original_filename,
        extension=known.extension,
        captured=captured_of(row),
        camera=exif.get("camera"),
        lens=exif.get("lens"),
        description=row["ai_short_description"],
    )
    return render_name(settings.get(_PATTERN) or DEFAULT_PATTERN, settings.get(_CUSTOM, ""), facts)


def captured_of(row: Mapping[str, Any]) -> datetime:
    """When the photo was taken, by the clock of the place; when it came, where nothing else is known."""
    text = row["captured_at"]
    return datetime.fromisoformat(text) if text else row["created_at"]
