"""Which folders may be watched, and where may they lie?

A root that contains the library would feed the daemon its own copies for ever; a root inside another one would
feed it everything twice; two roots of one name could not be told apart in the ledger.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Final, Protocol

RESERVED_NAMES: Final = frozenset({"upload", "import"})
"""The ledger uses these for files that came through the HTTP API and the ``import`` command."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Root(Protocol):
    """What has to be known of a watch folder here: its name and its absolute path."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path: ...


def name_of_folder(path: Path) -> str:
    """Return the name that a root gets from its folder: ``Camera Uploads`` becomes ``camera-uploads``.

    Accents are dropped. The result can be empty, or a name that :func:`usable_name` refuses.
    """
    ascii_only = unicodedata.normalize("NFKD", path.name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9_]+", "-", ascii_only.lower()).strip("-")


def usable_name(name: str) -> str:
    """Return ``name`` if a root may be called so.

    Raises:
        ValueError: if it is empty, longer than 64 characters, reserved, or has other characters than ASCII letters,
            digits, dash and underscore. The message continues a sentence that begins with the name.
    """
    if name.lower() in RESERVED_NAMES:
        raise ValueError("is a name that Pictallion needs itself; give the folder another one with name = ...")
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 64 letters (a-z), digits, dashes and underscores; set it with name = ...")
    return name


def existing_folder(path: Path) -> Path:
    """Return ``path`` if it is a folder now.

    Raises:
        ValueError: if not. The message continues a sentence that begins with the path.
    """
    try:
        if path.is_dir():
            return path
        exists = path.exists()
    except OSError as error:
        raise ValueError(f"cannot be looked at: {error.strerror}") from error
    if exists:
        raise ValueError("is not a folder")
    raise ValueError("does not exist; create it, or mount it if it is a network share or an external disk")


def conflicts(roots: Sequence[Root], data_dir: Path | None) -> list[str]:
    """Return one sentence for each pair of folders that may not be used together.

    Names are compared without regard to case, paths with symbolic links followed. ``data_dir`` is ``None`` if it is
    not known.
    """
    problems = []
    for one, other in combinations(roots, 2):
        if one.name.lower() == other.name.lower():
            problems.append(
                f'{one.path} and {other.path} both have the name "{other.name}"; give one another name with name = ...'
            )
        if relation := _relation(one.path, other.path):
            problems.append(f"{relation}: every file would be taken twice; watch only one of them")
    overlaps = [_relation(root.path, data_dir) for root in roots] if data_dir else []
    return problems + [
        f"{overlap}: the daemon would take in its own library; keep [library] data_dir outside"
        for overlap in overlaps
        if overlap
    ]


def _relation(one: Path, other: Path) -> str | None:
    """Return how two folders overlap, as the beginning of a sentence, or ``None`` if they do not."""
    # Path.resolve() raises on a loop of symbolic links, realpath() stops there.
    real_one, real_other = Path(os.path.realpath(one)), Path(os.path.realpath(other))
    if real_one == real_other:
        return f"{one} and {other} are the same folder"
    if real_one.is_relative_to(real_other):
        return f"{one} lies inside {other}"
    if real_other.is_relative_to(real_one):
        return f"{other} lies inside {one}"
    return None
