"""Looks through the library for trips, outings and parties, and proposes them."""

from __future__ import annotations

from typing import Final

import msgspec

from core.occasions.proposing import propose_occasions
from core.passes.shape import Pass, Progress, Tools


async def begin(tools: Tools) -> Progress:
    """There is one slice: what belongs together is told by all photos together."""
    return Progress({"begun": True}, 0, 1)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Proposes what the photos tell; done again, it changes nothing."""
    proposals = await propose_occasions(tools.bench, is_dry=tools.is_dry)
    return Progress(progress.checkpoint, 1, 1, True, msgspec.to_builtins(proposals))


EVENTS: Final = Pass("events", "Finds trips, outings and parties", begin, step)
