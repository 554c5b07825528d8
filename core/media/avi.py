"""What does an AVI file tell?

Chunks: "AVI RIFF File Reference" (Microsoft). ``IDIT`` is the moment of recording, by the camera's clock, as C's
``ctime`` or with slashes; ``ICRD`` of an INFO list only a day; ``avih`` holds the length in frames.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from core.media.metadata import Metadata, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.riff import RIFF_HEADER_SIZE, Chunk, chunks, payload
from core.media.text_encoding import decoded
from core.media.written_time import written_time

_MAX_TEXT = 1024
_READ_LISTS = (b"hdrl", b"INFO")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_avi(stream: BinaryIO, size: int) -> Metadata:
    """Dates, software and duration of an AVI file of ``size`` bytes."""
    texts: dict[bytes, str] = {}
    duration = None
    for chunk in _descriptive_chunks(stream, size):
        if chunk.kind in (b"IDIT", b"ICRD", b"ISFT"):
            texts.setdefault(chunk.kind, clean(decoded(payload(stream, chunk, _MAX_TEXT))) or "")
        elif chunk.kind == b"avih" and chunk.end - chunk.start >= 20:
            microseconds_per_frame, frames = struct.unpack_from("<I12xI", payload(stream, chunk, 20))
            duration = microseconds_per_frame * frames / 1e6 or None
    recorded, created = _recording_time(texts.get(b"IDIT", "")), written_time(texts.get(b"ICRD"))
    software = texts.get(b"ISFT")
    return Metadata(
        taken=Said(recorded, "riff:IDIT") if recorded else None,
        digitized=Said(created, "riff:ICRD") if created else None,
        software=Said(software, "riff:ISFT") if software else None,
        duration=Said(duration, "riff:avih") if duration else None,
    )


def _descriptive_chunks(stream: BinaryIO, size: int) -> Iterator[Chunk]:
    """The top-level chunks and those of the lists that describe; frames are skipped over."""
    for chunk in chunks(stream, RIFF_HEADER_SIZE, size):
        if chunk.kind == b"LIST" and payload(stream, chunk, 4) in _READ_LISTS:
            yield from chunks(stream, chunk.start + 4, chunk.end)
        else:
            yield chunk


def _recording_time(text: str) -> WrittenTime | None:
    """``Mon Sep 10 20:52:00 2012`` or ``2012/09/10 20:52``; months are English in every locale."""
    words = text.split()
    if len(words) == 5 and words[1].lower() in _MONTHS:
        text = f"{words[4]}:{_MONTHS.index(words[1].lower()) + 1}:{words[2]} {words[3]}"
    return written_time(text)
