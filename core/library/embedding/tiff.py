"""How does metadata get into a TIFF? Behind its end, with every old byte at its offset; the header follows last."""

from __future__ import annotations

import msgspec

from core.library.embedding.exif_values import XMP_PACKET, changes_for
from core.library.embedding.part import Part
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.spans import joined
from core.library.embedding.tiff_append import Changes, Value, append_update, restored
from core.library.embedding.tiff_directory import BYTE, read_tree, value_of
from core.library.embedding.wanted import PictureFacts, Wanted
from core.library.embedding.xmp_packet import merged_packet
from core.library.placing import Piece, Span

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
    written = append_update(block, changes, _MAX_FILE)
    # what restoring took away is not in the new file; what it kept is, byte for byte, behind the header
    return joined([written[:8], Span(8, len(block)), written[len(block) :]])
