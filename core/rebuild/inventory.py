"""Which files are in the library, and which of them are of one photo? Told without reading their pixels."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from core.library.layout import ARCHIVE, REFERENCE, Layout, Tier, reference_path, sidecar_of
from core.library.placing import is_temporary
from core.media.source_file import shown
from core.pipeline.roots import Mode, Root

_SIDECARS = (".xmp", ".json")


class Filed(msgspec.Struct, frozen=True):
    """A file of the library. ``file_path`` is what the database calls it, ``sidecar`` the file that tells of it.

    ``root`` and ``path`` are set for one that stays in a folder of mode ``reference``.
    """

    file_path: str
    tier: Tier
    sidecar: str | None
    is_archived: bool = False
    root: str | None = None
    path: str = ""


class Unit(msgspec.Struct):
    """The files of one photo. ``sha256`` is what the sidecars say of the original's bytes."""

    sha256: str | None = None
    bronze: Filed | None = None
    silver: Filed | None = None
    gold: list[Filed] = []

    @property
    def files(self) -> list[Filed]:
        return [one for one in (self.bronze, self.silver, *self.gold) if one is not None]

    @property
    def original(self) -> Filed:
        """The file with the bytes that the camera made, or the nearest to it."""
        return self.files[0]


class Inventory(msgspec.Struct):
    """Every file below ``media`` that may be of a photo, and sentences about those that cannot."""

    files: list[Filed]
    unexplained: list[str]


def take_inventory(layout: Layout, roots: Sequence[Root]) -> Inventory:
    """Lists the library, and of folders of mode ``reference`` what has a sidecar of ours; the rest is scanned anew."""
    inventory = Inventory([], [])
    names = set(_walk(layout, "media"))
    for name in sorted(names):
        sort = _sort_of(name)
        if is_temporary(name) or name.startswith(f"media/sidecars/{REFERENCE}/"):
            continue
        if name.endswith(_SIDECARS):
            if not any(name.removesuffix(ending) in names for ending in _SIDECARS if name.endswith(ending)):
                inventory.unexplained.append(f"{shown(name)} is the sidecar of a file that is not there.")
        elif sort is None:
            inventory.unexplained.append(f"{shown(name)} lies in none of the library's folders of photos.")
        else:
            tier, is_archived = sort
            sidecar = sidecar_of(name) if sidecar_of(name) in names else None
            inventory.files.append(Filed(name, tier, sidecar, is_archived))
    for root in roots:
        if root.mode is Mode.REFERENCE and os.path.isdir(root.path):  # noqa: PTH112 - text with surrogates
            inventory.files += _referenced(layout, root)
    return inventory


def pair(layout: Layout, files: Sequence[Filed], claims: Mapping[str, str | None]) -> tuple[list[Unit], list[Filed]]:
    """Puts the files of one photo together; returns also the Bronze files that nobody was found for yet.

    ``claims`` are the SHA-256 of the original that each file's sidecar tells, by ``file_path``. Bronze and Silver are
    one file under two names where the file system can do that, so most pairs are found by the inode.
    """
    units: dict[str, Unit] = {}
    by_inode: dict[tuple[int, int], Filed] = {}
    alone: list[Unit] = []
    for file in files:
        if file.tier is Tier.BRONZE and file.root is None:
            by_inode[_inode(layout, file)] = file
    for file in files:
        if file.tier is not Tier.SILVER:
            continue
        sha256 = claims.get(file.file_path)
        unit = Unit(sha256)
        if sha256 is None or sha256 in units:
            alone.append(unit)
        else:
            units[sha256] = unit
        unit.silver = file
        if file.root is not None:
            original = reference_path(Tier.BRONZE, file.root, file.path)
            unit.bronze = msgspec.structs.replace(file, file_path=original, tier=Tier.BRONZE, sidecar=None)
        else:
            unit.bronze = by_inode.pop(_inode(layout, file), None)
    for file in files:
        if file.tier is Tier.GOLD:
            sha256 = claims.get(file.file_path)
            found = units.setdefault(sha256, Unit(sha256)) if sha256 is not None else Unit()
            found.gold = [*found.gold, file]
            if sha256 is None:
                alone.append(found)
    return [*units.values(), *alone], list(by_inode.values())


def adopt(units: Sequence[Unit], bronze: Mapping[str, Filed]) -> list[Unit]:
    """Gives units without Bronze theirs, by the SHA-256 of its bytes; what is left are photos without anything else."""
    left = dict(bronze)
    wanting: defaultdict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.bronze is None and unit.sha256 is not None:
            wanting[unit.sha256].append(unit)
    for sha256, found in wanting.items():
        if sha256 in left:
            found[0].bronze = left.pop(sha256)
    return [*units, *(Unit(sha256, file) for sha256, file in left.items())]


def _sort_of(name: str) -> tuple[Tier, bool] | None:
    """The tier of a file below ``media``, and whether it is archived."""
    folder = name.split("/")[1]
    if folder == ARCHIVE:
        return Tier.SILVER, True
    return (Tier(folder), False) if folder in set(Tier) else None


def _inode(layout: Layout, file: Filed) -> tuple[int, int]:
    found = layout.absolute(file.file_path).stat()
    return found.st_dev, found.st_ino


def _referenced(layout: Layout, root: Root) -> Iterator[Filed]:
    """The files of a root that have a sidecar of ours, beside them or in the library."""
    from core.media.xmp import NAMESPACES

    ours = NAMESPACES["pictallion"].encode()
    for folder, _, names in os.walk(root.path):
        for name in sorted(names):
            if name.lower().endswith(_SIDECARS):
                continue
            path = os.path.relpath(os.path.join(folder, name), root.path)  # noqa: PTH118 - text with surrogates
            file_path = reference_path(Tier.SILVER, root.name, path)
            beside = f"{root.absolute(path)}.xmp"
            stored = str(layout.absolute(sidecar_of(file_path.replace("media/silver/", "media/sidecars/", 1))))
            for sidecar in (beside, stored):
                if os.path.isfile(sidecar) and ours in Path(sidecar).read_bytes():  # noqa: PTH113
                    yield Filed(file_path, Tier.SILVER, sidecar, root=root.name, path=path)
                    break


def _walk(layout: Layout, start: str) -> Iterator[str]:
    """Files relative to the data directory; links to folders of mode ``reference`` are not followed."""
    pending = [start]
    while pending:
        folder = pending.pop()
        with os.scandir(layout.absolute(folder)) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(name)
                elif not (entry.is_symlink() and folder.endswith(f"/{REFERENCE}")):
                    yield name
