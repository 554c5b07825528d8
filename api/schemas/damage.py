"""Damaged files."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class DamagedFile(Struct, rename="camel"):
    """A version whose file is not what was stored.

    ``kind`` is ``differs``, ``unreadable`` or ``missing``. ``goodCopy`` is a file of this machine that has the right
    bytes, ``null`` where none is known.
    """

    id: str
    path: str
    kind: str
    good_copy: str | None
    found_at: datetime


class RestoredFile(Struct, rename="camel"):
    """The version that is whole again, and what it was copied from."""

    id: str
    path: str
    good_copy: str
