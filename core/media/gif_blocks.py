"""Where does a GIF keep its XMP?

GIF89a, "Application Extension"; XMP part 3, 1.1.2: the packet stands there unpacked, followed by a trailer that leads
readers of sub-blocks to its end.
"""

from __future__ import annotations

from typing import BinaryIO

_MAX_BLOCKS = 20_000
_MAX_PACKET = 4 << 20
_XMP = b"XMP DataXMP"
_IMAGE, _EXTENSION, _APPLICATION = 0x2C, 0x21, 0xFF


def xmp_packets(stream: BinaryIO) -> tuple[bytes, ...]:
    """The packet of a GIF; none where it has none or ends early."""
    stream.seek(6)
    screen = stream.read(7)
    if len(screen) < 7:
        return ()
    _skip_colours(stream, screen[4])
    for _ in range(_MAX_BLOCKS):
        kind = stream.read(1)
        if kind == bytes([_IMAGE]):
            place = stream.read(9)
            if len(place) < 9:
                return ()
            _skip_colours(stream, place[8])
            stream.read(1)
        elif kind == bytes([_EXTENSION]):
            label = stream.read(1)
            if label == bytes([_APPLICATION]):
                name = stream.read(int.from_bytes(stream.read(1), "big"))
                if name == _XMP:
                    return _packet(stream)
        else:
            return ()
        _skip_sub_blocks(stream)
    return ()


def _packet(stream: BinaryIO) -> tuple[bytes, ...]:
    data = stream.read(_MAX_PACKET)
    end = data.find(b"\x01\xff\xfe\xfd")  # the trailer counts down from 255
    return (data[:end],) if end > 0 else ()


def _skip_colours(stream: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        stream.read(3 << (flags & 7) + 1)


def _skip_sub_blocks(stream: BinaryIO) -> None:
    for _ in range(_MAX_BLOCKS):
        size = stream.read(1)
        if size in (b"", b"\0"):
            return
        stream.seek(size[0], 1)
