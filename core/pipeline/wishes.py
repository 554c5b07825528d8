"""What has the owner set that a new Silver photo follows: how it is named, and which days are events."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from core.ai.builtin import NAME as BUILTIN
from core.ai.provider import DetectedEvent
from core.db.tables import Setting
from core.events.detect import Match, best, detected
from core.events.store import calendar_with
from core.media.facts import CaptureSource, CaptureTime
from core.pipeline.workbench import Workbench
from core.settings.keys import CUSTOM_NAMING, ENABLED_HOLIDAYS, SILVER_NAMING

# built once: it is asked for every photo
_CHOSEN = select(Setting.key, Setting.value).where(Setting.key.in_((SILVER_NAMING, CUSTOM_NAMING, ENABLED_HOLIDAYS)))


class Wishes(msgspec.Struct, frozen=True):
    """``naming`` is a built-in pattern's id, a pattern, or ``custom``, which stands for ``custom_naming``.

    ``event`` is what the day the photo was taken is, if it is anything for sure. ``is_for_model`` is whether a language
    model is to describe it.
    """

    naming: str
    custom_naming: str
    event: Match | None
    is_for_model: bool

    @property
    def occasion(self) -> DetectedEvent | None:
        """The event, as providers of descriptions are told of it."""
        if self.event is None:
            return None
        return DetectedEvent(self.event.event_type, self.event.event_name, self.event.confidence / 100)


async def wishes(bench: Workbench, captured: CaptureTime) -> Wishes:
    """The wishes that hold now; the configuration file names files until somebody chooses in the client."""
    # the day on which a file came says nothing of the day on which it was made
    is_dated = captured.source is not CaptureSource.INGESTED
    async with bench.database.read() as connection:
        chosen = {row.key: row.value for row in await connection.execute(_CHOSEN)}
        known = await calendar_with(connection, chosen.get(ENABLED_HOLIDAYS)) if is_dated else None
    event = best(await detected(captured.local.date(), known)) if known is not None else None
    is_for_model = any(provider.name != BUILTIN for provider in await bench.providers.chosen())
    return Wishes(chosen.get(SILVER_NAMING) or bench.naming, chosen.get(CUSTOM_NAMING, ""), event, is_for_model)
