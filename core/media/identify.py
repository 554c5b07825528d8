"""What does one sequential read of a file tell, before any pixel is decoded?"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from msgspec.structs import replace

from core.media import formats
from core.media.avi import read_avi
from core.media.blocks import find_blocks, xmp_box
from core.media.content_hash import hash_source
from core.media.contract_exif import contract_exif
from core.media.exif import exif_metadata, read_tags
from core.media.facts import Format, Identity, Kind
from core.media.iptc import iptc_metadata
from core.media.maker_notes import maker_metadata
from core.media.metadata import Metadata
from core.media.motion_photo import embedded_video
from core.media.png_texts import png_metadata
from core.media.precedence import Source, choose, with_sidecar
from core.media.quicktime import read_movie, user_data_xmp
from core.media.sidecar_beside import read_beside
from core.media.source_file import open_source
from core.media.xmp_metadata import read_xmp


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
        found, warnings = read_metadata(source.stream, content.size, known) if known else (Metadata(), ())
    return Identity(
        size=content.size,
        md5=content.md5,
        sha256=content.sha256,
        format=known,
        exif=contract_exif(found),
        metadata=found,
        warnings=warnings,
    )


def identify_with_sidecar(own: Identity, path: str) -> Identity:
    """The identity of the file at ``path``, completed by the sidecar that lies beside it, if one does."""
    if own.format is None:
        return own
    try:
        sidecar = read_beside(path)
    except (OSError, ValueError) as error:
        warning = f"The sidecar of this file cannot be read, and what it says was left out ({error})."
        return replace(own, warnings=(*own.warnings, warning))
    if sidecar is None:
        return own
    metadata = with_sidecar(own.metadata, sidecar)
    return replace(own, metadata=metadata, exif=contract_exif(metadata))


def read_metadata(stream: BinaryIO, size: int, known: Format) -> tuple[Metadata, tuple[str, ...]]:
    """What a file of ``size`` bytes says of itself, and one readable sentence for each part that could not be read."""
    found, warnings = read_sources(stream, size, known)
    return choose(found), warnings


def read_sources(stream: BinaryIO, size: int, known: Format) -> tuple[dict[Source, Metadata], tuple[str, ...]]:
    """What each part of the file says, before one of them is chosen."""
    found: dict[Source, Metadata] = {}
    warnings = []
    for read in _readers(known):
        try:
            read(stream, size, known, found)
        except OSError:
            raise
        except _Unread as error:
            warnings.append(_unread(known, str(error)))
        except Exception as error:  # noqa: BLE001 - a file is taken in whatever its metadata do to a parser
            warnings.append(_unread(known, f"{type(error).__name__}: {error}"))
    return found, tuple(warnings)


_Found = dict[Source, Metadata]


class _Unread(Exception):
    """A part is broken; what stands before the break was kept."""


def _readers(known: Format) -> tuple[Callable[[BinaryIO, int, Format, _Found], None], ...]:
    if known in (formats.MP4, formats.M4V, formats.MOV, formats.THREE_GP):
        return (_from_movie, _from_xmp_box)
    if known == formats.AVI:
        return (_from_avi,)
    return () if known.kind is Kind.VIDEO else (_from_blocks, _from_the_end)


def _from_movie(stream: BinaryIO, size: int, _: Format, found: _Found) -> None:
    found[Source.CONTAINER] = read_movie(stream, size)


def _from_xmp_box(stream: BinaryIO, size: int, _: Format, found: _Found) -> None:
    if packet := xmp_box(stream, 0, size) or user_data_xmp(stream, size):
        found[Source.XMP] = read_xmp(packet)


def _from_avi(stream: BinaryIO, size: int, _: Format, found: _Found) -> None:
    found[Source.CONTAINER] = read_avi(stream, size)


def _from_blocks(stream: BinaryIO, size: int, known: Format, found: _Found) -> None:
    blocks = find_blocks(stream, size, known)
    troubles = []
    if blocks.exif:
        tags = read_tags(blocks.exif)
        found[Source.EXIF], found[Source.MAKER_NOTE] = exif_metadata(tags), maker_metadata(tags)
        troubles.append(tags.trouble)
    if blocks.iptc:
        found[Source.IPTC] = iptc_metadata(blocks.iptc)
    if blocks.texts:
        found[Source.PNG] = png_metadata(blocks.texts)
    if blocks.xmp:
        try:
            found[Source.XMP] = read_xmp(*blocks.xmp)
        except ValueError as error:
            troubles.append(str(error))
    if any(troubles):
        raise _Unread("; ".join(filter(None, troubles)))


def _from_the_end(stream: BinaryIO, size: int, _: Format, found: _Found) -> None:
    said = found[Source.XMP].embedded_video if Source.XMP in found else None
    if (video := embedded_video(stream, size, said)) is not None:
        found[Source.TRAILER] = Metadata(embedded_video=video)


def _unread(known: Format, reason: str) -> str:
    return f"Some metadata of this {known.name} file is broken and was left unread ({reason})."
