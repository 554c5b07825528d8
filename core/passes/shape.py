"""The one shape that all passes have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.config import Settings
from core.pipeline.workbench import Workbench

#: How long a slice should take at most: so long does it keep others waiting, and so much is done again after a power
#: cut. [s]
SLICE_SECONDS = 5.0


class Progress(msgspec.Struct, frozen=True):
    """How far a run has come; all of it can be written as JSON.

    ``checkpoint`` is where the next slice begins and means something to its pass only. ``done`` of ``total`` units are
    done; ``total`` is ``None`` where nobody knows. ``report`` is what is told of the run in the end, and grows with it.
    """

    checkpoint: dict[str, Any] = {}
    done: int = 0
    total: int | None = None
    is_over: bool = False
    report: dict[str, Any] = {}


@dataclass(frozen=True)
class Tools:
    """What a pass works with. With ``is_dry`` it looks and counts and changes nothing.

    ``config_file`` is where the settings were read, ``None`` where there is no such file.
    """

    bench: Workbench
    settings: Settings
    config_file: Path | None = None
    is_dry: bool = False


Begin = Callable[[Tools], Awaitable[Progress]]
Step = Callable[[Tools, Progress], Awaitable[Progress]]


@dataclass(frozen=True)
class Pass:
    """Something that is done over the whole library, again and again, a slice at a time.

    ``title`` says what it does, for a person. ``begin`` looks how much there is to do. ``step`` does the next slice, of
    some seconds (:data:`SLICE_SECONDS`), and returns how far that is; it may be given a progress for the second time,
    when the power failed before what it returned was written down, and does no harm then. What a person has decided it
    leaves alone. Whatever either of them raises ends the run as failed; one of :mod:`core.errors` is told as it is.

    ``every`` is how often the pass runs by itself in seconds, unless ``[night]`` says otherwise. ``limit`` is there for
    a pass that need not come to its end: how many seconds one run of it works at most. It ends after the slice in which
    that is over, as done; what it did not come to has to be first in the next run. ``asked_is_extra``: a run that a
    person asks for does not stand for the one that is due.
    """

    name: str
    title: str
    begin: Begin
    step: Step
    every: float = 86400.0
    limit: Callable[[Settings], float] | None = None
    asked_is_extra: bool = False
