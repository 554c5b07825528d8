"""The passes of the night."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class PassRun(Struct, rename="camel"):
    """A run of a pass.

    ``state`` is ``running``, ``interrupted`` (it goes on later), ``done``, ``failed`` or ``cancelled``, and ``reason``
    says why so. ``done`` of ``total`` units are done; ``total`` is ``null`` where nobody knows. It has worked
    ``seconds`` so far, and ``secondsLeft`` are left at that pace. ``report`` is what it did, in the words of its pass.
    """

    id: int
    name: str
    state: str
    asked: bool
    dry_run: bool
    done: int
    total: int | None
    seconds: float
    seconds_left: float | None
    reason: str | None
    report: dict[str, Any]
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class KnownPass(Struct, rename="camel"):
    """A pass. ``every`` is how often it runs by itself, in seconds; ``null`` if it does not.

    ``waiting``: it runs when those before it are over. ``lastRun`` is the run that goes on, or else the last one.
    """

    name: str
    title: str
    every: float | None
    waiting: bool
    last_success: datetime | None
    last_run: PassRun | None


class QueuedPass(Struct, rename="camel"):
    """A run that a pass is in hand with, or that waits. ``state`` is ``running`` or ``waiting``."""

    name: str
    dry_run: bool
    asked: bool
    state: str


class PassRequest(Struct, rename="camel", forbid_unknown_fields=True):
    """With ``dryRun`` the pass looks what there would be to do, and changes nothing."""

    dry_run: bool = False


class PassAccepted(Struct, rename="camel"):
    """The pass that was asked for. ``isNew`` is ``false`` where it was running or waiting already, as dry as this."""

    name: str
    is_new: bool


class PassCancelled(Struct):
    """The pass that ends after the slice in hand."""

    name: str
