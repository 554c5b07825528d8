"""The blocks in which a file speaks of itself, as they were found and before they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Literal

DirectoryName = Literal["image", "exif", "gps"]


@dataclass(frozen=True, slots=True)
class ExifBlock:
    """A TIFF structure in a stream of its own, and which of EXIF's directories its first one is."""

    stream: BinaryIO
    first: DirectoryName = "image"


@dataclass(frozen=True, slots=True)
class Blocks:
    """EXIF; XMP packets, the main one first; IPTC-IIM records; PNG's texts as (keyword, text)."""

    exif: tuple[ExifBlock, ...] = ()
    xmp: tuple[bytes, ...] = ()
    iptc: bytes = b""
    texts: tuple[tuple[str, str], ...] = ()
