"""What is this file? Answered by the database once, and from memory for as long as the file is the same.

A page of the grid asks for dozens of thumbnails at a time, and asking the database costs several times what reading a
thumbnail does.
"""

from __future__ import annotations

import asyncio
from typing import Final

from api.served_file import ServedFile, open_to_clients
from core.library.photos import StoredFile, find_file
from core.pipeline.ledger import Signature
from core.pipeline.workbench import Workbench

CAPACITY: Final = 10_000
"""Files that are remembered; about 5 MB."""


class KnownFiles:
    """Files and what the database knows of them; it is asked again when a file was moved, replaced or written to."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._known: dict[str, tuple[Signature, StoredFile]] = {}

    async def get(self, file_path: str) -> tuple[ServedFile, StoredFile | None]:
        """The file that a path below the data directory names, and its version if it has one.

        Raises what :func:`open_to_clients` does.
        """
        file = await asyncio.to_thread(open_to_clients, self._bench.layout, file_path)
        signature = Signature.of(file.stat)
        known = self._known.get(file_path)
        if known is not None and known[0] == signature:
            return file, known[1]
        async with self._bench.database.read() as connection:
            stored = await find_file(connection, file_path)
        if stored is not None:
            self._remember(file_path, signature, stored)
        return file, stored

    def _remember(self, file_path: str, signature: Signature, stored: StoredFile) -> None:
        self._known[file_path] = (signature, stored)
        if len(self._known) > CAPACITY:
            del self._known[next(iter(self._known))]
