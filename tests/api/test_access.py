"""Who gets in: tokens and their scopes, the login of browsers, names and pages of strangers, guessing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api.context import AccessRules
from core.access import Scope, create_token, revoke_token
from core.access.failures import FAILURES, WINDOW_SECONDS, FailureLimit
from core.db.engine import Database
from core.db.tables import ApiSession, ApiToken
from core.errors import TokenExists
from tests.api.conftest import FIXTURES, Library, open_library

pytestmark = pytest.mark.asyncio

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def guarded(database: Database, tmp_path: Path) -> AsyncIterator[Library]:
    """A library that asks for tokens, on each kind of database."""
    rules = AccessRules(needs_token=True, hosts=None, own_secret="pict_own")
    async with open_library(database, tmp_path / "data", access=rules) as opened:
        yield opened


@pytest.fixture
async def private(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Library]:
    """A library as it is by default: no token, but only for this machine."""
    rules = AccessRules(hosts=frozenset({"photos.example"}), origins=frozenset({"http://other.example"}))
    async with open_library(sqlite_database, tmp_path / "data", access=rules) as opened:
        yield opened


async def token(library: Library, scope: Scope, name: str | None = None) -> dict[str, str]:
    async with library.bench.database.write() as connection:
        secret = await create_token(connection, name or scope.label, scope)
    return {"Authorization": f"Bearer {secret}"}


async def test_without_a_token_nothing_is_told_but_that_the_server_is_well(guarded: Library) -> None:
    assert (await guarded.http.get("/api/health")).status_code == 200
    for path in ("/api/photos", "/api/stats", "/api/files/media/silver/x.jpg", "/schema/openapi.json"):
        answer = await guarded.http.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = await guarded.http.get("/api/photos")
    assert "token" in answer.json()["message"]


async def test_each_scope_includes_the_ones_before_it(guarded: Library) -> None:
    photo = (await guarded.add_photo("silver"))["silver"]
    expected = {Scope.READ: (200, 403, 403), Scope.WRITE: (200, 200, 403), Scope.ADMIN: (200, 200, 202)}
    for scope, statuses in expected.items():
        headers = await token(guarded, scope)
        answers = (
            await guarded.http.get("/api/photos", headers=headers),
            await guarded.http.patch(f"/api/photos/{photo}/rating", json={"rating": 3}, headers=headers),
            await guarded.http.post("/api/daemon/scan", json={}, headers=headers),
        )
        assert tuple(answer.status_code for answer in answers) == statuses, scope
    refused = await guarded.http.post("/api/daemon/scan", headers=await token(guarded, Scope.READ, "other"))
    assert "may read; this needs one that may admin" in refused.json()["message"]


async def test_the_secret_of_the_daemons_own_commands_may_everything(guarded: Library) -> None:
    answer = await guarded.http.post("/api/daemon/scan", json={}, headers={"Authorization": "Bearer pict_own"})
    assert answer.status_code == 202


async def test_only_the_hash_of_a_token_is_stored_and_a_name_is_used_once(database: Database) -> None:
    async with database.write() as connection:
        secret = await create_token(connection, "phone", Scope.READ)
        with pytest.raises(TokenExists, match="phone"):
            await create_token(connection, "phone", Scope.ADMIN)
        (row,) = await connection.execute(select(ApiToken))
    assert secret not in str(row)
    assert len(secret) > 40


async def test_a_browser_is_sent_to_the_login_and_back_to_where_it_wanted(guarded: Library) -> None:
    secret = (await token(guarded, Scope.WRITE))["Authorization"].removeprefix("Bearer ")
    sent = await guarded.http.get("/gallery", headers=PAGE)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fgallery")
    page = await guarded.http.get(sent.headers["location"])
    assert 'name="next" type="hidden" value="/gallery"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    entered = await guarded.http.post("/login", data={"token": f" {secret} ", "next": "/gallery"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/gallery")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert secret not in cookie
    assert (await guarded.http.get("/gallery", headers=PAGE)).status_code == 200
    assert (await guarded.http.get("/api/photos")).status_code == 200
    assert (await guarded.http.post("/logout")).status_code == 303
    assert (await guarded.http.get("/api/photos")).status_code == 401


async def test_the_way_back_from_the_login_has_its_question(guarded: Library) -> None:
    sent = await guarded.http.get("/gallery/Caf%C3%A9?tier=gold&q=a%26b", headers=PAGE)
    assert sent.headers["location"] == "/login?next=%2Fgallery%2FCaf%25C3%25A9%3Ftier%3Dgold%26q%3Da%2526b"
    page = await guarded.http.get(sent.headers["location"])
    assert 'value="/gallery/Caf%C3%A9?tier=gold&amp;q=a%26b"' in page.text


async def test_files_that_need_a_token_are_kept_by_nobody_on_the_way(guarded: Library) -> None:
    asset = await guarded.add_asset()
    path, sha256 = "media/silver/2024/07/a.jpg", "ab" * 32
    await guarded.add_version(asset, "silver", file_path=path, sha256=sha256)
    guarded.add_file(path, (FIXTURES / "astronaut.jpg").read_bytes())
    guarded.add_file(f"thumbnails/ab/{sha256}-250.jpeg", b"jpeg")
    guarded.add_file("temp/face_crop_1.jpg", b"face")
    headers = await token(guarded, Scope.READ)
    for asked, age in (
        (path, 86400),
        (f"{path}?w=250&quality=low", 604800),
        (f"{path}?crop=10,10,50,50&face=true", 604800),
        (f"thumbnails/{sha256}-250.jpeg", 2592000),
        ("temp/face_crop_1.jpg", 86400),
        ("download/silver/2024/07/a.jpg", 86400),
    ):
        answer = await guarded.http.get(f"/api/files/{asked}", headers=headers)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, f"private, max-age={age}"), asked
        again = await guarded.http.get(
            f"/api/files/{asked}", headers=headers | {"if-none-match": answer.headers["etag"]}
        )
        assert again.headers["cache-control"] == answer.headers["cache-control"]


async def test_a_session_ends_with_its_token(guarded: Library) -> None:
    secret = (await token(guarded, Scope.WRITE, "phone"))["Authorization"].removeprefix("Bearer ")
    await guarded.http.post("/login", data={"token": secret})
    async with guarded.bench.database.write() as connection:
        assert await revoke_token(connection, "phone")
        assert not await revoke_token(connection, "phone")
        assert list(await connection.execute(select(ApiSession))) == []
    assert (await guarded.http.get("/api/photos")).status_code == 401


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nX: y", "javascript:alert(1)", ""]
)
async def test_the_login_leads_to_no_other_server(guarded: Library, target: str) -> None:
    secret = (await token(guarded, Scope.READ))["Authorization"].removeprefix("Bearer ")
    entered = await guarded.http.post("/login", data={"token": secret, "next": target})
    assert entered.headers["location"] == "/"


async def test_what_is_wrong_with_a_login_is_shown_and_never_run(guarded: Library) -> None:
    script = '"><script>alert(1)</script>'
    answer = await guarded.http.post("/login", data={"token": script, "next": f"/{script}"})
    assert answer.status_code == 401
    assert "That is no token" in answer.text
    assert "<script>" not in answer.text
    assert "<script>" not in (await guarded.http.get("/login", params={"next": f"/{script}"})).text


async def test_guessing_is_stopped(guarded: Library) -> None:
    for number in range(FAILURES):
        wrong = {"Authorization": f"Bearer pict_{number}"}
        assert (await guarded.http.get("/api/photos", headers=wrong)).status_code == 401
    stopped = await guarded.http.post("/login", data={"token": "pict_x"})
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) <= WINDOW_SECONDS + 1
    right = await token(guarded, Scope.READ)
    assert (await guarded.http.get("/api/photos", headers=right)).status_code == 429


async def test_who_waited_may_try_again_and_others_are_not_kept_waiting() -> None:
    limit = FailureLimit()
    for number in range(FAILURES):
        assert limit.wait_seconds("a", number) == 0
        limit.failed("a", number)
    assert limit.wait_seconds("a", FAILURES) == WINDOW_SECONDS - FAILURES
    assert limit.wait_seconds("b", FAILURES) == 0
    assert limit.wait_seconds("a", WINDOW_SECONDS) == 0


@pytest.mark.parametrize(
    "host, is_ours",
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:8000", True),
        ("192.168.1.5", True),
        ("photos.example:443", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
async def test_a_name_that_a_stranger_has_given_us_is_not_answered(private: Library, host: str, is_ours: bool) -> None:
    answer = await private.http.get("/api/stats", headers={"Host": host})
    assert (answer.status_code == 200) is is_ours, answer.text
    if not is_ours:
        assert answer.status_code in (400, 403)


async def test_a_strangers_page_may_change_nothing(private: Library) -> None:
    photo = (await private.add_photo("silver"))["silver"]
    own = str(private.http.base_url).rstrip("/")
    for origin, status in (
        (own, 200),
        ("http://other.example", 200),
        ("http://evil.example", 403),
        ("null", 403),
        (None, 200),
    ):
        headers = {"Origin": origin} if origin else {}
        path = f"/api/photos/{photo}/rating"
        answer = await private.http.patch(path, json={"rating": 1}, headers=headers)
        assert answer.status_code == status, origin
    upload = [("files", ("a.jpg", b"x", "image/jpeg"))]
    answer = await private.http.post("/api/upload", files=upload, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert httpx.URL(own).host == "127.0.0.1"


async def test_a_strangers_page_is_told_in_one_shape_that_it_may_not(private: Library) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "content-type"}
    own = await private.http.options("/api/photos", headers=asked | {"Origin": "http://other.example"})
    assert (own.status_code, own.headers["access-control-allow-origin"]) == (204, "http://other.example")
    refused = await private.http.options("/api/photos", headers=asked | {"Origin": "http://evil.example"})
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/json"
    assert "http://evil.example" in refused.json()["message"] == refused.json()["error"]
    assert "access-control-allow-origin" not in refused.headers
    assert refused.headers["vary"] == "Origin"
