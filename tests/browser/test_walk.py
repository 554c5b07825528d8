"""A person with a browser logs in, sees photos, reads what the API can do and tries it; there is no Internet."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from api.context import AccessRules
from core.access import Scope, create_token
from core.db.engine import Database
from core.library.layout import Layout
from tests.api.conftest import FIXTURES, Library, open_library, prepared_cache, with_cache
from tests.browser.chromium import Page, browse, installed
from tests.conformance.asking import ROUTES

__all__ = ["prepared_cache", "with_cache"]

CHROMIUM = installed()

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="there is no Chromium on this machine; on Debian: apt-get install chromium-headless-shell",
)

LISTED = """[...document.querySelectorAll('.opblock-summary')].map(each =>
  each.querySelector('.opblock-summary-method').textContent + ' ' +
  each.querySelector('[data-path]').dataset.path)"""
"""What the page for the API shows at present: it makes only those operations that are in sight."""

RECENT = '.opblock:has([data-path="/api/photos/recent"])'
"""One operation of it."""

SCROLLED = """new Promise(resolve => {
  const before = scrollY; scrollBy(0, 400);
  setTimeout(() => requestAnimationFrame(() => resolve(scrollY > before)), 50)})"""
"""Goes on by less than what is in sight; whether there was more."""


@pytest.fixture
async def guarded(
    sqlite_database: Database, tmp_path: Path, with_cache: Callable[[Layout], None]
) -> AsyncIterator[Library]:
    """A library behind a login, with one photo."""
    rules = AccessRules(needs_token=True, hosts=None, own_secret="pict_own")
    async with open_library(sqlite_database, tmp_path / "data", access=rules) as opened:
        with_cache(opened.bench.layout)
        photo = ("files", ("astronaut.jpg", (FIXTURES / "astronaut.jpg").read_bytes()))
        answer = await opened.http.post("/api/upload", files=[photo], headers={"Authorization": "Bearer pict_own"})
        assert answer.json()["results"][0]["status"] == "success"
        yield opened


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    assert CHROMIUM is not None
    async with browse(CHROMIUM, tmp_path / "profile") as opened:
        yield opened


async def _log_in(page: Page, secret: str) -> None:
    await page.wait_for("document.activeElement.id == 'token'")
    await page.write(secret)
    await page.click("button")


def _foreign(page: Page, address: str) -> list[str]:
    return [each for each in page.asked if not each.startswith((address, "data:", "about:", "blob:"))]


async def test_a_person_logs_in_and_sees_the_photos(guarded: Library, page: Page) -> None:
    async with guarded.bench.database.write() as connection:
        secret = await create_token(connection, "browser", Scope.READ)
    address = str(guarded.http.base_url)
    await page.go(f"{address}/gallery")
    await page.wait_for("location.pathname == '/login'")
    await _log_in(page, "pict_wrong")
    await page.wait_for("document.querySelector('[role=alert]')")
    assert "no token" in await page.value("document.querySelector('[role=alert]').textContent")
    page.errors.clear()  # that it was refused is shown in red

    await _log_in(page, secret)
    await page.wait_for("location.pathname == '/gallery' && document.querySelector('#photos img')?.naturalWidth == 250")
    assert await page.value("document.querySelectorAll('#photos img').length") == 1
    assert await page.value("fetch('/api/photos').then(answer => answer.json()).then(photos => photos.length)") == 1
    assert await page.value("document.cookie") == "", "no script may read it"
    (cookie,) = (await page.call("Network.getCookies"))["cookies"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert secret not in cookie["value"]
    assert page.errors == []
    assert _foreign(page, address) == []

    rating = "fetch('/api/photos/x/rating', {method: 'PATCH', body: '{}'}).then(answer => answer.status)"
    assert await page.value(rating) == 403, "the token may only read"
    assert await page.value("fetch('/logout', {method: 'POST'}).then(answer => answer.url)") == f"{address}/login"
    assert await page.value("fetch('/api/photos').then(answer => answer.status)") == 401
    await page.go(f"{address}/gallery")
    await page.wait_for("location.pathname == '/login'")


async def test_a_person_reads_what_the_api_can_do_and_tries_it(guarded: Library, page: Page) -> None:
    async with guarded.bench.database.write() as connection:
        secret = await create_token(connection, "browser", Scope.READ)
    address = str(guarded.http.base_url)
    await page.go(f"{address}/schema/swagger")
    await _log_in(page, secret)
    await page.wait_for("document.querySelector('.opblock')")
    document = (await guarded.http.get("/schema/openapi.json", headers={"Authorization": f"Bearer {secret}"})).json()
    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    listed: set[str] = set()
    while await page.value(SCROLLED):
        listed |= set(await page.value(LISTED))
    assert listed == described
    assert [route for route in ROUTES if not _is_described(route, listed)] == ["GET /"], (
        "153 with the client's own page"
    )

    await page.value("scrollTo(0, 0)")
    for button in ("opblock-summary", "try-out__btn", "execute"):
        await page.wait_for(f"document.querySelector('{RECENT} .{button}')")
        await page.click(f"{RECENT} .{button}")
    told = f"document.querySelector('{RECENT} .live-responses-table .response-col_status:not(.col_header)')"
    await page.wait_for(f"{told}?.textContent.startsWith('200')")
    assert "astronaut.jpg" in await page.value(f"document.querySelector('{RECENT}').textContent")
    assert page.errors == []
    assert _foreign(page, address) == []


def _is_described(route: str, listed: set[str]) -> bool:
    """Whether one of the operations answers a route of the contract, whatever its parameters are called there."""
    filled = re.sub(r"{\w+}", "x", route)
    return any(re.fullmatch(_pattern(operation), filled) for operation in listed)


def _pattern(operation: str) -> str:
    parts = re.split(r"{\w+}", operation)
    return (".+" if "/files/" in operation else "[^/]+").join(map(re.escape, parts))
