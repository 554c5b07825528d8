"""The description of the API comes from this server in every part; ``tests/browser`` looks at it with a browser."""

from __future__ import annotations

import re

import pytest

from tests.api.conftest import Library


@pytest.mark.parametrize("path", ["/schema", "/schema/swagger"])
async def test_the_page_loads_nothing_from_elsewhere(sqlite_library: Library, path: str) -> None:
    page = (await sqlite_library.http.get(path)).text
    loaded = re.findall(r"(?:src|href)=['\"]([^'\"]+)", page.partition("</head>")[0])
    assert len(loaded) == 4
    for each in loaded:
        assert each.startswith("/schema/assets/")
        answer = await sqlite_library.http.get(each)
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] in ("text/css", "text/javascript", "image/png")


@pytest.mark.parametrize("name", ["index.html", "%2e%2e%2fflask_swagger_ui.py", "swagger-ui.js", "LICENSE"])
async def test_nothing_else_of_the_package_is_served(sqlite_library: Library, name: str) -> None:
    assert (await sqlite_library.http.get(f"/schema/assets/{name}")).status_code == 404
