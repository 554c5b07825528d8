"""Where does somebody read what the API can do? At ``/schema``, also where there is no way to the Internet.

The framework's pages load their programs from servers of others. Here they come from a package of this installation,
and of its kinds of pages the one is offered that can be served so.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from litestar import Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin, YamlRenderPlugin
from litestar.params import FromPath
from starlette.responses import FileResponse

from core import __version__
from core.errors import NotFound

_PACKAGE: Final = "flask-swagger-ui"
"""Carries Swagger UI as its makers build it; nothing of its own code is imported, nor is Flask needed."""

_FILES: Final = ("swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-ui.css", "favicon-32x32.png")

_CACHING: Final = "public, max-age=86400"
"""A day: the names stay when the package is renewed."""


class _OwnSwagger(SwaggerRenderPlugin):
    """Swagger UI from this server."""

    def __init__(self) -> None:
        script, preset, style, icon = (f"/schema/assets/{name}" for name in _FILES)
        super().__init__(
            js_url=script,
            standalone_preset_js_url=preset,
            css_url=style,
            favicon=f'<link rel="icon" type="image/png" href="{icon}">',
        )

    def receive_router(self, router: Router) -> None:
        """Adds what the page loads, and nothing for OAuth, which there is none of."""
        router.register(_get_asset)


@get("/assets/{name:str}", sync_to_thread=True)
def _get_asset(name: FromPath[str]) -> FileResponse:
    if name not in _FILES:
        raise NotFound(f"There is nothing at /schema/assets/{name}.")
    folder = Path(str(distribution(_PACKAGE).locate_file("flask_swagger_ui/dist")))
    return FileResponse(folder / name, headers={"cache-control": _CACHING}, stat_result=(folder / name).stat())


def described() -> OpenAPIConfig:
    """The description of the API, as a page at ``/schema`` and ``/schema/swagger``, and as JSON and YAML beside it."""
    return OpenAPIConfig(
        title="Pictallion",
        version=__version__,
        use_handler_docstrings=True,
        render_plugins=[_OwnSwagger(), YamlRenderPlugin()],
    )
