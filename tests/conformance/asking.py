"""How a route of the contract is asked, and what is remembered of the answers.

A page of the contract is a module of functions, one for each route, that take an :class:`Asker`: it calls the route for
success and for each error that the contract names, compares the answers field by field with a shape, and asserts what
must have changed elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.api.conftest import Library
from tests.conformance.shape import Shape, mismatches
from tests.conformance.shapes import ERROR

NOWHERE = "00000000-0000-4000-8000-000000000000"
"""The id of nothing."""

ROUTES = [line.rsplit(" ", 1)[0] for line in Path(__file__).with_name("routes.txt").read_text().splitlines()]
"""Every route of the contract, ``METHOD /path/{parameter}``."""

_CREATED = {
    "POST /api/settings",
    "POST /api/events",
    "POST /api/ai/prompts",
    "POST /api/locations",
    "POST /api/locations/from-coordinates",
}
_PARAMETER = re.compile(r"\{[a-z]+\}")


@dataclass
class Asker:
    """Asks one route of a library."""

    library: Library
    route: str
    shapes: int = 0
    errors: int = 0
    effects: int = 0
    problems: list[str] = field(default_factory=list)

    async def send(self, *parts: str, method: str | None = None, **options: Any) -> httpx.Response:
        """Calls the route with its parameters filled in, in their order."""
        own, path = self.route.split(" ")
        values = iter(parts)
        path = _PARAMETER.sub(lambda _: quote(next(values), safe="/"), path)
        return await self.library.http.request(method or own, path, **options)

    async def success(self, *parts: str, shape: Shape = None, status: int | None = None, **options: Any) -> Any:
        """Calls the route and compares the answer with the shape; returns its body."""
        expected = status or (201 if self.route in _CREATED else 200)
        answer = await self.send(*parts, **options)
        assert answer.status_code == expected, f"{self.route}: {answer.status_code} {answer.text[:500]}"
        self.shapes += 1
        if shape is None:
            return answer
        body = answer.json()
        self.problems += mismatches(body, shape)
        assert not self.problems, f"{self.route}: {self.problems}"
        return body

    async def error(self, status: int, *parts: str, shape: Shape = ERROR, **options: Any) -> Any:
        """Calls the route in a way that cannot be answered and compares what is said of it."""
        answer = await self.send(*parts, **options)
        assert answer.status_code == status, f"{self.route}: {answer.status_code} {answer.text[:500]}"
        found = mismatches(answer.json(), shape)
        assert not found, f"{self.route}: {found}"
        self.errors += 1
        return answer.json()

    def effect(self, holds: bool, what: str) -> None:
        """Something that must be so on the next read."""
        assert holds, f"{self.route}: {what}"
        self.effects += 1

    async def get(self, path: str, **query: Any) -> Any:
        """What another route answers now."""
        answer = await self.library.http.get(path, params=query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    async def actions(self, photo_id: str) -> list[str]:
        """The actions in the history of a photo, newest first."""
        return [row["action"] for row in await self.get(f"/api/photos/{photo_id}/history")]


Asking = Callable[[Asker], Awaitable[None]]


@dataclass
class Page:
    """The routes of one page of the contract, by name."""

    asked: dict[str, Asking] = field(default_factory=dict)

    def route(self, name: str) -> Callable[[Asking], Asking]:
        """Says that a function asks this route."""
        assert name in ROUTES, f"the contract has no {name}"
        assert name not in self.asked, f"{name} is asked twice"

        def register(asking: Asking) -> Asking:
            self.asked[name] = asking
            return asking

        return register
