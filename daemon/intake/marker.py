"""The file by which a root is recognised: an id of our own in ``.pictallion/root``.

An empty mount point, another disk in the old one's place, or a folder made anew do not have it. In a folder of
Syncthing its own marker, ``.stfolder``, serves as well; a file of ours would be synced to every phone.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

#: The directory of our own below a root; the intake never looks into it.
OWN_DIRECTORY = ".pictallion"

#: What stands for the id in a folder that Syncthing has marked.
SYNCTHING = "stfolder"

_NAME = "root"
_EXPLANATION = "By this file Pictallion knows that the right disk or share is here. Please leave it.\n"


def read_marker(root: str) -> str | None:
    """The id of a root; ``None`` where there is none, or where it cannot be read."""
    try:
        text = _path(root).read_text("utf-8", "replace")
    except OSError:
        return SYNCTHING if Path(root, ".stfolder").is_dir() else None
    return text.partition("\n")[0].strip() or None


def write_marker(root: str) -> str | None:
    """Gives a root an id and returns it; ``None`` where the root cannot be written to."""
    marker = str(uuid.uuid4())
    path = _path(root)
    temporary = path.with_name(f"{_NAME}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        temporary.write_text(f"{marker}\n{_EXPLANATION}", "utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        return None
    return marker


def mount_point_of(root: str) -> str:
    """Where the file system of ``root`` is mounted; that outlives a restart, which a device number does not."""
    path = os.path.realpath(root)
    while not os.path.ismount(path):
        path = os.path.dirname(path)  # noqa: PTH120 - text with surrogates
    return path


def _path(root: str) -> Path:
    return Path(root, OWN_DIRECTORY, _NAME)
