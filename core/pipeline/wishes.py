"""What has the owner set that a new Silver photo follows: how it is named, and which days are occasions."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from core.db.tables import Setting
from core.events.detect import Match, best, detect
from core.events.store import occasions
from core.media.facts import CaptureSource, CaptureTime
from core.pipeline.workbench import Workbench
from core.settings.keys import CUSTOM_NAMING, SILVER_NAMING


class Wishes(msgspec.Struct, frozen=True):
    """``naming`` is a built-in pattern's id, a pattern, or ``custom``, which stands for ``custom_naming``.

    ``event`` is what the day the photo was taken is, if it is anything for sure.
    """

    naming: str
    custom_naming: str
    event: Match | None


async def wishes(bench: Workbench, captured: CaptureTime) -> Wishes:
    """The wishes that hold now; the configuration file names files until somebody chooses in the client."""
    async with bench.database.read() as connection:
        statement = select(Setting.key, Setting.value).where(Setting.key.in_((SILVER_NAMING, CUSTOM_NAMING)))
        chosen = {row.key: row.value for row in await connection.execute(statement)}
        known = await occasions(connection)
    # the day on which a file came says nothing of the day on which it was made
    is_dated = captured.source is not CaptureSource.INGESTED
    event = best(detect(captured.local.date(), known)) if is_dated else None
    return Wishes(chosen.get(SILVER_NAMING) or bench.naming, chosen.get(CUSTOM_NAMING, ""), event)
