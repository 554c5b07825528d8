"""Long lists of photos, as the database writes them.

A list of 100,000 photos has millions of values. The database puts them together as the JSON text of :class:`Photo`,
in its own threads or on its own machine, while this process answers others; only what the databases would round
differently than :func:`photo_of` does is added here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import reduce
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from api.schemas.asset_text import ASSET, with_display_filename
from api.schemas.photo import degrees
from core.db.clock_sql import is_clock
from core.db.json_sql import json_object, json_text, utc_text
from core.db.tables import FileVersion
from core.library.photos import MOST, Listing, faces_of_asset, photo_list

_BATCH: Final = 250
"""Photos that are joined before others have their turn: a millisecond."""

_PLAIN: Final = (Listing.BRONZE, Listing.SILVER, Listing.GOLD)
"""Lists whose photos say that they are not superseded, unless those that are were asked for."""


def _words(text: str) -> ColumnElement[str]:
    """JSON between two values, as it stands."""
    return literal_column(f"'{text}'", Text())


def _or_null(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.coalesce(text, _words("null"))


def _yes_or_no(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    return case((column.is_(True), _words("true")), (column.is_(False), _words("false")), else_=_words("null"))


def _photo() -> ColumnElement[str]:
    """A photo, without its coordinates, whether it is superseded, and the brace that ends it; its asset comes last."""
    version = FileVersion
    # one call for all that is plain takes SQLite a third of the time that a call for each does
    plain = json_object(
        id=version.id,
        mediaAssetId=version.media_asset_id,
        tier=version.tier,
        filePath=version.file_path,
        fileHash=version.file_hash,
        fileSize=version.file_size,
        mimeType=version.mime_type,
        rating=version.rating,
        location=version.location,
        eventType=version.event_type,
        eventName=version.event_name,
        perceptualHash=version.perceptual_hash,
        aiShortDescription=version.ai_short_description,
        processingState=version.processing_state,
        createdAt=utc_text(version.created_at),
    )
    clock = func.substr(version.captured_at, 1, len("2024-07-26T14:30:25"))
    captured = _words(',"capturedAt":"') + clock + _words('"')
    parts = (
        func.rtrim(cast(plain, Text), "}"),
        case((is_clock(version.captured_at), captured), else_=_words("")),
        _words(',"isReviewed":') + _yes_or_no(version.is_reviewed),
        _words(',"isFavorite":') + _yes_or_no(version.is_favorite),
        _words(',"detectedFaces":') + faces_of_asset(),
        _words(',"keywords":') + _or_null(json_text(version.keywords)),
        _words(',"metadata":') + _or_null(json_text(version.combined_metadata)),
        _words(',"mediaAsset":') + cast(ASSET, Text),
    )
    return reduce(lambda joined, part: joined + part, parts)


PHOTO_COLUMNS: Final = (_photo().label("photo"), FileVersion.gps_latitude, FileVersion.gps_longitude)
"""What :func:`photo_text` makes a photo of, where a statement joins version and asset."""

_STATEMENTS = {
    (listing, superseded): photo_list(listing, superseded=superseded).with_only_columns(
        *PHOTO_COLUMNS, maintain_column_froms=True
    )
    for listing in Listing
    for superseded in (False, True)
}


async def encoded_photos(
    connection: AsyncConnection,
    listing: Listing,
    superseded: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> AsyncIterator[bytes]:
    """The photos of a list in chunks: the insides of JSON arrays, each with a photo at least.

    ``superseded`` lets the Silver list show versions that a Gold or newer one has replaced.
    """
    page = {"limit": MOST if limit is None else limit, "offset": offset}
    end = ',"isSuperseded":false}' if listing in _PLAIN and not superseded else "}"
    rows = await connection.stream(_STATEMENTS[listing, superseded], page, execution_options={"yield_per": _BATCH})
    async for batch in rows.partitions():
        yield ",".join([photo_text(photo, latitude, longitude, end) for photo, latitude, longitude in batch]).encode()


def photo_text(photo: str, latitude: float | None, longitude: float | None, end: str = "}") -> str:
    """The JSON of :class:`Photo` from :data:`PHOTO_COLUMNS`; ``end`` may hold more members before the brace."""
    if longitude is not None:
        end = f',"gpsLongitude":"{degrees(longitude)}"{end}'
    if latitude is not None:
        end = f',"gpsLatitude":"{degrees(latitude)}"{end}'
    return with_display_filename(photo) + end
