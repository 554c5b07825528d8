"""What stands in the directories of a TIFF structure, as EXIF and maker notes are?

TIFF 6.0, section 2: a byte order, directories of twelve-byte entries, values of up to four bytes inside the entry and
others where it points to. Nothing is read that was not asked for, nothing is believed: a pointer that leads nowhere
costs its own value only, and no directory may be larger than any camera writes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import isfinite
from typing import BinaryIO

STARTS = (b"II*\0", b"MM\0*", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")
"""Plain TIFF; Panasonic's RW2; Olympus' ORF."""

_MAX_ENTRIES = 4096
"""Entries of one directory. Those of real cameras have up to some hundreds."""

_MAX_VALUE = 64 << 10
"""Bytes read of a value, unless more are asked for: as much as a JPEG's whole EXIF may have."""

_MAX_NUMBERS = 1024

_ASCII, _UNDEFINED, _BYTE = 2, 7, 1
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 7: "B"}
_FRACTIONS = {5: "I", 10: "i"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field: its TIFF type, how many values, and where they lie, in bytes from the start of the stream."""

    kind: int
    count: int
    position: int

    @property
    def size(self) -> int:
        """Bytes that all its values take."""
        return self.count * _SIZES.get(self.kind, 0)


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries of one directory by tag; of two with one tag the first. ``order`` is ``<`` or ``>``.

    ``is_too_large`` says that it claims more entries than any camera writes, and that only the first were read.
    """

    stream: BinaryIO
    base: int
    order: str
    entries: dict[int, Entry]
    is_too_large: bool = False

    def raw(self, tag: int, limit: int = _MAX_VALUE) -> bytes:
        """The bytes of a value, at most ``limit`` of them; none where it is missing or its pointer leads nowhere."""
        entry = self.entries.get(tag)
        if entry is None or not entry.size:
            return b""
        self.stream.seek(entry.position)
        return self.stream.read(min(entry.size, limit))

    def text(self, tag: int) -> bytes:
        """The bytes of a text up to its first NUL; cameras also store text as bytes or without a type."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in (_ASCII, _UNDEFINED, _BYTE, 129):
            return b""
        return self.raw(tag).split(b"\0", 1)[0]

    def numbers(self, tag: int) -> tuple[float, ...]:
        """All values of a tag, if all of them are finite numbers; else none."""
        entry = self.entries.get(tag)
        if entry is None or not 0 < entry.count <= _MAX_NUMBERS:
            return ()
        data = self.raw(tag)
        if len(data) < entry.size:
            return ()
        if entry.kind in _FRACTIONS:
            parts = struct.unpack(f"{self.order}{2 * entry.count}{_FRACTIONS[entry.kind]}", data)
            if not all(parts[1::2]):
                return ()
            return tuple(upper / lower for upper, lower in zip(parts[::2], parts[1::2], strict=True))
        if entry.kind not in _NUMBERS:
            return ()
        values = struct.unpack(f"{self.order}{entry.count}{_NUMBERS[entry.kind]}", data)
        return tuple(map(float, values)) if all(map(isfinite, values)) else ()

    def number(self, tag: int) -> float | None:
        """The first value of a tag."""
        return next(iter(self.numbers(tag)), None)

    def below(self, tag: int) -> Directory | None:
        """The directory that a tag points to, empty where nothing stands there; ``None`` without the tag."""
        pointer = self.number(tag)
        return None if pointer is None else read_directory(self.stream, self.base, int(pointer), self.order)


def read_tiff(stream: BinaryIO, base: int = 0) -> Directory:
    """The first directory of a TIFF structure that begins at ``base``. Raises ``ValueError`` if none does."""
    stream.seek(base)
    head = stream.read(8)
    if head[:4] not in STARTS or len(head) < 8:
        raise ValueError("it does not begin as TIFF does")
    order = "<" if head[:2] == b"II" else ">"
    return read_directory(stream, base, struct.unpack(f"{order}4xI", head)[0], order)


def read_directory(stream: BinaryIO, base: int, offset: int, order: str) -> Directory:
    """The directory ``offset`` bytes behind ``base``, from where its pointers count; as much of it as is there."""
    stream.seek(base + offset)
    head = stream.read(2)
    count = struct.unpack(f"{order}H", head)[0] if len(head) == 2 else 0
    data = stream.read(12 * min(count, _MAX_ENTRIES))
    entries: dict[int, Entry] = {}
    for index in range(len(data) // 12):
        tag, kind, number, pointer = struct.unpack_from(f"{order}HHII", data, 12 * index)
        is_inside = number * _SIZES.get(kind, 0) <= 4
        position = base + offset + 2 + 12 * index + 8 if is_inside else base + pointer
        entries.setdefault(tag, Entry(kind, number, position))
    return Directory(stream, base, order, entries, count > _MAX_ENTRIES)
