"""Where everything lies below the data directory.

media/bronze/YYYY/MM/    originals, byte for byte, read-only
media/silver/YYYY/MM/    the same bytes under their library name, each with its XMP sidecar
media/gold/, media/archive/
thumbnails/ab/           rendered pictures, by the SHA-256 of the original; can be made again
temp/                    uploads on their way in
cache/                   networks and the gazetteer, prepared from the installed packages; can be made again
pictallion.db            unless [database] url says otherwise
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath

#: Pictures of faces, made for clients; they may be removed at any time.
FACE_CROP_PREFIX = "face_crop_"


class Tier(StrEnum):
    """How far a version of an asset has come."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


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

    def create(self) -> None:
        """Makes the directories that must be there; existing ones are left alone."""
        for directory in (*(self.media / tier for tier in Tier), self.thumbnails, self.temp, self.cache, self.locks):
            directory.mkdir(parents=True, exist_ok=True)

    def absolute(self, file_path: str) -> Path:
        """The file that a stored ``file_path`` names."""
        return self.data_dir / file_path

    def rendered(self, sha256: str, name: str) -> Path:
        """Where the rendered picture ``name`` (``250``, ``preview``, …) of an original lies."""
        return self.thumbnails / sha256[:2] / f"{sha256}-{name}.jpeg"


def month_directory(tier: Tier, captured: datetime) -> PurePosixPath:
    """``media/silver/2024/07`` for a capture time, relative to the data directory."""
    return PurePosixPath("media", tier, f"{captured.year:04d}", f"{captured.month:02d}")


def sidecar_of(file_path: str) -> str:
    """The XMP sidecar beside a file: ``name.ext.xmp``, the form that no two files share."""
    return f"{file_path}.xmp"
