"""The asset of a photo as the database writes it: the JSON text of :class:`api.schemas.photo.MediaAsset`."""

from __future__ import annotations

from typing import Final

from core.db.json_sql import json_object, utc_text
from core.db.tables import FileVersion, MediaAsset

ASSET: Final = json_object(
    id=FileVersion.media_asset_id,
    originalFilename=MediaAsset.original_filename,
    createdAt=utc_text(MediaAsset.created_at),
    filePath=FileVersion.file_path,
)
"""Everything but ``displayFilename``, which is the last part of the path: SQLite takes longer for that than for all the
rest of a photo. See :func:`with_display_filename`."""


def with_display_filename(told: str) -> str:
    """Adds ``displayFilename`` to a text that ends with :data:`ASSET`.

    The path is the last member, and neither database escapes a slash: what follows the last one is the name, escaped.
    """
    path = told.rindex('"filePath"')
    before = told.rfind("/", path)
    if before < 0:
        before = told.index('"', told.index(":", path))
    return f'{told[:-1]},"displayFilename":"{told[before + 1 :]}'
