"""How does metadata get into a TIFF? Behind its end, with every old byte at its offset; the header follows last."""

from __future__ import annotations

from typing import Any

import msgspec

from core.library.embedding.exif_values import XMP_PACKET, changes_for
from core.library.embedding.iptc_records import records_without, section_without
from core.library.embedding.part import Part
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import joined
from core.library.embedding.tiff_append import Changes, Value, append_update, blanks, restored
from core.library.embedding.tiff_directory import BYTE, UNDEFINED, Tree, read_tree, value_of
from core.library.embedding.wanted import PictureFacts, Wanted
from core.library.embedding.xmp_packet import merged_packet
from core.library.placing import Piece, Span

IPTC_RECORDS, IMAGE_RESOURCES = 33723, 34377
_ICC_PROFILE = 34675
_MAX_FILE = (1 << 32) - 1


def embed_in_tiff(data: bytes, wanted: Wanted, parts: frozenset[Part]) -> tuple[Piece, ...]:
    """The file with the ``parts`` that are asked for; raises :class:`NotEmbeddable`."""
    if data[2:4] in (b"+\0", b"\0+"):
        raise NotEmbeddable("it is a BigTIFF")
    block = restored(data)
    tree = read_tree(block)
    changes = Changes()
    if Part.EXIF in parts:
        changes = changes_for(wanted, block, tree, PictureFacts(has_profile=tree.main.get(_ICC_PROFILE) is not None))
    if Part.XMP in parts:
        old = tree.main.get(XMP_PACKET)
        packet = merged_packet(value_of(block, old), wanted) if old is not None else wanted.xmp
        changes = msgspec.structs.replace(
            changes, main=dict(changes.main) | {XMP_PACKET: Value(BYTE, len(packet), packet)}
        )
    changes = msgspec.structs.replace(changes, **_taken(block, tree, changes, wanted))
    written = append_update(block, changes, _MAX_FILE)
    # what restoring took away is not in the new file; what it kept is behind the header, byte for byte but for blanks
    pieces: list[Piece] = [written[:8]]
    done = 8
    for start, end in blanks(block, tree, changes):
        pieces += [Span(done, start), written[start:end]]
        done = end
    return joined([*pieces, Span(done, len(block)), written[len(block) :]])


def _taken(block: bytes, tree: Tree, changes: Changes, wanted: Wanted) -> dict[str, Any]:
    """The changes to XMP's and IPTC's old places, where a person has taken something back."""
    if not wanted.taken_back:
        return {}
    main, taken = dict(changes.main), set(changes.taken_main)
    for tag, without in ((IPTC_RECORDS, records_without), (IMAGE_RESOURCES, section_without)):
        old = tree.main.get(tag)
        if old is not None and (changed := without(value_of(block, old), wanted)) != value_of(block, old):
            main[tag] = Value(UNDEFINED, len(changed), changed)
            taken.add(tag)
    if XMP_PACKET in main and tree.main.get(XMP_PACKET) is not None:
        taken.add(XMP_PACKET)
    return {"main": main, "taken_main": frozenset(taken)}
