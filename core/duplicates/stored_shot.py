"""The moment of a photo of the library, as the rules that tell shots apart are given it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.db.tables import FileVersion, MediaAsset
from core.duplicates.same_moment import Shot
from core.media.clock import clock_of
from core.media.facts import CaptureSource, CaptureTime, Exif

SHOT_COLUMNS = (
    FileVersion.combined_metadata.label("combined_metadata"),
    FileVersion.captured_at,
    FileVersion.capture_source,
    FileVersion.capture_offset_minutes,
    MediaAsset.original_filename,
    MediaAsset.created_at,
)
"""What :func:`shot_of` needs of a row."""


def shot_of(row: Any) -> Shot:
    """The shot of a row with :data:`SHOT_COLUMNS`."""
    captured = None
    local = clock_of(row.captured_at)
    if local is not None and row.capture_source is not None:
        captured = CaptureTime(local, CaptureSource(row.capture_source), row.capture_offset_minutes)
    return Shot(row.original_filename, row.created_at, captured, _exif(row.combined_metadata))


def _exif(metadata: Mapping[str, Any] | None) -> Exif:
    """The stored EXIF; none where its shape is not ours: another photo's odd row must not refuse this one."""
    try:
        return msgspec.convert((metadata or {}).get("exif", {}), Exif)
    except msgspec.ValidationError:
        return Exif()
