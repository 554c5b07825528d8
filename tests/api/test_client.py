"""The pages beside the API."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.db.engine import Database
from tests.api.conftest import Library, open_library

pytestmark = pytest.mark.asyncio


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>the client</p>")
    (folder / "assets/app-1a2b.js").write_text("let a = 1")
    (folder / ".env").write_text("xyzzy")
    (tmp_path / "secret.txt").write_text("xyzzy")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def test_without_a_built_client_there_is_a_page_of_our_own(sqlite_library: Library) -> None:
    answer = await sqlite_library.http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert (await sqlite_library.http.head("/")).status_code == 200
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)


@pytest.mark.parametrize("path", ["/", "/gallery", "/silver-review", "/apis", "/no/such.file"])
async def test_every_path_that_is_no_file_gets_the_clients_page(
    sqlite_database: Database, frontend: Path, tmp_path: Path, path: str
) -> None:
    async with open_library(sqlite_database, tmp_path / "data", frontend) as library:
        answer = await library.http.get(path)
    assert answer.status_code == 200
    assert answer.text == "<p>the client</p>"
    assert answer.headers["cache-control"] == "no-cache"


async def test_files_of_the_client_are_served_and_its_assets_kept_for_ever(
    sqlite_database: Database, frontend: Path, tmp_path: Path
) -> None:
    async with open_library(sqlite_database, tmp_path / "data", frontend) as library:
        answer = await library.http.get("/assets/app-1a2b.js")
        again = await library.http.get("/assets/app-1a2b.js", headers={"if-none-match": answer.headers["etag"]})
    assert answer.text == "let a = 1"
    assert "javascript" in answer.headers["content-type"]
    assert "immutable" in answer.headers["cache-control"]
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/.env", "/link.txt", "/%2e%2e/secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt"])
async def test_nothing_but_the_clients_own_files_is_served(
    sqlite_database: Database, frontend: Path, tmp_path: Path, path: str
) -> None:
    async with open_library(sqlite_database, tmp_path / "data", frontend) as library:
        answer = await library.http.get(path)
    assert "xyzzy" not in answer.text


async def test_the_placeholder_is_there_with_and_without_a_client(
    sqlite_database: Database, frontend: Path, tmp_path: Path
) -> None:
    for folder in (None, frontend):
        async with open_library(sqlite_database, tmp_path / "data", folder) as library:
            answer = await library.http.get("/placeholder-image.svg")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert "<svg" in answer.text
