"""Can a file carry its metadata itself? One function decides, writes and checks; the weaker way follows a refusal."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable
from enum import StrEnum

import msgspec
from lxml import etree

from core.library.embedding.checks import check
from core.library.embedding.jpeg import embed_in_jpeg
from core.library.embedding.part import BOTH, Part
from core.library.embedding.png import embed_in_png
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import assemble
from core.library.embedding.taken_back import is_still_said
from core.library.embedding.tiff import embed_in_tiff
from core.library.embedding.wanted import Wanted
from core.library.embedding.webp import embed_in_webp
from core.library.placing import Piece, Span
from core.media import formats
from core.media.facts import Format, Kind
from core.media.identify import read_sources

MAX_SIZE = 256 << 20
"""Bytes of a file that is embedded into: it is held in memory twice. The largest JPEG of a camera has 60 MB."""

_WRITERS: dict[Format, Callable[[bytes, Wanted, frozenset[Part]], tuple[Piece, ...]]] = {
    formats.JPEG: embed_in_jpeg,
    formats.PNG: embed_in_png,
    formats.WEBP: embed_in_webp,
    formats.TIFF: embed_in_tiff,
}


class Way(StrEnum):
    """How a Gold file carries its metadata; a sidecar lies beside every one."""

    FULL = "EXIF and XMP"
    EXIF_ONLY = "EXIF only"
    XMP_ONLY = "XMP only"
    SIDECAR_ONLY = "sidecar only"


class Embedding(msgspec.Struct, frozen=True):
    """The Gold file as parts of the source, its hashes and size, and why it is no fuller way than this.

    Among the reasons is what a person has taken back and could not be taken out.
    """

    way: Way
    reasons: tuple[str, ...]
    pieces: tuple[Piece, ...]
    sha256: str
    md5: str
    size: int
    source_sha256: str


#: What readers raise on bytes that are not what they seem to be.
_NOT_FORESEEN = (ArithmeticError, LookupError, ValueError, TypeError, struct.error, etree.LxmlError, RecursionError)

_WAYS = ((Way.FULL, BOTH), (Way.XMP_ONLY, frozenset({Part.XMP})), (Way.EXIF_ONLY, frozenset({Part.EXIF})))


def can_embed(known: Format, size: int) -> bool:
    """Whether a file of this format and size may take metadata at all."""
    return known in _WRITERS and size <= MAX_SIZE


def embed(data: bytes, known: Format, wanted: Wanted) -> Embedding:
    """Writes the metadata into ``data`` in the fullest way that passes every check.

    Nothing is raised for what a file holds: where no way is safe, the result is the file as it is.
    """
    source = hashlib.sha256(data).hexdigest()
    reasons: list[str] = []
    writer = _WRITERS.get(known)
    if writer is None:
        reasons.append(reason_for_format(known))
    elif len(data) > MAX_SIZE:
        reasons.append(f"it has more than {MAX_SIZE >> 20} MiB")
    else:
        for way, parts in _WAYS:
            try:
                pieces = writer(data, wanted, parts)
                after = assemble(data, pieces)
                check(data, after, known, wanted, parts)
            except NotEmbeddable as refusal:
                reasons.append(str(refusal))
                continue
            except _NOT_FORESEEN as error:
                # a file whose structure no rule foresaw is no reason to write into it
                reasons.append(f"its structure was not understood ({type(error).__name__}: {error})")
                continue
            return Embedding(
                way,
                tuple(dict.fromkeys([*reasons, *_still_said(after, known, wanted)])),
                pieces,
                hashlib.sha256(after).hexdigest(),
                hashlib.md5(after, usedforsecurity=False).hexdigest(),
                len(after),
                source,
            )
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Embedding(
        Way.SIDECAR_ONLY,
        tuple(dict.fromkeys([*reasons, *_still_said(data, known, wanted)])),
        (Span(0, len(data)),),
        source,
        md5,
        len(data),
        source,
    )


def _still_said(after: bytes, known: Format, wanted: Wanted) -> list[str]:
    """Where in a part that could not be written a word still stands that a person has taken back."""
    if not wanted.taken_back:
        return []
    said, _ = read_sources(io.BytesIO(after), len(after), known)
    found = ((source, is_still_said(metadata, wanted)) for source, metadata in said.items())
    return [f"its {source.upper()} still says {word} that was taken back" for source, word in found if word]


def reason_for_format(known: Format) -> str:
    """Why files of a format that has no writer get a sidecar only."""
    kinds = {Kind.VIDEO: "a video", Kind.RAW: "a RAW file"}
    return f"it is {kinds.get(known.kind, f'a {known.name} file')}, which is never written into"
