"""What the photos of an occasion tell that its title is made of: who is on them, and what they are tagged with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_batches import BATCH
from core.db.json_sql import json_text
from core.db.tables import Face, FileVersion, Person
from core.library.layout import Tier


class Detail(msgspec.Struct, gc=False):
    """Of one asset: the people on it, and its tags in small letters."""

    people: set[str]
    tags: set[str]


async def details_of(connection: AsyncConnection, asset_ids: Iterable[str]) -> Mapping[str, Detail]:
    """By asset; those of which nothing is known are left out."""
    found: dict[str, Detail] = {}
    wanted = list(dict.fromkeys(asset_ids))
    # few at a time: a statement with thousands of ids keeps everybody else waiting while it is put together
    for start in range(0, len(wanted), BATCH):
        chunk = wanted[start : start + BATCH]
        for asset_id, name in await connection.execute(_PEOPLE.where(FileVersion.media_asset_id.in_(chunk))):
            found.setdefault(asset_id, Detail(set(), set())).people.add(name)
        rows = await connection.execute(_TAGS.where(FileVersion.media_asset_id.in_(chunk)))
        for asset_id, keywords, metadata in rows:
            if tags := _tags(keywords, metadata):
                found.setdefault(asset_id, Detail(set(), set())).tags |= tags
    return found


def counted(details: Mapping[str, Detail], asset_ids: Sequence[str]) -> tuple[Sequence[tuple[str, int]], ...]:
    """People, and tags, with the number of assets each is on, the most frequent first, then by name."""
    people, tags = Counter[str](), Counter[str]()
    for asset_id in asset_ids:
        if (detail := details.get(asset_id)) is not None:
            people.update(detail.people)
            tags.update(detail.tags)
    return tuple(sorted(one.items(), key=lambda pair: (-pair[1], pair[0])) for one in (people, tags))


_PEOPLE: Final = (
    select(FileVersion.media_asset_id, Person.name)
    .select_from(Face)
    .join(FileVersion, FileVersion.id == Face.photo_id)
    .join(Person, Person.id == Face.person_id)
    .where(Face.ignored.is_(False))
)
_TAGS: Final = select(
    FileVersion.media_asset_id, json_text(FileVersion.keywords), json_text(FileVersion.combined_metadata)
).where(FileVersion.tier != Tier.BRONZE, FileVersion.archived_at.is_(None))


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
