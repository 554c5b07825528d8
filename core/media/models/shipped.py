"""Which file of an installed package holds a network, and is it the one that was measured?"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from core.errors import PictallionError


class ModelUnusable(PictallionError):
    """A network's file is missing, was changed, or does not compute what it should."""


def shipped_file(package: str, *parts: str) -> Path:
    """Returns the path of a file inside an installed package, without importing that package.

    Importing may do harm: ``face_recognition_models`` needs ``pkg_resources``, which new setuptools no longer have.
    Raises :class:`ModelUnusable` when the package or the file is not there.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnusable(f"The package {package} is not installed.")
    path = Path(spec.submodule_search_locations[0], *parts)
    if not path.is_file():
        raise ModelUnusable(f"The package {package} is installed, but its file {path.name} is missing.")
    return path


def read_pinned(path: Path, sha256: str) -> bytes:
    """Returns the bytes of a file whose SHA-256 is known.

    A bit flip in a network mostly goes unnoticed and yields plausible, wrong numbers, so any other content is refused.
    Raises :class:`ModelUnusable` when the file cannot be read or differs.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"The network in {path} cannot be read: {error.strerror}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelUnusable(
            f"The network in {path} is not the one that Pictallion knows "
            f"(SHA-256 {found[:12]}… instead of {sha256[:12]}…). Reinstall the package it came with."
        )
    return content
