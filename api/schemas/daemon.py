"""What the daemon is doing."""

from __future__ import annotations

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


class DaemonStatus(Struct):
    """``ledger`` counts every file ever seen by the state it is in; ``photos`` are the assets in the library."""

    version: str
    photos: int
    tiers: Tiers
    ledger: dict[str, int]
