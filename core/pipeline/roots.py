"""Where files come from: the watched folders, and the two ways beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum

#: Entries that ``pictallion import`` made; their paths are relative to the root of the file system.
IMPORT = "import"

#: Entries that uploads made; their paths are relative to the data directory's ``temp``.
UPLOAD = "upload"


class Mode(StrEnum):
    """What happens to a source once its bytes are safe."""

    #: it is only ever read
    COPY = "copy"
    #: it is removed: the folder is a drop zone
    MOVE = "move"
    #: it is the library's file: nothing is copied
    REFERENCE = "reference"


@dataclass(frozen=True)
class Root:
    """A folder that files are taken from. ``path`` is absolute.

    ``include`` and ``exclude`` are patterns of gitignore syntax: with ``include`` only files that fit one are taken.
    """

    name: str
    path: str
    mode: Mode
    #: whether this process waits for files of this root to stand still
    is_watched: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    #: IANA name of the zone that the cameras of this folder are set to
    time_zone: str | None = None
    #: its photos are shown to nobody beyond this machine
    is_local_only: bool = False

    def absolute(self, path: str) -> str:
        """The file system path of an entry of this root."""
        return os.path.join(self.path, path)  # noqa: PTH118 - names may hold bytes that are not UTF-8
