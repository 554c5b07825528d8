"""One photo's way through the house, stage by stage.

A file that arrives here stands still. When :func:`take_in` returns, it is in the library; when it raises, the error
says which state its ledger entry gets, and nothing half done is left.
"""

from __future__ import annotations

from core.compute.tasks import Reading
from core.errors import NotMedia, SourceStays, SourceVanished, Undecodable
from core.pipeline.duplicates import follow, refuse_stored_content
from core.pipeline.keep_original import Original, keep_original, open_original
from core.pipeline.keep_silver import confirm_kept, keep_as_metadata_only, keep_silver
from core.pipeline.know import describe, know
from core.pipeline.ledger import Fate
from core.pipeline.look import look_at
from core.pipeline.lookalikes import refuse_lookalike_upload
from core.pipeline.read import read
from core.pipeline.release_source import release_source
from core.pipeline.taken_away import refuse_what_was_taken_away
from core.pipeline.wishes import wishes
from core.pipeline.workbench import Item, Workbench


async def take_in(bench: Workbench, item: Item) -> Fate:
    """Takes one file from its source to Bronze and Silver.

    Raises the :class:`core.errors.IntakeError` that decides its ledger state. Safe to repeat: what an earlier attempt
    finished is found and not done again.
    """
    begun = await open_original(bench, item)
    try:
        reading = await read(bench, item, begun)
    except SourceVanished:
        await refuse_what_was_taken_away(bench, item)
        raise
    _refuse_other_than_media(item, reading)

    async with bench.claims.hold(reading.identity.sha256):
        if (followed := await follow(bench, item, reading)) is not None:
            begun = followed
        else:
            begun = await refuse_stored_content(bench, item, reading, begun) or begun
        original = await keep_original(bench, item, reading, begun)
        stays = await _released(bench, item, original)
        fate = await _develop(bench, item, reading, original)
        if stays is not None:
            # told once the photo is in the library as far as it can be
            raise stays
        return fate


async def _released(bench: Workbench, item: Item, original: Original) -> SourceStays | None:
    try:
        await release_source(bench, item, original)
    except SourceStays as error:
        return error
    return None


async def _develop(bench: Workbench, item: Item, reading: Reading, original: Original) -> Fate:
    if original.is_finished:
        return await confirm_kept(bench, item, original)
    try:
        look = await look_at(bench, item, original)
    except Undecodable as error:
        return await keep_as_metadata_only(bench, item, original, str(error))
    await refuse_lookalike_upload(bench, item, original, look)
    wished = await wishes(bench, original.captured)
    facts = know(item.original_filename, reading, look, original.captured, wished.occasion)
    return await keep_silver(bench, item, original, look, describe(item, facts), wished)


def _refuse_other_than_media(item: Item, reading: Reading) -> None:
    if reading.identity.size == 0:
        raise NotMedia(f"{item.label} is empty (0 bytes); it is looked at again when it is written to.")
    if reading.identity.format is None:
        raise NotMedia(f"{item.label} is no photo or video: its bytes have no format that is known.")
