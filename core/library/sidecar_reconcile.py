"""One look at the sidecars of a version: what was changed in them, and what has to be written.

Runs in a worker process: what others wrote is parsed here.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from core.library.sidecar import build_sidecar
from core.library.sidecar_look import Look, Reconciled, Resolution, signature_of
from core.library.sidecar_merge import merge_facts
from core.library.sidecar_reading import Packet, read_any
from core.media.xmp import MAX_PACKET_BYTES
from core.media.xmp_merge import Side, merge_packets


def reconcile(look: Look) -> Reconciled:
    """Reads the sidecars of one version and merges. Raises :class:`OSError` where one cannot be read."""
    wanted = build_sidecar(look.facts)
    signature, data = _read(look.path)
    other_path = next((path for path in look.others if signature_of(path) is not None), None)
    other_signature, other_data = _read(other_path) if other_path is not None else (None, None)
    seen = Reconciled(
        base=wanted,
        signature=signature,
        other_path=other_path,
        other_base=other_data,
        other_signature=other_signature,
    )
    other_base = look.other_base if other_path == look.other_path else None
    for path, now, before in ((look.path, data, look.base), (other_path, other_data, other_base)):
        if path is None or now is None or now == before or look.is_final:
            continue
        try:
            there, was = read_any(now), read_any(before) if before is not None else None
        except ValueError as error:
            if path == look.path:
                return msgspec.structs.replace(seen, refused=str(error))
            # nothing of ours goes there; it is read again when it changes
            continue
        resolution = _resolve(path, there, was, look)
        found = msgspec.structs.replace(seen, resolution=resolution, source=_source(there, path))
        if resolution.changed:
            return found
        if resolution.conflicts and not look.is_told:
            return msgspec.structs.replace(found, packet=_merged(data, look, wanted))
    if data is None:
        return msgspec.structs.replace(seen, packet=wanted)
    try:
        return msgspec.structs.replace(seen, packet=_merged(data, look, wanted))
    except ValueError as error:
        return msgspec.structs.replace(seen, refused=str(error))


def _merged(data: bytes | None, look: Look, wanted: bytes) -> bytes | None:
    if data is None:
        return wanted
    base = look.base
    if base is not None and data != base and not read_any(data).is_known_to_us:
        base = None
    return merge_packets(data, base, wanted, Side.THEIRS if look.is_final else Side.OURS).packet


def _resolve(path: str, there: Packet, was: Packet | None, look: Look) -> Resolution:
    written_at = Path(path).stat().st_mtime
    is_newer = look.changed_at is None or written_at > look.changed_at
    if was is None and there.is_known_to_us and not is_newer:
        # our own from before there was a record of it
        was = there
    return merge_facts(was, there, look.facts, look.machine, is_newer=is_newer)


def _source(there: Packet, path: str) -> str:
    return f"with {there.program} in {os.fsencode(os.path.basename(path)).decode('utf-8', 'backslashreplace')}"  # noqa: PTH119


def _read(path: str) -> tuple[str | None, bytes | None]:
    """The bytes, and the signature that they had before and after."""
    before = signature_of(path)
    if before is None:
        return None, None
    with open(path, "rb") as file:  # noqa: PTH123
        data = file.read(MAX_PACKET_BYTES + 1)
    after = signature_of(path)
    if after != before:
        raise BlockingIOError("it is being written")
    return after, data
