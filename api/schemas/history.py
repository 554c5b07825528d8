"""What happened to a photo."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from api.schemas.timestamp import Timestamp, timestamp


class HistoryEntry(Struct, rename="camel"):
    """``details`` is a sentence that clients show as it is."""

    id: str
    media_asset_id: str
    action: str
    details: str | None
    timestamp: Timestamp


def history_entry_of(row: Row[*tuple[Any, ...]]) -> HistoryEntry:
    """A row of the history as it goes over the wire."""
    return HistoryEntry(row.id, row.media_asset_id, row.action, row.details, timestamp(row.timestamp))
