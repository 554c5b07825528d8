"""Which photo or video format is this? Told by the first bytes, never by the name.

A name is consulted for one question only: TIFF-based RAW files share their first bytes with plain TIFF, and some
makers put nothing into the first directory that tells them apart.
"""

from __future__ import annotations

import struct
from pathlib import PurePath

from core.media.facts import Format, Kind

HEAD_SIZE = 65_536
"""Bytes from the start of a file that :func:`sniff` makes use of."""

JPEG = Format("JPEG", Kind.PHOTO, "image/jpeg", ".jpg")
PNG = Format("PNG", Kind.PHOTO, "image/png", ".png")
WEBP = Format("WebP", Kind.PHOTO, "image/webp", ".webp")
TIFF = Format("TIFF", Kind.PHOTO, "image/tiff", ".tif")
GIF = Format("GIF", Kind.PHOTO, "image/gif", ".gif")
AVIF = Format("AVIF", Kind.PHOTO, "image/avif", ".avif")
HEIC = Format("HEIC", Kind.PHOTO, "image/heic", ".heic")
HEIF = Format("HEIF", Kind.PHOTO, "image/heif", ".heif")

MP4 = Format("MP4", Kind.VIDEO, "video/mp4", ".mp4")
M4V = Format("M4V", Kind.VIDEO, "video/mp4", ".m4v")
MOV = Format("MOV", Kind.VIDEO, "video/quicktime", ".mov")
AVI = Format("AVI", Kind.VIDEO, "video/x-msvideo", ".avi")
THREE_GP = Format("3GP", Kind.VIDEO, "video/3gpp", ".3gp")
MTS = Format("MTS", Kind.VIDEO, "video/mp2t", ".mts")

NEF = Format("NEF", Kind.RAW, "image/x-nikon-nef", ".nef")
CR2 = Format("CR2", Kind.RAW, "image/x-canon-cr2", ".cr2")
CR3 = Format("CR3", Kind.RAW, "image/x-canon-cr3", ".cr3")
ARW = Format("ARW", Kind.RAW, "image/x-sony-arw", ".arw")
DNG = Format("DNG", Kind.RAW, "image/x-adobe-dng", ".dng")
RW2 = Format("RW2", Kind.RAW, "image/x-panasonic-rw2", ".rw2")
ORF = Format("ORF", Kind.RAW, "image/x-olympus-orf", ".orf")
RAF = Format("RAF", Kind.RAW, "image/x-fuji-raf", ".raf")
PEF = Format("PEF", Kind.RAW, "image/x-pentax-pef", ".pef")
SRW = Format("SRW", Kind.RAW, "image/x-samsung-srw", ".srw")

FORMATS = (
    *(JPEG, PNG, WEBP, TIFF, GIF, AVIF, HEIC, HEIF),
    *(MP4, M4V, MOV, AVI, THREE_GP, MTS),
    *(NEF, CR2, CR3, ARW, DNG, RW2, ORF, RAF, PEF, SRW),
)
"""Every format that is taken into a library."""

_MAGIC = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"FUJIFILMCCD-RAW", RAF),
    (b"IIU\0", RW2),
    (b"IIRO", ORF),
    (b"IIRS", ORF),
    (b"MMOR", ORF),
)

# Major and compatible brands of ISO base media files, from the register at mp4ra.org and ISO/IEC 23008-12 annex B.
_BRANDS = (
    (CR3, (b"crx ",)),
    (AVIF, (b"avif", b"avis")),
    (HEIC, (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")),
    (HEIF, (b"mif1", b"mif2", b"msf1")),
    (MOV, (b"qt  ",)),
    (M4V, (b"M4V ", b"M4VH", b"M4VP")),
    (THREE_GP, (b"3gp", b"3g2", b"3ge", b"3gg", b"3gr", b"3gs")),
    (MP4, (b"iso", b"mp4", b"avc1", b"mmp4", b"MSNV", b"XAVC", b"F4V ", b"dash", b"hvc1", b"av01", b"NDSC", b"NDXC")),
)
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ")

# The makers whose RAW files are TIFF by their first bytes; DNG comes from every maker and carries its own tag.
_TIFF_RAW_MAKERS = ((b"NIKON", NEF), (b"SONY", ARW), (b"PENTAX", PEF), (b"RICOH", PEF), (b"SAMSUNG", SRW))
_TIFF_RAW_BY_EXTENSION = {raw.extension: raw for raw in (NEF, ARW, DNG, PEF, SRW)}

_TAG_NEW_SUBFILE_TYPE = 0x00FE
_TAG_MAKE = 0x010F
_TAG_SUB_IFDS = 0x014A
_TAG_DNG_VERSION = 0xC612
_REDUCED_RESOLUTION = 1
_MAX_TIFF_ENTRIES = 1000

_TS_SYNC = 0x47
_TS_PACKETS_TO_SEE = 4
_PRINTABLE = frozenset(b"\t\n\r") | frozenset(range(0x20, 0x7F))


def sniff(head: bytes, name_hint: str | None = None) -> Format | None:
    """Tell the format from the first bytes of a file, or ``None`` if they are no photo or video we know.

    ``head`` is the start of the file, ``HEAD_SIZE`` bytes where there are as many. ``name_hint`` is a file name, of
    which only the extension counts, and only to tell a TIFF-based RAW from a plain TIFF.
    """
    for magic, known in _MAGIC:
        if head.startswith(magic):
            return known
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": AVI}.get(head[8:12])
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") and len(head) >= 16:
        return _sniff_tiff(head, name_hint)
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    if _is_quicktime_without_brand(head):
        return MOV
    if _is_transport_stream(head):
        return MTS
    return None


def _sniff_brands(head: bytes) -> Format | None:
    """The major brand decides; a generic one is made precise, an unknown one explained, by the compatible brands."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    if major in _AUDIO_BRANDS:
        return None
    compatible = [head[at : at + 4] for at in range(16, size - 3, 4)]
    by_major = _format_of_brand(major)
    if by_major is HEIF:
        # ISO/IEC 23008-12: 'mif1' promises only the structure. The coding stands among the compatible brands, but
        # image/heic belongs to files that say so themselves.
        return AVIF if b"avif" in compatible else HEIF
    if by_major is not None:
        return by_major
    return next((found for brand in compatible if (found := _format_of_brand(brand)) is not None), None)


def _format_of_brand(brand: bytes) -> Format | None:
    return next((known for known, prefixes in _BRANDS if len(brand) == 4 and brand.startswith(prefixes)), None)


def _sniff_tiff(head: bytes, name_hint: str | None) -> Format:
    if b"+" in head[2:4]:
        return TIFF  # BigTIFF: no camera writes its RAW files so
    if head[8:10] == b"CR":
        return CR2
    tags = _first_directory(head)
    if _TAG_DNG_VERSION in tags:
        return DNG
    hinted = _TIFF_RAW_BY_EXTENSION.get(PurePath(name_hint).suffix.lower()) if name_hint else None
    make = tags.get(_TAG_MAKE)
    if make is None:
        return hinted or TIFF
    made_by = next((raw for prefix, raw in _TIFF_RAW_MAKERS if make.upper().startswith(prefix)), None)
    if made_by is None:
        return TIFF
    # Cameras put a small preview into the first directory and the sensor's data into a sub-directory; a TIFF that
    # the maker's software exports holds the picture itself there.
    subfile_type = tags.get(_TAG_NEW_SUBFILE_TYPE, b"")
    is_preview = _REDUCED_RESOLUTION in subfile_type[:4] and _TAG_SUB_IFDS in tags
    return made_by if is_preview or hinted is made_by else TIFF


def _first_directory(head: bytes) -> dict[int, bytes]:
    """Tag → value bytes of the first TIFF directory, as far as they lie in ``head`` (TIFF 6.0, section 2)."""
    order = "<" if head[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", head, 4)
    if start + 2 > len(head):
        return {}
    (count,) = struct.unpack_from(order + "H", head, start)
    tags: dict[int, bytes] = {}
    for index in range(min(count, _MAX_TIFF_ENTRIES)):
        entry = start + 2 + 12 * index
        if entry + 12 > len(head):
            break
        tag, kind, number, offset = struct.unpack_from(order + "HHII", head, entry)
        if kind in (1, 2, 7) and number > 4:
            tags[tag] = head[offset : offset + number]
        else:
            tags[tag] = head[entry + 8 : entry + 12]
    return tags


def _is_quicktime_without_brand(head: bytes) -> bool:
    """QuickTime files from before 2001 begin with a movie or a media box instead of ``ftyp``.

    Prose may hold such a word in the same place ("The wide river"): there the size field in front of it is letters.
    """
    kind, size = head[4:8], int.from_bytes(head[:4], "big")
    if kind not in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") or all(
        byte in _PRINTABLE for byte in head[:16]
    ):
        return False
    if kind == b"wide":
        return size == 8
    return size >= 8 or (kind == b"mdat" and size in (0, 1))


def _is_transport_stream(head: bytes) -> bool:
    """MPEG transport stream: packets of 188 bytes, or of 192 with a time stamp before each (AVCHD, Blu-ray).

    A packet begins with 0x47; of its header's flags, no error is set and the adaptation field control is not the
    reserved 0 (ISO/IEC 13818-1, 2.4.3.3), which no text passes that merely repeats the letter G.
    """
    for packet, sync in ((188, 0), (192, 4)):
        starts = range(sync, sync + packet * _TS_PACKETS_TO_SEE, packet)
        if starts[-1] + 4 <= len(head) and all(
            head[at] == _TS_SYNC and not head[at + 1] & 0x80 and head[at + 3] & 0x30 for at in starts
        ):
            return True
    return False
