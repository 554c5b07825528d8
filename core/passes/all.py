"""Every pass there is, in the order of a night: a new one is a module and a line here."""

from __future__ import annotations

from typing import Final

from core.passes.backlog import BACKLOG
from core.passes.backup import BACKUP
from core.passes.bursts import BURSTS
from core.passes.digest import DIGEST
from core.passes.duplicates import DUPLICATES
from core.passes.events import EVENTS
from core.passes.people import PEOPLE
from core.passes.shape import Pass
from core.passes.thumbnails import THUMBNAILS
from core.passes.verify import VERIFY

PASSES: Final[tuple[Pass, ...]] = (
    BACKUP,
    VERIFY,
    EVENTS,
    BURSTS,
    DUPLICATES,
    PEOPLE,
    BACKLOG,
    THUMBNAILS,
    DIGEST,
)
