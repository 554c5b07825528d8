"""What is asked of a look at the sidecars of a version, and what comes of it.

Plain records, so that the main process can name them without loading lxml.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

import msgspec

from core.library.sidecar_facts import FaceRegion, SidecarFacts

_WORDS = {
    "captured": "date",
    "latitude": "position",
    "country_code": "country",
    "event_type": "event type",
    "event_name": "event",
    "keyword_paths": "keywords",
}


def words_for(fields: Iterable[str]) -> str:
    """The names of fields as a person reads them."""
    return ", ".join(dict.fromkeys(_WORDS.get(field, field.replace("_", " ")) for field in fields))


class Resolution(msgspec.Struct, frozen=True):
    """What the photo is to say from now on.

    ``names`` are new names (or ``None``) of the faces of ours, by their place in the list; ``dropped`` those that
    somebody removed, ``added`` regions that are new. ``changed`` are the fields that differ from ours; ``conflicts``
    are sentences about what both had changed.
    """

    facts: SidecarFacts
    names: dict[int, str | None]
    dropped: tuple[int, ...]
    added: tuple[FaceRegion, ...]
    changed: tuple[str, ...]
    conflicts: tuple[str, ...]


class Look(msgspec.Struct, frozen=True):
    """What to look at: our sidecar and what we last wrote into it; ``others`` in the order in which one is chosen, and
    what was last read from which. ``machine`` are the fields that no person gave; ``changed_at`` is when the photo was
    last changed in the database, in seconds since 1970. With ``is_told``, conflicts are in the history already;
    with ``is_final``, what the database cannot say as the sidecar does is left in the sidecar.
    """

    path: str
    base: bytes | None
    others: tuple[str, ...]
    other_path: str | None
    other_base: bytes | None
    facts: SidecarFacts
    machine: frozenset[str]
    changed_at: float | None
    is_told: bool = False
    is_final: bool = False


class Reconciled(msgspec.Struct, frozen=True):
    """What came of it. With a ``resolution``, the database has to follow before anything is written. ``packet`` is to
    be written, ``None`` where the sidecar says it all; ``base`` what it then says for us. Signatures are those of the
    files that were read, ``None`` for absent ones. ``refused`` says why a sidecar cannot be read or changed.
    """

    base: bytes
    packet: bytes | None = None
    signature: str | None = None
    other_path: str | None = None
    other_base: bytes | None = None
    other_signature: str | None = None
    resolution: Resolution | None = None
    source: str = ""
    refused: str | None = None


def signature_of(path: str) -> str | None:
    """What tells that a file was written without reading it; ``None`` for one that is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - paths may not be UTF-8
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def sidecars_beside(source: str) -> tuple[str, str]:
    """Where a sidecar of the file ``source`` may lie: ``name.ext.xmp``, ``name.xmp``."""
    return f"{source}.xmp", f"{os.path.splitext(source)[0]}.xmp"  # noqa: PTH122 - paths may not be UTF-8
