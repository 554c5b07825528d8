"""What an audit found."""

from __future__ import annotations

import msgspec


class Report(msgspec.Struct):
    """Paths are readable text: below a root as ``root:path``, in the library relative to the data directory.

    ``seen`` is the number of ledger entries and ``fates`` how many of them are in each state. ``verified`` originals
    were read back; ``is_complete`` says whether that were all of them. ``unavailable_roots`` could not be compared,
    each with the reason.
    """

    seen: int = 0
    fates: dict[str, int] = msgspec.field(default_factory=dict)
    unexplained_files: list[str] = msgspec.field(default_factory=list)
    missing_files: list[str] = msgspec.field(default_factory=list)
    hash_mismatches: list[str] = msgspec.field(default_factory=list)
    stray_temporary: list[str] = msgspec.field(default_factory=list)
    unavailable_roots: dict[str, str] = msgspec.field(default_factory=dict)
    verified: int = 0
    is_complete: bool = True

    @property
    def is_explained(self) -> bool:
        """Whether every file is accounted for."""
        return self.seen == sum(self.fates.values()) and not (
            self.unexplained_files
            or self.missing_files
            or self.hash_mismatches
            or self.stray_temporary
            or self.unavailable_roots
        )
