"""Where everything lies below the data directory.

media/bronze/YYYY/MM/    originals, byte for byte, read-only
media/silver/YYYY/MM/    the same bytes under their library name, each with its XMP sidecar
media/*/reference/NAME   links to watched folders of mode "reference", whose files stay where they are
media/sidecars/reference/  the sidecars of those, where they cannot lie beside the file
media/gold/, media/archive/
thumbnails/ab/           rendered pictures, by the SHA-256 of the original; can be made again
temp/                    uploads on their way in
backups/                 of the database, unless [backup] folder says otherwise
cache/                   networks and the gazetteer, prepared from the installed packages; can be made again
pictallion.db            unless [database] url says otherwise
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath

from core.db.types import escape_path, unescape_path

#: Pictures of faces, made for clients; they may be removed at any time.
FACE_CROP_PREFIX = "face_crop_"

#: Archives that somebody asked for; they may be removed after a day.
EXPORT_PREFIX = "export_"


class Tier(StrEnum):
    """How far a version of an asset has come."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


#: The folder of what a person has put away, beside those of the tiers.
ARCHIVE = "archive"

#: The folder of links to roots whose files are not copied, below each tier.
REFERENCE = "reference"

_LINKED_TIERS = (Tier.BRONZE, Tier.SILVER)
_REFERENCE = re.compile(f"media/[a-z]+/{REFERENCE}/")


@dataclass(frozen=True)
class Layout:
    """The data directory and the paths in it. ``file_path`` values are relative to it, with forward slashes."""

    data_dir: Path

    @property
    def media(self) -> Path:
        return self.data_dir / "media"

    @property
    def thumbnails(self) -> Path:
        return self.data_dir / "thumbnails"

    @property
    def temp(self) -> Path:
        return self.data_dir / "temp"

    @property
    def cache(self) -> Path:
        return self.data_dir / "cache"

    @property
    def locks(self) -> Path:
        return self.data_dir / "locks"

    @property
    def restoring(self) -> Path:
        """There while a backup is being restored; holds the moment that it is of, ISO 8601 with its offset."""
        return self.data_dir / ".restoring"

    def create(self) -> None:
        """Makes the directories that must be there; existing ones are left alone."""
        kept = (*(self.media / tier for tier in Tier), self.media / ARCHIVE)
        for directory in (*kept, self.thumbnails, self.temp, self.cache, self.locks):
            directory.mkdir(parents=True, exist_ok=True)

    def absolute(self, file_path: str) -> Path:
        """The file that a stored ``file_path`` names."""
        if _REFERENCE.match(file_path):
            # names of other people's files may hold anything
            return self.data_dir / unescape_path(file_path)
        return self.data_dir / file_path

    def link_references(self, roots: Mapping[str, str]) -> None:
        """Lets the library reach the folders of mode ``reference``: names of roots and where they lie."""
        for tier in _LINKED_TIERS:
            for name, path in roots.items():
                link = self.media / tier / REFERENCE / name
                if link.is_symlink() and str(link.readlink()) == path:
                    continue
                link.parent.mkdir(parents=True, exist_ok=True)
                temporary = link.with_name(f".{name}.new")
                temporary.unlink(missing_ok=True)
                temporary.symlink_to(path)
                temporary.replace(link)

    def rendered(self, sha256: str, name: str) -> Path:
        """Where the rendered picture ``name`` (``250``, ``preview``, …) of an original lies."""
        return self.thumbnails / sha256[:2] / f"{sha256}-{name}.jpeg"


def month_directory(tier: str, captured: datetime) -> PurePosixPath:
    """``media/silver/2024/07`` for a capture time, relative to the data directory."""
    return PurePosixPath("media", tier, f"{captured.year:04d}", f"{captured.month:02d}")


def sidecar_of(file_path: str) -> str:
    """The XMP sidecar beside a file: ``name.ext.xmp``, the form that no two files share."""
    return f"{file_path}.xmp"


def library_sidecar(file_path: str) -> str:
    """Where the sidecar of a Silver file that stays in its folder lies when it cannot lie beside it."""
    return sidecar_of(file_path.replace("media/silver/", "media/sidecars/", 1))


def json_sidecar_of(file_path: str) -> str:
    """The JSON beside a Gold video, which no program can read from the file itself (contract, behaviour §14)."""
    return f"{file_path}.json"


def reference_path(tier: Tier, root: str, path: str) -> str:
    """The ``file_path`` of a file at ``path`` below the root ``root`` that stays where it is."""
    return f"media/{tier}/{REFERENCE}/{root}/{escape_path(path)}"


def is_reference(file_path: str) -> bool:
    """Whether a stored ``file_path`` names a file that is not in the library but in a watched folder."""
    return _REFERENCE.match(file_path) is not None
