"""A new file told as parts of the old one with new bytes between: what a worker hands back instead of megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.library.placing import Piece, Span


def assemble(source: bytes, pieces: Iterable[Piece]) -> bytes:
    """The bytes that ``pieces`` make of ``source``."""
    view = memoryview(source)
    return b"".join(view[piece.start : piece.end] if isinstance(piece, Span) else piece for piece in pieces)


def joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same file in as few pieces as possible."""
    result: list[Piece] = []
    for piece in pieces:
        last = result[-1] if result else None
        if isinstance(piece, Span):
            if piece.start == piece.end:
                continue
            if isinstance(last, Span) and last.end == piece.start:
                result[-1] = Span(last.start, piece.end)
                continue
        elif isinstance(last, bytes):
            result[-1] = last + piece
            continue
        result.append(piece)
    return tuple(result)
