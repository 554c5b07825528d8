"""Recognises files that were moved or renamed, so that nothing about them is computed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.media.source_file import shown
from core.pipeline.ledger import Signature
from core.pipeline.sighted import Known, Move
from core.pipeline.states import State
from daemon.intake.scanner import Sighting


def recognise_moves(new: Iterable[Sighting], gone: Mapping[str, Known]) -> list[Move]:
    """Pairs files at new paths with entries whose file is gone.

    The same inode, size and modification time are one file. Moving a folder leaves the files' change time (ctime) as
    it was; then the entry only gets its new path. Renaming a file sets it, as writing does, so that its bytes are read
    once more to be sure; nothing else is done again if they are the same. Of several candidates none is taken.
    """
    candidates: dict[tuple[str, int, int], tuple[str, Known] | None] = {}
    for path, entry in gone.items():
        if entry.state in (State.RUNNING, State.WAITING):
            # in hand, or still being written: not yet a file that anything is known of
            continue
        key = _identity(entry.signature)
        candidates[key] = None if key in candidates else (path, entry)
    moves = []
    for sighting in new:
        found = candidates.pop(_identity(sighting.signature), None)
        if found is None:
            continue
        old_path, entry = found
        state = _state_there(entry, sighting.signature)
        reason = f"{shown(old_path)} lies here now." if state is State.QUEUED else entry.reason
        moves.append(Move(entry.id, old_path, sighting.path, sighting.signature, state, reason))
    return moves


def _state_there(entry: Known, signature: Signature) -> State:
    is_same = entry.signature == signature
    if entry.state is State.MISSING:
        return State.DONE if is_same and entry.media_asset_id is not None else State.QUEUED
    if entry.state is State.FAILED or not is_same:
        return State.QUEUED
    return entry.state


def _identity(signature: Signature) -> tuple[str, int, int]:
    return signature.inode, signature.size, signature.mtime_ns
