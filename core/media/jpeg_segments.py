"""Where does a JPEG keep its metadata?

Segments: ISO/IEC 10918-1 annex B; EXIF 2.32, 4.7.2; XMP part 3, 1.1.3 (packets over 64 KiB go on in segments with a
GUID); IPTC in Photoshop's APP13.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from core.media import tiff
from core.media.block import Blocks, ExifBlock
from core.media.photoshop import iptc_of

_MAX_SEGMENTS = 4096
_MAX_EXTENDED = 4 << 20
"""Bytes of an extended XMP packet. Depth maps and whole pictures in Base64 go there, and are of no use here."""

_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_GUID_SIZE = 32

_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_END_OF_IMAGE, _START_OF_SCAN, _APP1, _APP13 = 0xD9, 0xDA, 0xE1, 0xED


def find_blocks(stream: BinaryIO, start: int) -> Blocks:
    """The blocks of a JPEG that begins at ``start``; none where no JPEG begins there."""
    exif, photoshop, packets = bytearray(), bytearray(), []
    extended: dict[bytes, dict[int, bytes]] = {}
    for marker, length in _segments(stream, start):
        if marker == _APP13:
            data = stream.read(length)
            if data.startswith(_PHOTOSHOP):
                photoshop += data[len(_PHOTOSHOP) :]
        elif marker == _APP1:
            data = stream.read(length)
            if data.startswith(_EXIF):
                # what does not fit into one segment goes on in the next, without a header of its own
                if not exif or data[6:10] not in tiff.STARTS:
                    exif += data[6:]
            elif data.startswith(_XMP):
                packets.append(data[len(_XMP) :].strip(b"\0 \t\r\n"))
            elif data.startswith(_EXTENDED_XMP):
                at = len(_EXTENDED_XMP) + _GUID_SIZE
                guid, offset = data[at - _GUID_SIZE : at], int.from_bytes(data[at + 4 : at + 8], "big")
                if int.from_bytes(data[at : at + 4], "big") <= _MAX_EXTENDED:
                    extended.setdefault(guid, {})[offset] = data[at + 8 :]
    packets += [_joined(parts) for guid, parts in extended.items() if any(guid in packet for packet in packets[:1])]
    return Blocks(
        exif=(ExifBlock(io.BytesIO(bytes(exif))),) if exif else (),
        xmp=tuple(filter(None, packets)),
        iptc=iptc_of(bytes(photoshop)),
    )


def _segments(stream: BinaryIO, start: int) -> Iterator[tuple[int, int]]:
    """Marker and length of each segment before the picture; the stream stands at its content."""
    stream.seek(start)
    if stream.read(2) != b"\xff\xd8":
        return
    for _ in range(_MAX_SEGMENTS):
        marker = stream.read(2)
        while marker == b"\xff\xff":  # fill bytes may stand before a marker
            marker = b"\xff" + stream.read(1)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (_END_OF_IMAGE, _START_OF_SCAN):
            return
        if marker[1] in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(stream.read(2), "big") - 2
        if length < 0:
            return
        end = stream.tell() + length
        yield marker[1], length
        stream.seek(end)


def _joined(parts: dict[int, bytes]) -> bytes:
    """The pieces of an extended packet in their order; nothing if one is missing."""
    joined = b""
    for offset in sorted(parts):
        if offset != len(joined):
            return b""
        joined += parts[offset]
    return joined
