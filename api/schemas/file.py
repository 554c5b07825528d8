"""What is known of a file."""

from __future__ import annotations

from msgspec import Struct

from api.schemas.timestamp import Timestamp


class FileInfo(Struct, rename="camel"):
    """``size`` in bytes, ``date`` the folders between tier and name (``2024/07``), ``path`` as a photo's filePath."""

    filename: str
    size: int
    mime_type: str
    modified: Timestamp
    tier: str
    date: str
    path: str
