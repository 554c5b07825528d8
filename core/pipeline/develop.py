"""An original that was only kept becomes Silver, because a person says so.

Uploads that look like a photo in the library wait as Bronze for that word.
"""

from __future__ import annotations

from sqlalchemy import select

from core.compute.tasks import read_file
from core.db.tables import FileVersion, MediaAsset, utc_now
from core.errors import BadRequest, NotFound, Undecodable
from core.library.layout import REFERENCE, Tier, is_reference
from core.library.photos import version_to_show
from core.pipeline import ledger
from core.pipeline.in_worker import in_worker
from core.pipeline.keep_original import Begun, continued, find_recorded
from core.pipeline.keep_silver import keep_silver
from core.pipeline.kept_file import kept_file
from core.pipeline.know import describe, know
from core.pipeline.ledger import Entry, Signature
from core.pipeline.look import look_at
from core.pipeline.receive import upload_root
from core.pipeline.rewritten import put_away_at
from core.pipeline.roots import Mode, Root
from core.pipeline.wishes import wishes
from core.pipeline.workbench import Item, Stopwatch, Workbench


async def develop(bench: Workbench, asset_id: str) -> str:
    """Makes the Silver version of an asset that has none, whatever it looks like; returns its id.

    Raises :class:`NotFound`, :class:`BadRequest` where there is a Silver version or the pixels cannot be read, and the
    errors of the intake.
    """
    async with bench.database.read() as connection:
        sha256 = (await connection.execute(select(MediaAsset.sha256).where(MediaAsset.id == asset_id))).scalar()
    async with bench.claims.hold(sha256 or asset_id):
        begun = await _begun(bench, asset_id)
        item = await item_of(bench, asset_id, begun)
        kept, cache = str(bench.layout.absolute(begun.file_path)), str(bench.layout.cache)
        with kept_file(item.original_filename, begun.file_path):
            reading = await in_worker(bench, item, read_file, kept, item.original_filename, cache)
            if reading.identity.format is None:
                raise BadRequest(f"{item.label} is no photo or video.")
            original = continued(bench, item, reading, begun)
            try:
                look = await look_at(bench, item, original)
            except Undecodable as error:
                raise BadRequest(f"{item.label} stays Bronze: {error}") from error
            wished = await wishes(bench, original.captured)
            facts = know(item.original_filename, reading, look, original.captured, wished.occasion)
            await keep_silver(bench, item, original, look, describe(item, facts), wished)
        async with bench.database.read() as connection:
            return await version_to_show(connection, asset_id)


async def _begun(bench: Workbench, asset_id: str) -> Begun:
    async with bench.database.read() as connection:
        begun = await find_recorded(connection, asset_id)
        is_put_away = await put_away_at(connection, asset_id) is not None
    if begun is None or is_put_away:
        raise NotFound("The original of this photo is not in the library any more.")
    if begun.undecodable is not None:
        raise BadRequest(f"It stays Bronze: {begun.undecodable}")
    if begun.is_finished:
        raise BadRequest("It has a Silver version already.")
    return begun


async def item_of(bench: Workbench, asset_id: str, begun: Begun) -> Item:
    """The ledger's entry that brought the asset; one of an upload where the ledger knows none."""
    async with bench.database.write() as connection:
        name = (
            await connection.execute(select(MediaAsset.original_filename).where(MediaAsset.id == asset_id))
        ).scalar_one()
        entry = await ledger.entry_of_asset(connection, asset_id)
        if entry is None:
            entry = await ledger.open_entry(
                connection,
                upload_root(bench).name,
                f"{asset_id}/{name}",
                Signature(0, 0, 0, ""),
                bench.holder,
                utc_now(),
            )
    return Item(entry, _root(bench, entry, begun), name, Stopwatch())


def _root(bench: Workbench, entry: Entry, begun: Begun) -> Root:
    if is_reference(begun.file_path):
        link = bench.layout.media / Tier.BRONZE / REFERENCE / entry.root
        return Root(entry.root, str(link), Mode.REFERENCE, is_watched=False)
    return Root(entry.root, str(bench.layout.temp), Mode.COPY, is_watched=False)


async def bronze_of(bench: Workbench, photo_id: str) -> str:
    """The asset of a Bronze photo.

    Raises :class:`NotFound`, and :class:`BadRequest` for a version of another tier, or what is no image.
    """
    statement = select(FileVersion.media_asset_id, FileVersion.tier, FileVersion.mime_type).where(
        FileVersion.id == photo_id, FileVersion.archived_at.is_(None)
    )
    async with bench.database.read() as connection:
        row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no photo {photo_id}.")
    if row.tier != Tier.BRONZE:
        raise BadRequest(f"Only a Bronze photo can be processed to Silver; this one is {row.tier.capitalize()}.")
    if not row.mime_type.startswith("image/"):
        raise BadRequest(f"Only images are processed; this is {row.mime_type}.")
    asset_id: str = row.media_asset_id
    return asset_id
