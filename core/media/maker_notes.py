"""What do makers' own notes tell that EXIF has no tag for: which pictures belong together?

Layouts and tags: the tables of ExifTool (Apple, FujiFilm, Olympus, Panasonic, Sony). Each note is a TIFF directory
behind a name; pointers count from the note itself or from the EXIF block.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.media.exif import Tags
from core.media.metadata import Metadata, Said
from core.media.metadata_text import clean
from core.media.text_encoding import decoded
from core.media.tiff import Directory, read_directory

_MAKER_NOTE = 0x927C

_APPLE_BURST, _APPLE_CONTENT = 0x000B, 0x0011


@dataclass(frozen=True, slots=True)
class _Note:
    """How a note begins, where in it its directory stands and its byte order, ``None`` where it is the block's."""

    start: bytes
    directory: int
    order: str | None
    is_relative: bool
    sequence: int
    index: int = 0


_APPLE = b"Apple iOS\0"
_NOTES = (
    _Note(b"Panasonic\0", 12, None, False, 0x002B),
    _Note(b"OLYMPUS\0II", 12, "<", True, 0x0200, 1),
    _Note(b"OLYMP\0", 8, None, False, 0x0200, 1),
    _Note(b"SONY DSC \0", 12, None, False, 0xB04A),
    _Note(b"FUJIFILM", 12, "<", True, 0x1101),
)


def maker_metadata(tags: Tags) -> Metadata:
    """Live Photo, burst and sequence; empty where the note is of another maker or broken."""
    holder = tags.of(_MAKER_NOTE)
    if holder is None:
        return Metadata()
    position, head = holder.entries[_MAKER_NOTE].position, holder.raw(_MAKER_NOTE, 16)
    if head.startswith(_APPLE):
        order = "<" if head[12:14] == b"II" else ">"
        note = read_directory(holder.stream, position, 14, order)
        return Metadata(
            content_identifier=_text(note, _APPLE_CONTENT, "ContentIdentifier"),
            burst_identifier=_text(note, _APPLE_BURST, "BurstUUID"),
        )
    for kind in _NOTES:
        if head.startswith(kind.start):
            base = position if kind.is_relative else holder.base
            offset = kind.directory if kind.is_relative else position - holder.base + kind.directory
            note = read_directory(holder.stream, base, offset, kind.order or holder.order)
            return Metadata(sequence_number=_sequence(note, kind))
    return Metadata()


def _text(note: Directory, tag: int, name: str) -> Said[str] | None:
    text = clean(decoded(note.text(tag)))
    return Said(text, f"makernote:{name}") if text else None


def _sequence(note: Directory, kind: _Note) -> Said[int] | None:
    """Counted from 1; 0 and 65535 say that the picture was taken alone."""
    numbers = note.numbers(kind.sequence)
    if len(numbers) <= kind.index or not 0 < numbers[kind.index] < 0xFFFF:
        return None
    return Said(int(numbers[kind.index]), "makernote:SequenceNumber")
