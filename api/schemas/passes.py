"""The passes of the night."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from core.config.quantities import LONGEST_DURATION


class QueuedPass(Struct, rename="camel"):
    """A pass that runs now or waits for its turn. ``state`` is ``running`` or ``waiting``."""

    name: str
    dry_run: bool
    asked: bool
    state: str


class PassRequest(Struct, rename="camel", forbid_unknown_fields=True):
    """With ``dryRun`` the pass looks what there would be to do, and changes nothing.

    ``timeLimit`` is how many seconds it may work; of the passes only ``verify`` takes one.
    """

    dry_run: bool = False
    time_limit: Annotated[float, Meta(ge=0, le=LONGEST_DURATION)] | None = None


class PassAccepted(Struct, rename="camel"):
    """The pass that was asked for. ``isNew`` is ``false`` where it was running or waiting already, as dry as this."""

    name: str
    is_new: bool


class PassCancelled(Struct):
    """The pass that ends after the slice in hand."""

    name: str
