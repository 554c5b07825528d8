"""Small pictures with everything in them that cameras write, put together byte by byte."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from core.library.embedding.embed import Embedding, embed
from core.library.embedding.spans import assemble
from core.library.embedding.wanted import Wanted
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.facts import Format

KEYWORDS = ("Strand", "Ærø – 東京", "family")
FACTS = SidecarFacts(
    description="Zwei Kinder am Strand – ☀",
    keywords=KEYWORDS,
    keyword_paths=(("Places", "Danmark", "Ærø"),),
    rating=4,
    people=("Ada Lovelace",),
    provider="builtin",
)
WANTED = Wanted(
    description=FACTS.description,
    short_description="Kinder",
    keywords=KEYWORDS,
    rating=4,
    people=FACTS.people,
    comment='{"eventType":"holiday"}',
    xmp=build_sidecar(FACTS),
)

Tag = tuple[int, int, bytes]
"""Number, TIFF type, bytes of the value."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4}


def text(tag: int, value: str) -> Tag:
    return tag, 2, value.encode() + b"\0"


def directory(order: str, start: int, tags: Sequence[Tag], following: int = 0) -> bytes:
    """A directory that will stand at ``start``, its values behind it."""
    body, tail = b"", b""
    free = start + 2 + 12 * len(tags) + 4
    for tag, kind, value in sorted(tags):
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(order + "I", free + len(tail))
            tail += value + b"\0" * (len(value) % 2)
        body += struct.pack(order + "HHI", tag, kind, len(value) // _SIZES[kind]) + field
    return struct.pack(order + "H", len(tags)) + body + struct.pack(order + "I", following) + tail


def long(order: str, value: int) -> bytes:
    return struct.pack(order + "I", value)


THUMBNAIL_SIZE = 12


def exif_block(order: str = "<", note: bytes | None = None, extra: Sequence[Tag] = ()) -> bytes:
    """A block as a camera writes it: IFD0, Exif with a maker note of absolute offsets, GPS, Interop, a thumbnail.

    The maker note is like Canon's: a directory without a header, its value addressed from the start of the block.
    """
    head = (b"II*\0" if order == "<" else b"MM\0*") + long(order, 8)
    parts: dict[str, int] = {}
    block = b""
    # the offsets are known once the sizes are: two rounds give the same sizes
    for _ in range(2):
        at = 8
        main = [text(0x010F, "Maker"), text(0x0110, "X1"), text(0x0131, "Firmware 1.0"), *extra]
        main += [(0x8769, 4, long(order, parts.get("exif", 0))), (0x8825, 4, long(order, parts.get("gps", 0)))]
        block = directory(order, at, main, parts.get("thumbnail", 0))
        at = 8 + len(block)
        maker = note
        if maker is None:
            words = b"a serial number"
            maker = directory(order, parts.get("note", 0), [(1, 2, words), (2, 3, struct.pack(order + "H", 7))])
        exif = [
            text(0x9003, "2023:05:06 07:08:09"),
            (0x927C, 7, maker),
            (0xA005, 4, long(order, parts.get("interop", 0))),
            (0xFDE8, 2, b"unknown to every library\0"),
        ]
        block += directory(order, at, exif)
        parts["exif"] = at
        found = (head + block).find(maker) if len(maker) > 4 else 0
        parts["note"] = found if found > 0 else parts.get("note", 0)
        for name, tags in (
            ("gps", [(0, 1, b"\2\3\0\0"), (1, 2, b"N\0"), (2, 5, struct.pack(order + "6I", 48, 1, 51, 1, 30, 1))]),
            ("interop", [text(1, "R98")]),
        ):
            at = 8 + len(block)
            parts[name] = at
            block += directory(order, at, tags)
        at = 8 + len(block)
        parts["thumbnail"] = at
        picture = at + 2 + 12 * 2 + 4
        block += directory(order, at, [(0x0201, 4, long(order, picture)), (0x0202, 4, long(order, THUMBNAIL_SIZE))])
        block += b"\xff\xd8thumb-\xff\xd9\0\0"
    return head + block


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def exif_segment(block: bytes) -> bytes:
    return segment(0xE1, b"Exif\0\0" + block)


def xmp_segment(packet: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)


def jpeg(*segments: bytes, trailer: bytes = b"", edge: int = 24) -> bytes:
    """A JPEG with these segments behind its SOI and JFIF."""
    buffer = io.BytesIO()
    picture = Image.radial_gradient("L").resize((edge, edge)).convert("RGB")
    picture.save(buffer, "JPEG", quality=80)
    plain = buffer.getvalue()
    jfif = plain[:20]
    return jfif + b"".join(segments) + plain[20:] + trailer


def png(*chunks: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((24, 24)).save(buffer, "PNG")
    plain = buffer.getvalue()
    return plain[:33] + b"".join(chunks) + plain[33:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def packet(properties: str, namespaces: str = "", padding: int = 0) -> bytes:
    """An XMP packet as other programs write it."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {namespaces}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
        f'{" " * padding}\n<?xpacket end="w"?>'
    ).encode()


def gold(data: bytes, known: Format, wanted: Wanted = WANTED) -> tuple[Embedding, bytes]:
    """What was decided, and the file."""
    made = embed(data, known, wanted)
    return made, assemble(data, made.pieces)


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.tobytes()
