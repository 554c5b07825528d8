"""What of a Gold file's metadata is written into the file itself?"""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """The two blocks that other programs read."""

    EXIF = "EXIF"
    XMP = "XMP"


BOTH = frozenset(Part)
