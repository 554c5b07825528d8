"""What the photos of occasions tell that titles are made of: who is on them, and what they are tagged with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import BATCH
from core.db.json_sql import json_text
from core.db.search_sql import FACTS
from core.db.tables import Face, FileVersion, Person


class Details(msgspec.Struct, frozen=True):
    """Of one occasion: on how many of its photos each person is, and how many have each tag, in small letters."""

    people: Counter[str]
    tags: Counter[str]


async def details_of(connection: AsyncConnection, occasion_of: Mapping[str, int], number: int) -> Sequence[Details]:
    """The details of so many occasions; ``occasion_of`` says to which of them, from 0, an asset belongs.

    Counted as they are read: nothing is kept of a photo.
    """
    found = [Details(Counter(), Counter()) for _ in range(number)]
    wanted = list(occasion_of)
    # few at a time: a statement with thousands of ids keeps everybody else waiting while it is put together
    for start in range(0, len(wanted), BATCH):
        chunk = wanted[start : start + BATCH]
        for asset_id, name in await connection.execute(_PEOPLE.where(FileVersion.media_asset_id.in_(chunk))):
            found[occasion_of[asset_id]].people[name] += 1
        for asset_id, keywords, metadata in await connection.execute(
            _TAGS.where(FileVersion.media_asset_id.in_(chunk))
        ):
            found[occasion_of[asset_id]].tags.update(_tags(keywords, metadata))
    return found


_PEOPLE: Final = (
    select(FileVersion.media_asset_id, Person.name)
    .select_from(Face)
    .join(FileVersion, FileVersion.id == Face.photo_id)
    .join(Person, Person.id == Face.person_id)
    .where(Face.ignored.is_(False))
    .distinct()
)
_TAGS: Final = (
    select(FileVersion.media_asset_id, json_text(FileVersion.keywords), json_text(FileVersion.combined_metadata))
    .join(FACTS, FACTS.c.version_id == FileVersion.id)
    .where(FACTS.c.is_shown.is_(True))
)


class _Ai(msgspec.Struct, gc=False, rename="camel"):
    ai_tags: list[str] | None = None


class _Metadata(msgspec.Struct, gc=False):
    ai: _Ai | None = None


_METADATA: Final = msgspec.json.Decoder(_Metadata)
_KEYWORDS: Final = msgspec.json.Decoder(list[str])


def _tags(keywords: Any, metadata: Any) -> set[str]:
    tags: list[str] = []
    if keywords:
        tags += _KEYWORDS.decode(keywords)
    if metadata and "aiTags" in metadata:
        try:
            ai = _METADATA.decode(metadata).ai
        except msgspec.ValidationError:  # what is of another shape has no tags
            ai = None
        tags += (ai.ai_tags or ()) if ai is not None else ()
    return {tag.casefold() for tag in tags}
