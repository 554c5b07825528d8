"""Measures whether hints arrive, with a file of our own: a folder may be watched and never say a word."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from daemon.intake.marker import OWN_DIRECTORY, SYNCTHING, read_marker

#: A hint that takes longer is none. [s]
PATIENCE = 10.0

_NAME = "canary"


class Canary:
    """The canary of one root. Feed it the hints of the root; those it takes are not for anybody else."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = Path(root, OWN_DIRECTORY, _NAME)
        self._heard = asyncio.Event()

    def takes(self, path: str) -> bool:
        """Whether a hint is about our own directory; the canary then listens to it."""
        if path != OWN_DIRECTORY and not path.startswith(f"{OWN_DIRECTORY}/"):
            return False
        if path == f"{OWN_DIRECTORY}/{_NAME}":
            self._heard.set()
        return True

    async def seconds_to_hint(self) -> float | None:
        """How long a hint takes; ``None`` when none came. Raises :class:`OSError` where the root cannot be written to.

        The file is there only while it is measured, so that no sync program carries it anywhere.
        """
        self._heard.clear()
        began = time.monotonic()
        try:
            await asyncio.to_thread(self._write)
            await asyncio.wait_for(self._heard.wait(), PATIENCE)
        except TimeoutError:
            return None
        else:
            return time.monotonic() - began
        finally:
            with suppress(OSError):
                await asyncio.to_thread(self._take_away)

    def _write(self) -> None:
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text("Pictallion tries whether the system reports changes in this folder.\n")

    def _take_away(self) -> None:
        self._path.unlink(missing_ok=True)
        if read_marker(self._root) == SYNCTHING:
            # nothing else of ours is here; Syncthing would carry even an empty directory to every phone
            self._path.parent.rmdir()
