"""Do the chosen language models answer? One short question each, and nothing of the library is told to anybody."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Callable
from typing import Final

from core.outgoing import get, problem_with

FRESH_SECONDS: Final = 30.0
"""How long what was found holds: watchers ask for the health of a program every ten to sixty seconds."""

PATIENCE_SECONDS: Final = 5.0
"""The contract's limit for asking Ollama."""

FIRST_SECONDS: Final = 0.15
"""How long the first who asks for what is remembered is kept waiting. A server of the own network answers within it."""


async def ollama_answers(base_url: str) -> bool:
    """Whether Ollama lists its models at ``base_url``."""
    return await _answers(f"{base_url.rstrip('/')}/api/tags", {})


async def openai_takes(key: str, base_url: str) -> bool:
    """Whether the service takes this key."""
    return await _answers(f"{base_url.rstrip('/')}/models", {"Authorization": f"Bearer {key}"})


async def _answers(url: str, headers: dict[str, str]) -> bool:
    if problem_with(url) is not None:
        return False
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.to_thread(_ask, url, headers)
    except TimeoutError:
        return False


def _ask(url: str, headers: dict[str, str]) -> bool:
    try:
        get(url, {"User-Agent": "Pictallion"} | headers, timeout=PATIENCE_SECONDS, most=1)
    except (OSError, http.client.HTTPException, ValueError):
        return False
    return True


class Reachable:
    """Does Ollama answer? Told at once to whoever asks, however often: what was found last, found anew now and then.

    One server is looked after at a time, the one that was asked for last. ``clock`` tells seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._base_url: str | None = None
        self._found: bool | None = None
        self._until = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def ollama(self, base_url: str) -> bool:
        """Whether it answered at ``base_url`` when it was asked last; ``False`` as long as nobody knows."""
        if base_url != self._base_url:
            self._base_url, self._found, self._asking = base_url, None, None
        if self._asking is None and (self._found is None or self._clock() >= self._until):
            self._asking = asyncio.create_task(self._ask(base_url))
        if self._found is None and self._asking is not None:
            await asyncio.wait((self._asking,), timeout=FIRST_SECONDS)
        return self._found is True

    def forget(self) -> None:
        """Somebody says that it is another by now."""
        self._base_url = None

    async def _ask(self, base_url: str) -> None:
        found = await ollama_answers(base_url)
        if self._asking is asyncio.current_task():
            self._found, self._until, self._asking = found, self._clock() + FRESH_SECONDS, None
