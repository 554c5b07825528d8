"""Drop zones: a duplicate that an attempt took away, and was cut off before it could say so.

The entry learns the content first. While an entry has a content and no asset, and waits for its turn, its file is gone
because it was taken away; a file that is seen anew loses the note.
"""

from __future__ import annotations

from sqlalchemy import select, update

from core.db.tables import FileVersion, LedgerEntry, utc_now
from core.errors import DuplicateContent
from core.library.layout import Tier
from core.pipeline.roots import Mode
from core.pipeline.sighted import Known
from core.pipeline.states import State
from core.pipeline.workbench import Item, Workbench


async def note_content(bench: Workbench, item: Item, sha256: str) -> None:
    """Writes down what the source has in it, before it is taken away."""
    async with bench.database.write() as connection:
        await connection.execute(
            update(LedgerEntry).where(LedgerEntry.id == item.entry.id).values(sha256=sha256, updated_at=utc_now())
        )


async def refuse_what_was_taken_away(bench: Workbench, item: Item) -> None:
    """Raises :class:`DuplicateContent` when the source is gone because an earlier attempt took it away."""
    if item.root.mode is not Mode.MOVE or item.entry.media_asset_id is not None:
        return
    statement = (
        select(LedgerEntry.sha256, FileVersion.file_path)
        .join(FileVersion, FileVersion.sha256 == LedgerEntry.sha256)
        .where(LedgerEntry.id == item.entry.id, FileVersion.tier == Tier.BRONZE)
        .limit(1)
    )
    async with bench.database.read() as connection:
        found = (await connection.execute(statement)).first()
    if found is not None:
        raise DuplicateContent(
            f"{item.label} had the same bytes as {found.file_path} in the library, and was removed.", found.sha256
        )


def may_be_taken_away(entry: Known) -> bool:
    """Whether an absent file in a drop zone may be one that was taken away; the pipeline says so then."""
    return entry.has_content and entry.media_asset_id is None and entry.state in (State.QUEUED, State.FAILED)
