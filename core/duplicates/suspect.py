"""A suspicion, as it travels between processes: this module needs no numpy."""

from __future__ import annotations

import msgspec


class Suspect(msgspec.Struct, frozen=True, array_like=True):
    """The picture in row ``new`` may be a copy of the one in row ``other``, which stands before it.

    ``orientation``: how the new one has to be turned to look like the other, where hashes say so, else ``None``.
    """

    new: int
    other: int
    orientation: int | None
