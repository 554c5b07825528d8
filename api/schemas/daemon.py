"""What the daemon is doing."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class ScanRequest(Struct):
    """Which root to scan; all of them without a name."""

    root: str | None = None


class ScanAccepted(Struct):
    """The roots that will be scanned."""

    roots: list[str]


class Tiers(Struct):
    """Versions of each tier."""

    bronze: int
    silver: int
    gold: int


class DaemonStatus(Struct, rename="camel"):
    """``ledger`` counts every file ever seen by the state it is in; ``photos`` are the assets in the library.

    ``paused`` says why nothing is taken in at present; ``null`` when all is well. ``unwritten_sidecars`` counts those
    that could not be written and are tried again. ``descriptions`` counts photos by how far a language model's are
    (``/api/daemon/ai`` tells more).
    """

    version: str
    photos: int
    tiers: Tiers
    ledger: dict[str, int]
    paused: str | None
    unwritten_sidecars: int
    descriptions: dict[str, int]


class LastScan(Struct, rename="camel"):
    """The last comparison of a root with the ledger. ``seconds`` is how long it took; the others count files."""

    at: datetime
    seconds: float
    seen: int
    new: int
    gone: int
    moved: int


class WatchedRoot(Struct, rename="camel"):
    """A watched folder. While ``trouble`` says something, nothing is changed for it.

    ``method`` is how changes are noticed, ``hints`` or ``scans``, and ``methodReason`` why not by hints.
    ``hintSeconds`` is how long a hint took when that was last measured; ``overflows`` counts how often the system lost
    some.
    """

    name: str
    path: str
    mode: str
    trouble: str | None
    ledger: dict[str, int]
    method: str
    method_reason: str | None
    hint_seconds: float | None
    overflows: int
    filesystem: str
    last_scan: LastScan | None


class RootAccepted(Struct):
    """The root whose next scan is believed whatever it finds."""

    root: str
