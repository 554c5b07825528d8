"""Sidecars that a crash left half written beside their photos, in folders of mode ``reference``.

The daemon is the only one that writes there and writes a photo's sidecar only while it has the photo in hand. So what
is left of a photo that it knows and does not have in hand was left by a daemon that is no more.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable

import structlog

from core.db.engine import Database
from core.library.layout import sidecar_of
from core.library.placing import target_of
from core.media.source_file import shown
from core.pipeline import sighted
from core.pipeline.roots import Root
from core.pipeline.states import State

log = structlog.get_logger()


async def sweep_strays(database: Database, root: Root, temporary: Iterable[str]) -> None:
    """Removes those of the ``temporary`` files (relative to the root) that were to be sidecars of photos we know."""
    photos = {path: photo for path in temporary if (photo := _photo_of(path)) is not None}
    if not photos:
        return
    async with database.read() as connection:
        known = await sighted.known_paths(connection, root.name, list(photos.values()))
    for path, photo in photos.items():
        if photo in known and known[photo].state is not State.RUNNING:
            await asyncio.to_thread(_remove, root, path)


def _photo_of(path: str) -> str | None:
    folder, _, name = path.rpartition("/")
    target = target_of(name)
    if target is None or not target.endswith(sidecar_of("")):
        return None
    photo = target.removesuffix(sidecar_of(""))
    return f"{folder}/{photo}" if folder else photo


def _remove(root: Root, path: str) -> None:
    try:
        os.unlink(root.absolute(path))  # noqa: PTH108 - the name may hold bytes that are not UTF-8
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning(
            "a half written sidecar cannot be removed; it is tried again with the next scan",
            root=root.name,
            path=shown(path),
            reason=error.strerror,
        )
        return
    log.info("removed a half written sidecar", root=root.name, path=shown(path))
