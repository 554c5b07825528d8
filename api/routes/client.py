"""The web client: the built one where there is one, else a page of our own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from litestar import Request, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from starlette.responses import Response

from api.context import ApiContext
from api.sent_file import send_file
from core.errors import NotFound

BUILT_IN: Final = Path(__file__).parent.parent / "static"
PLACEHOLDER: Final = "placeholder-image.svg"

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"
"""What a bundler names after its content never changes; everything else is to be asked for again."""


@route(["/", "/{path:path}"], http_method=["GET", "HEAD"], include_in_schema=False)
async def get_page(
    request: Request[None, None, State], context: NamedDependency[ApiContext], path: FromPath[str] = "/"
) -> Response:
    """A file of the client, or its page for every other path: the client knows what to show there."""
    folder = context.frontend_dir or BUILT_IN
    file = await asyncio.to_thread(_find, folder, path.strip("/"))
    caching = _FOR_EVER if file.is_relative_to(folder / "assets") else _ASK_FIRST
    return send_file(request, file, await asyncio.to_thread(file.stat), {"cache-control": caching})


def _find(folder: Path, path: str) -> Path:
    if "\0" not in path and not any(part.startswith(".") for part in path.split("/")):
        fallback = (BUILT_IN, PLACEHOLDER) if path == PLACEHOLDER else (folder, "index.html")
        for root, name in ((folder, path), fallback):
            file = root / name
            if file.is_file() and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root)):
                return file
    raise NotFound(f"There is nothing at /{path}.")
