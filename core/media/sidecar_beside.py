"""Which sidecar belongs to a picture, and what does it say?

``IMG_1.jpg.xmp`` (digiKam, darktable, Immich) goes before ``IMG_1.xmp`` (Lightroom, Capture One), which a RAW file and
the JPEG beside it may share.
"""

from __future__ import annotations

import os

from core.media.metadata import Metadata
from core.media.xmp import MAX_PACKET_BYTES, NAMESPACES
from core.media.xmp_metadata import read_xmp

_ENDINGS = (".xmp", ".XMP")


def sidecar_beside(path: str) -> str | None:
    """The path of the sidecar of the file at ``path``; ``None`` where none lies beside it."""
    stem = os.path.splitext(path)[0]  # noqa: PTH122 - the name may hold bytes that are not UTF-8
    names = [base + ending for base in (path, stem) for ending in _ENDINGS]
    return next((name for name in names if name != path and os.path.isfile(name)), None)  # noqa: PTH113


def read_beside(path: str) -> Metadata | None:
    """What another program says in the sidecar of the file at ``path``; ``None`` without one.

    One that we have written to is left to whoever compares it with what we wrote. Raises ``ValueError`` if it is no
    XMP, and ``OSError`` if it cannot be read.
    """
    name = sidecar_beside(path)
    if name is None:
        return None
    with open(name, "rb") as file:  # noqa: PTH123
        data = file.read(MAX_PACKET_BYTES + 1)
    if NAMESPACES["pictallion"].encode() in data:
        return None
    return read_xmp(data, place="sidecar")
