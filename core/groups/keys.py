"""By what are the files found that one may belong to? Whoever shares a key is looked at, nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.groups.facts import GroupFacts
from core.groups.names import read_name

_EPOCH = datetime(1970, 1, 1)


def keys_of(facts: GroupFacts) -> list[str]:
    """The keys of an asset: its name in each of its folders as the family of the original, and its identifiers."""
    keys = {f"name:{place.directory}/{read_name(place.filename).family}" for place in facts.places}
    if facts.content_identifier is not None:
        keys.add(f"content:{facts.content_identifier}")
    if facts.burst_identifier is not None:
        keys.add(f"burst:{facts.burst_identifier}")
    return sorted(keys)


def bracket_key(facts: GroupFacts) -> tuple[str | None, int | None]:
    """Camera and time of a frame of a bracket, by which the others are found; ``None`` for what is no frame.

    The time is the wall clock in microseconds since 1970.
    """
    if not facts.is_bracketed or facts.camera is None or facts.taken is None:
        return None, None
    return facts.camera, microseconds(facts.taken)


def microseconds(wall_clock: datetime) -> int:
    """Microseconds from 1970-01-01T00:00 to a zone-less time."""
    return (wall_clock - _EPOCH) // timedelta(microseconds=1)
