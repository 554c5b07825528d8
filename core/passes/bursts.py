"""Looks through the library for bursts, and how many of them nobody has chosen from yet.

It keeps none of them: a burst is told by its pictures whenever somebody asks, and what was decided lies with these.
"""

from __future__ import annotations

from typing import Final

import msgspec

from core.bursts.deciding import outlook
from core.passes.shape import Pass, Progress, Tools


async def begin(tools: Tools) -> Progress:
    """There is one slice: what belongs together is told by all pictures together."""
    return Progress({"begun": True}, 0, 1)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Counts; done again, it counts again."""
    return Progress(progress.checkpoint, 1, 1, True, msgspec.to_builtins(await outlook(tools.bench.database)))


BURSTS: Final = Pass("bursts", "Finds bursts, and which of them wait for a choice", begin, step)
