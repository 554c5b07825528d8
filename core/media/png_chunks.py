"""Where does a PNG keep its metadata?

Chunks: PNG third edition, 11.3.3 (texts) and 11.3.4.5 (``eXIf``), which may stand behind the pixels. XMP is a text of
its own keyword (XMP part 3, 1.1.5). ImageMagick puts EXIF, XMP and IPTC into texts, as hexadecimal digits.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from core.media.block import Blocks, ExifBlock
from core.media.photoshop import iptc_of
from core.media.text_encoding import decoded

_MAX_CHUNKS = 100_000
_MAX_TEXT = 4 << 20
_MAX_TEXTS = 200
_EXIF_PREFIX = b"Exif\0"
_XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"


def find_blocks(stream: BinaryIO) -> Blocks:
    """The blocks of a PNG. Texts that cannot be unpacked are passed over."""
    exif, iptc = b"", b""
    packets: list[bytes] = []
    texts: list[tuple[str, str]] = []
    for kind, data in _metadata_chunks(stream):
        if kind == b"eXIf":
            exif = exif or _without_prefix(data)
            continue
        keyword, raw, is_utf8 = _text(kind, data)
        if keyword == _XMP_KEYWORD:
            packets.append(raw)
        elif keyword.startswith(_RAW_PROFILE):
            profile, name = _raw_profile(raw), keyword.removeprefix(_RAW_PROFILE)
            if name in ("exif", "APP1") and profile.startswith(_EXIF_PREFIX):
                exif = exif or _without_prefix(profile)
            elif name in ("xmp", "APP1"):
                packets.append(profile.removeprefix(_XMP_PREFIX))
            elif name in ("iptc", "8bim"):
                iptc = iptc or iptc_of(profile) or (profile if profile[:1] == b"\x1c" else b"")
        elif keyword and len(texts) < _MAX_TEXTS:
            texts.append((keyword, raw.decode("utf-8", "replace") if is_utf8 else decoded(raw)))
    return Blocks(
        exif=(ExifBlock(io.BytesIO(exif)),) if exif else (),
        xmp=tuple(filter(None, packets)),
        iptc=iptc,
        texts=tuple(texts),
    )


def _metadata_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    stream.seek(8)
    for _ in range(_MAX_CHUNKS):
        header = stream.read(8)
        if len(header) < 8 or header[4:] == b"IEND":
            return
        length, kind = int.from_bytes(header[:4], "big"), header[4:]
        end = stream.tell() + length + 4
        if kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
            yield kind, stream.read(min(length, _MAX_TEXT))
        stream.seek(end)


def _text(kind: bytes, data: bytes) -> tuple[str, bytes, bool]:
    """Keyword, text, and whether the chunk promises UTF-8; an empty keyword for what is broken.

    tEXt and zTXt promise Latin-1, but programs write UTF-8 there too.
    """
    keyword, _, rest = data.partition(b"\0")
    name = keyword.decode("latin-1")
    if kind == b"tEXt":
        return name, rest, False
    if kind == b"zTXt":
        return (name, unpacked, False) if (unpacked := _unpacked(rest[1:])) else ("", b"", False)
    is_packed = rest[:1] == b"\1"
    parts = rest[2:].split(b"\0", 2)  # language, translated keyword, text
    if len(parts) < 3:
        return "", b"", False
    return name, _unpacked(parts[2]) if is_packed else parts[2], True


def _unpacked(data: bytes) -> bytes:
    """At most ``_MAX_TEXT`` bytes; nothing where the data is broken."""
    try:
        return zlib.decompressobj().decompress(data, _MAX_TEXT)
    except zlib.error:
        return b""


def _raw_profile(raw: bytes) -> bytes:
    """A name, a decimal length and hexadecimal digits, on lines of their own."""
    lines = raw.strip().split(b"\n", 2)
    if len(lines) < 3:
        return b""
    digits = bytes(byte for byte in lines[2] if byte not in b" \n\r\t")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _without_prefix(block: bytes) -> bytes:
    return block[6:] if block.startswith(_EXIF_PREFIX) else block
