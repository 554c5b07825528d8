"""A suspicion that is looked into a second time: what a running daemon was just about to do is no finding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

#: How often a suspicion is looked into, and how long is waited between two looks. [s]
LOOKS = 4
PAUSE = 1.0

Check = Callable[[Sequence[T]], Awaitable[list[T]]]
"""Takes suspects and returns those that still are."""


async def confirmed(suspects: Sequence[T], check: Check[T], *, is_busy: bool) -> list[T]:
    """The suspects that stay suspect. ``is_busy``: somebody works on the library, so that waiting may explain them."""
    left = list(suspects)
    for _ in range(LOOKS if is_busy else 1):
        if not left:
            return []
        if is_busy:
            await asyncio.sleep(PAUSE)
        left = await check(left)
    return left
