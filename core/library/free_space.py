"""How much room is there, and how much of it is left alone?"""

from __future__ import annotations

import shutil
from pathlib import Path

#: Of the disk, where the owner does not say otherwise: what a file system needs to stay in good health.
SHARE = 0.01

#: No more than this, however large the disk. [bytes]
MOST = 2 * 2**30


def bytes_to_leave(folder: Path, min_free: int | None) -> int:
    """How much of the disk of ``folder`` stays free: ``min_free`` bytes, or by default 1 %, at most 2 GiB.

    A hundredth alone would be 200 GB of an array; 2 GiB alone an eighth of a memory card.
    """
    if min_free is not None:
        return min_free
    return min(int(shutil.disk_usage(folder).total * SHARE), MOST)


def free_bytes(folder: Path) -> int:
    """What is free on the disk of ``folder`` now, for an ordinary user."""
    return shutil.disk_usage(folder).free
