"""Where does a converted network stay between two starts?

In a cache directory, beside its SHA-256. Everything in there can be built again, so nothing is ever repaired: a file
that is not exactly what was written is built anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def prepared(cache_dir: Path, name: str, build: Callable[[], bytes]) -> Path:
    """Returns ``cache_dir / name``, a file with the bytes of ``build()``, which is called only where they are not
    there yet.

    ``name`` carries a version: it changes whenever ``build`` would return something else. Several processes may call
    this at once; each then builds, the files replace each other whole, and every process finds an intact one.
    Raises ``OSError`` when the directory cannot be written, and whatever ``build`` raises.
    """
    path = cache_dir / name
    checksum = path.with_name(f"{name}.sha256")
    if not _is_intact(path, checksum):
        content = build()
        cache_dir.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
        _replace(checksum, _digest(content).encode("ascii"))
    return path


def _is_intact(path: Path, checksum: Path) -> bool:
    try:
        return _digest(path.read_bytes()).encode("ascii") == checksum.read_bytes()
    except FileNotFoundError:
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Puts ``content`` at ``path`` so that a reader sees the old file or the new one, also after a power cut."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
