"""Which bytes are these? MD5 and SHA-256 of a whole file, from one read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.media.source_file import SourceFile, changed, open_source

# Large enough that system calls do not count beside the hashing, small enough to stay in the second-level cache.
_BUFFER_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class ContentHash:
    """``size`` in bytes, ``md5`` and ``sha256`` in lower-case hex, ``head`` as many first bytes as were asked for."""

    size: int
    md5: str
    sha256: str
    head: bytes


def hash_source(source: SourceFile, head_size: int = 0) -> ContentHash:
    """Read an open file once from its start to its end.

    Raises ``SourceChanged`` if there are more or fewer bytes than the file had when it was opened.
    """
    # MD5 names a file on the wire, SHA-256 is what verification relies on.
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    buffer = memoryview(bytearray(min(_BUFFER_SIZE, max(source.size + 1, head_size, 1))))
    head = bytearray()
    size = 0
    source.stream.seek(0)
    while count := source.stream.readinto(buffer):  # type: ignore[attr-defined]
        chunk = buffer[:count]
        md5.update(chunk)
        sha256.update(chunk)
        if len(head) < head_size:
            head += chunk[: head_size - len(head)]
        size += count
    if size != source.size:
        raise changed(source.path)
    return ContentHash(size, md5.hexdigest(), sha256.hexdigest(), bytes(head))


def hash_file(path: str) -> ContentHash:
    """Open, hash and close a file; raises what :func:`core.media.source_file.open_source` raises."""
    with open_source(path) as source:
        return hash_source(source)
