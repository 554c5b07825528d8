"""Uploads: files that somebody hands over and waits for."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from core.db.tables import utc_now
from core.pipeline import ledger
from core.pipeline.attempt import attempt
from core.pipeline.ledger import Fate, Signature
from core.pipeline.roots import UPLOAD, Mode, Root
from core.pipeline.workbench import Workbench


def upload_root(bench: Workbench) -> Root:
    """The root of uploads: a drop zone below the data directory."""
    return Root(UPLOAD, str(bench.layout.temp), Mode.MOVE, is_watched=False)


async def receive(bench: Workbench, received: Path) -> Fate:
    """Takes in a file that was received completely and stored as ``temp/<anything unique>/<the name its sender gave>``.

    Its bytes are removed from there once they are kept, or once it is clear that they will not be. Should this
    process die before that, the next start finishes the work.
    """
    root = upload_root(bench)
    path = str(received.relative_to(bench.layout.temp))
    signature = Signature.of(await asyncio.to_thread(os.lstat, received))
    async with bench.database.write() as connection:
        entry = await ledger.open_entry(connection, root.name, path, signature, bench.holder, utc_now())
    return await attempt(bench, entry, root)
