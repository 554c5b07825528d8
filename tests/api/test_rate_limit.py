"""How much one address may ask: enough for every page of the client, and never so much that others wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.context import AccessRules
from core.db.engine import Database
from core.rate_limit import LOOPBACK, MOST_ADDRESSES, RateLimit
from tests.api.conftest import Library, open_library


@pytest.fixture
async def limited(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Library]:
    """A library where each address but this machine's may ask three times a minute."""
    rules = AccessRules(requests_per_minute=3, unlimited=(*LOOPBACK, "192.168.7.0/24"))
    async with open_library(sqlite_database, tmp_path / "data", access=rules) as opened:
        yield opened


def coming_from(address: str) -> dict[str, str]:
    """What a proxy on this machine says of a client; the server takes its word for it."""
    return {"X-Forwarded-For": address}


async def test_who_asks_too_much_is_told_when_to_try_again(limited: Library) -> None:
    stranger = coming_from("203.0.113.9")
    for path in ("/api/stats", "/login", "/"):
        assert (await limited.http.get(path, headers=stranger)).status_code == 200
    for method, path in (("GET", "/api/stats"), ("GET", "/"), ("POST", "/api/upload"), ("POST", "/login")):
        answer = await limited.http.request(method, path, headers=stranger)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert answer.json()["message"] == answer.json()["error"]
        assert "requests_per_minute" in answer.json()["message"]


async def test_others_are_not_kept_waiting_by_one_who_asks_too_much(limited: Library) -> None:
    for address, most in (("203.0.113.9", 3), ("203.0.113.10", 3), ("192.168.7.4", 9), ("127.0.0.1", 9)):
        answers = [(await limited.http.get("/api/stats", headers=coming_from(address))).status_code for _ in range(9)]
        assert answers == [200] * most + [429] * (9 - most), address
    assert (await limited.http.get("/api/stats")).status_code == 200


async def test_a_page_of_twenty_thousand_thumbnails_is_shown_at_once() -> None:
    limit = RateLimit()
    assert not any(limit.wait_seconds("192.168.1.5", now=0.0) for _ in range(20_000))


async def test_addresses_are_not_remembered_for_ever() -> None:
    limit = RateLimit(per_minute=1)
    for number in range(MOST_ADDRESSES + 1):
        assert limit.wait_seconds(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", now=0.0) == 0
    assert len(limit) == MOST_ADDRESSES


async def test_a_household_is_one_address_of_ipv6() -> None:
    limit = RateLimit(per_minute=2)
    assert [limit.wait_seconds(f"2001:db8:1:2::{number}", now=0.0) > 0 for number in range(4)] == [
        False,
        False,
        True,
        True,
    ]
    assert limit.wait_seconds("2001:db8:1:3::1", now=0.0) == 0


async def test_an_address_of_ipv4_is_known_in_its_ipv6_form() -> None:
    limit = RateLimit(per_minute=1, exempt=LOOPBACK)
    assert not any(limit.wait_seconds("::ffff:127.0.0.1", now=0.0) for _ in range(9))
    assert not any(limit.wait_seconds("::1", now=0.0) for _ in range(9))


async def test_no_limit_is_no_limit() -> None:
    limit = RateLimit(per_minute=0)
    assert not any(limit.wait_seconds("203.0.113.9", now=0.0) for _ in range(100))


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_allowed_and_who_waits_as_told_may_ask(per_minute: int, pauses: list[float]) -> None:
    limit, now, allowed = RateLimit(per_minute), 0.0, 0
    for pause in pauses:
        now += pause
        wait = limit.wait_seconds("a", now)
        allowed += wait == 0
        if wait:
            assert wait <= 60 / per_minute
            now += wait + 1e-6
            assert limit.wait_seconds("a", now) == 0
            allowed += 1
    assert allowed <= per_minute + now * per_minute / 60 + 1
