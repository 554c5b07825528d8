"""Which file may a request name, and has the client got it already?

Only regular files in ``media``, face crops and exports in ``temp`` are served, none whose name begins with a dot, and
nothing outside these two folders, whatever the path and the links on the way say.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.errors import Forbidden, NotFound
from core.library.layout import EXPORT_PREFIX, FACE_CROP_PREFIX, Layout, is_reference


@dataclass(frozen=True)
class ServedFile:
    """A file that may be sent, as it is on disk now; ``is_readable`` whether the daemon may read it."""

    path: Path
    stat: os.stat_result
    is_readable: bool


def open_to_clients(layout: Layout, file_path: str) -> ServedFile:
    """The file that a path below the data directory names; asks the disk.

    Raises :class:`Forbidden` where the path, or a link on its way, leads out of the library, and :class:`NotFound`
    where there is no regular file that clients may have.
    """
    folder = _folder_of(layout, file_path)
    path = layout.absolute(file_path)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise Forbidden("The path leaves the library.")
    try:
        found = path.stat()
    except OSError as error:
        raise _not_there(file_path) from error
    if not stat.S_ISREG(found.st_mode):
        raise _not_there(file_path)
    return ServedFile(path, found, os.access(path, os.R_OK))


def _folder_of(layout: Layout, file_path: str) -> Path:
    parts = file_path.split("/")
    if ".." in parts:
        raise Forbidden("The path leaves the library.")
    if "\0" in file_path or any(not part or part.startswith(".") for part in parts):
        raise _not_there(file_path)
    if is_reference(file_path) and len(parts) > 4:
        # the one link that may lead out of the library, and only to where it leads
        return layout.data_dir.joinpath(*parts[:4])
    if parts[0] == "media" and len(parts) > 1:
        return layout.media
    if parts[0] == "temp" and len(parts) == 2 and parts[1].startswith((FACE_CROP_PREFIX, EXPORT_PREFIX)):
        return layout.temp
    raise _not_there(file_path)


def _not_there(file_path: str) -> NotFound:
    return NotFound(f"There is no file {file_path} in the library.")


def is_current(if_none_match: str | None, etag: str) -> bool:
    """Whether who sends this ``If-None-Match`` has what ``etag`` stands for (RFC 9110, 13.1.2: weak comparison)."""
    if if_none_match is None:
        return False
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known
