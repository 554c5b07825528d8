"""What the HTTP API works on, put together by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.pipeline.workbench import Workbench


@dataclass(frozen=True)
class ApiContext:
    """The tools behind the routes.

    ``request_scan`` asks for a scan of one root, or of all when it is given ``None``; it answers the names of the
    roots that will be scanned. ``frontend_dir`` holds the built client, if there is one. ``wake`` says that the queue
    may have something new. Uploads leave ``min_free`` bytes of
    the disk free.
    """

    bench: Workbench
    request_scan: Callable[[str | None], list[str]]
    wake: Callable[[], None]
    frontend_dir: Path | None
    min_free: int
