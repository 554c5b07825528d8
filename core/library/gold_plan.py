"""What will a Gold file be, to the byte? Worked out in a worker process; only the new bytes come back."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec

from core.errors import VerificationFailed
from core.library.embedding.embed import MAX_SIZE, Embedding, Way, can_embed, embed, reason_for_format
from core.library.embedding.taken_back import taken_back
from core.library.gold_facts import GoldFacts
from core.library.placing import Span
from core.library.sidecar import build_sidecar, read_sidecar
from core.media.content_hash import hash_source
from core.media.facts import Format
from core.media.identify import read_sources
from core.media.source_file import open_source


class GoldPlan(msgspec.Struct, frozen=True):
    """The Gold file, and the sidecar beside it."""

    embedding: Embedding
    sidecar: bytes


def plan_gold(path: str, known: Format, facts: GoldFacts, sha256: str, present_sidecar: str | None) -> GoldPlan:
    """Reads the file at ``path``, whose SHA-256 has to be ``sha256``, and writes the metadata into a copy in memory.

    ``present_sidecar`` is the path of a sidecar that lies there already, in which somebody may have written. Raises
    :class:`core.errors.VerificationFailed` where the file is not what it was when it was taken in.
    """
    # a Gold file is given to others: what is only between its owner and us is beside it, and not in it
    told = msgspec.structs.replace(facts.sidecar, tags_added=(), tags_removed=(), is_favorite=False, is_reviewed=False)
    wanted = msgspec.structs.replace(facts.wanted, xmp=build_sidecar(told))
    packet = build_sidecar(facts.sidecar)
    with open_source(path) as source:
        size = source.size
        content = source.stream.read() if can_embed(known, size) else None
    if content is not None:
        said, _ = read_sources(io.BytesIO(content), size, known)
        wanted = msgspec.structs.replace(wanted, taken_back=taken_back(said, wanted))
        embedding = embed(content, known, wanted)
    else:
        reason = reason_for_format(known) if size <= MAX_SIZE else f"it has more than {MAX_SIZE >> 20} MiB"
        embedding = as_it_is(path, reason)
    _refuse_damaged(path, embedding, sha256)
    return GoldPlan(embedding, _beside(packet, facts, present_sidecar))


def plan_copy(path: str, facts: GoldFacts, sha256: str, reason: str) -> GoldPlan:
    """The same for a file that is not written into, for ``reason``."""
    embedding = as_it_is(path, reason)
    _refuse_damaged(path, embedding, sha256)
    return GoldPlan(embedding, build_sidecar(facts.sidecar))


def _refuse_damaged(path: str, embedding: Embedding, sha256: str) -> None:
    if embedding.source_sha256 != sha256:
        raise VerificationFailed(
            f"{Path(path).name} has other bytes than when it was taken in: its SHA-256 is "
            f"{embedding.source_sha256[:12]}… instead of {sha256[:12]}…. No Gold file was made of it; "
            "`pictallion audit` says which files are damaged, and a backup or the original can be put in its place."
        )


def as_it_is(path: str, reason: str) -> Embedding:
    """A Gold file with the very bytes of the source."""
    with open_source(path) as source:
        content = hash_source(source, head_size=1)
    return Embedding(
        Way.SIDECAR_ONLY,
        (reason,),
        (Span(0, content.size),),
        content.sha256,
        content.md5,
        content.size,
        content.sha256,
    )


def _beside(packet: bytes, facts: GoldFacts, present: str | None) -> bytes:
    """The sidecar: ours as a whole where nobody else wrote into it, else theirs with what it lacks."""
    from core.library.embedding.refusal import NotEmbeddable
    from core.library.embedding.xmp_packet import merged_packet

    if present is None:
        return packet
    try:
        there = Path(present).read_bytes()
        if build_sidecar(read_sidecar(there)) == there:
            return packet
        return merged_packet(there, msgspec.structs.replace(facts.wanted, xmp=packet))
    except FileNotFoundError:
        return packet
    except (ValueError, NotEmbeddable):
        # what nobody can read stays where it is, rather than be lost
        return Path(present).read_bytes()
