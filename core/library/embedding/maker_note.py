"""Does a maker note stay readable when bytes are appended behind it?

A maker note is a directory of the maker's own, whose values are addressed from the start of the EXIF block or of the
note. One that points behind the end of the block would point into what is appended, and read as something else.
"""

from __future__ import annotations

import struct

from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.tiff_directory import TYPE_SIZES, Order

_HEADERS = (
    (b"QVC\0", 6),
    (b"AOC\0", 6),
    (b"OLYMPUS\0", 12),
    (b"OLYMP\0", 8),
    (b"FUJIFILM", 12),
    (b"Nikon\0\x01", 8),
    (b"Nikon\0\x02", 18),
    (b"Panasonic\0", 12),
    (b"SANYO\0", 8),
    (b"SIGMA\0", 10),
    (b"FOVEON\0", 10),
    (b"SONY ", 12),
    (b"Apple iOS\0", 14),
)
"""How the makers' notes begin, and after how many bytes their directory stands."""

_NIKON_2 = b"Nikon\0\x02"
_NIKON_BASE = 10
_NIKON_DIRECTORIES = (0x0011, 0x0E10)
"""The directories of the preview and of Nikon Scan, addressed from the TIFF header within the note."""

_MAX_ENTRIES = 512


def check_maker_note(block: bytes, start: int, size: int, order: Order) -> None:
    """Raises :class:`NotEmbeddable` where a value of the note lies behind the end of the block by every reckoning.

    A note that holds no directory is opaque bytes and harmless.
    """
    note = block[start : start + size]
    header = next((length for prefix, length in _HEADERS if note.startswith(prefix)), 0)
    for each in (order, ">" if order == "<" else "<"):
        entries = _entries(note, header, each)
        if entries is None:
            continue
        for tag, kind, count, value in entries:
            if note.startswith(_NIKON_2) and tag in _NIKON_DIRECTORIES:
                if start + _NIKON_BASE + value + 2 > len(block):
                    raise NotEmbeddable("its maker note points behind the end of the EXIF block")
                continue
            length = TYPE_SIZES[kind] * count
            # from the start of the block, and from that of the note
            if length > 4 and min(value, start + value) + length > len(block):
                raise NotEmbeddable("its maker note points behind the end of the EXIF block")
        return


def _entries(note: bytes, header: int, order: str) -> list[tuple[int, int, int, int]] | None:
    """Tag, type, count and value word of each entry, or ``None`` where there is no directory."""
    if header + 2 > len(note):
        return None
    (count,) = struct.unpack_from(order + "H", note, header)
    if not 0 < count <= _MAX_ENTRIES or header + 2 + 12 * count > len(note):
        return None
    entries: list[tuple[int, int, int, int]] = []
    last = -1
    for at in range(header + 2, header + 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from(order + "HHII", note, at)
        if kind not in TYPE_SIZES or tag < last:
            return None
        last = tag
        entries.append((tag, kind, number, value))
    return entries
