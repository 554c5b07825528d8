"""What does one sequential read of a file tell, before any pixel is decoded?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, NamedTuple

from core.media import formats
from core.media.avi import read_avi
from core.media.content_hash import hash_source
from core.media.exif import read_exif
from core.media.facts import Exif, Format, Identity, Kind
from core.media.quicktime import read_movie
from core.media.source_file import open_source


class _Metadata(NamedTuple):
    exif: Exif = Exif()
    container_time_utc: datetime | None = None
    duration: float | None = None
    warnings: tuple[str, ...] = ()


def identify(path: str, original_filename: str) -> Identity:
    """Hash a file, tell its format, and read what camera and container wrote into it.

    ``original_filename`` is the name the file came with; ``path`` may be a temporary one. The whole file is read
    once; metadata is then read by seeking to it. Metadata that cannot be parsed becomes a warning, and a file that is
    no photo or video (an empty one among them) an :class:`Identity` without ``format``.

    Raises what :func:`core.media.source_file.open_source` raises, all of it :class:`core.errors.IntakeError`.
    """
    with open_source(path) as source:
        content = hash_source(source, head_size=formats.HEAD_SIZE)
        known = formats.sniff(content.head, original_filename)
        found = _read_metadata(source.stream, content.size, known) if known else _Metadata()
    return Identity(
        size=content.size,
        md5=content.md5,
        sha256=content.sha256,
        format=known,
        exif=found.exif,
        container_time_utc=found.container_time_utc,
        duration=found.duration,
        warnings=found.warnings,
    )


def _read_metadata(stream: BinaryIO, size: int, known: Format) -> _Metadata:
    reader = _reader_of(known)
    if reader is None:
        return _Metadata()
    try:
        return reader(stream, size, known)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - a file is taken in whatever its metadata do to a parser
        return _Metadata(warnings=(_unread(known, f"{type(error).__name__}: {error}"),))


def _reader_of(known: Format) -> Callable[[BinaryIO, int, Format], _Metadata] | None:
    if known in (formats.MP4, formats.M4V, formats.MOV, formats.THREE_GP):
        return _from_movie
    if known == formats.AVI:
        return _from_avi
    return None if known.kind is Kind.VIDEO else _from_picture


def _from_movie(stream: BinaryIO, size: int, _: Format) -> _Metadata:
    movie = read_movie(stream, size)
    return _Metadata(movie.exif, movie.time_utc, movie.duration)


def _from_avi(stream: BinaryIO, size: int, _: Format) -> _Metadata:
    exif, duration = read_avi(stream, size)
    return _Metadata(exif, duration=duration)


def _from_picture(stream: BinaryIO, size: int, known: Format) -> _Metadata:
    exif, trouble = read_exif(stream, size, known)
    return _Metadata(exif, warnings=(_unread(known, trouble),) if trouble else ())


def _unread(known: Format, reason: str) -> str:
    return f"Some metadata of this {known.name} file is broken and was left unread ({reason})."
