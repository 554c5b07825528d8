"""Whatever is written, however it is written, the next search finds what a plain look at all photos would find."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.tables import Face, FileVersion, MediaAsset, Person
from core.search import snapshot
from core.search.filters import Filter
from core.search.find import facets_of, find
from core.search.loaded_index import LoadedIndex
from core.search.order import Order
from tests.search.oracle import counts_of, everything, found_by

WORDS = [
    *("a", "to", "toast", "beach", "Beachball", "gull", "seagull", "IMG_0042", "0042", "Straße", "STRASSE", "Öl", "öl"),
    *(
        "e\u0301te\u0301",
        "\u00e9t\u00e9",
        "写真",
        "海辺の写真",
        "İ",
        "ΟΔΟΣ",
        "%",
        "_",
        "\\",
        "'",
        "ﬁn",
        "Donaudampfschiff",
    ),
]
PEOPLE = ["Ada Lovelace", "Grace", "Zoë"]
NOON = datetime(2025, 8, 1, 12, tzinfo=UTC)

texts = st.lists(st.sampled_from([*WORDS, "\n", "  ", ", "]), max_size=6).map(" ".join)
word_lists = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), max_size=3, unique=True)
parts = st.sampled_from(WORDS).flatmap(
    lambda word: st.tuples(st.integers(0, len(word) - 1), st.integers(1, len(word))).map(
        lambda cut: word[cut[0] : cut[0] + cut[1]]
    )
)
queries = st.lists(st.one_of(parts, texts.map(lambda text: f'"{text}"'), st.sampled_from(PEOPLE)), max_size=3).map(
    " ".join
)
said = st.fixed_dictionaries(
    {},
    optional={
        "rating": st.integers(0, 5) | st.none(),
        "keywords": word_lists,
        "location": texts,
        "event_name": texts,
        "combined_metadata": st.fixed_dictionaries(
            {
                "ai": st.fixed_dictionaries(
                    {},
                    optional={
                        "aiTags": word_lists,
                        "placeName": texts,
                        "longDescription": texts,
                        "shortDescription": texts,
                    },
                )
            }
        ),
    },
)

Change: TypeAlias = Callable[[AsyncConnection], Awaitable[None]]


async def _some(connection: AsyncConnection, table: Any, number: int) -> str | None:
    ids = list((await connection.execute(select(table.id).order_by(table.id))).scalars())
    return ids[number % len(ids)] if ids else None


def adds(number: int, tier: str, name: str, columns: dict[str, Any]) -> Change:
    """A version of a new asset, or of one that is there."""

    async def change(connection: AsyncConnection) -> None:
        count = (await connection.execute(select(func.coalesce(func.max(FileVersion.file_size), 0) + 1))).scalar_one()
        asset = await _some(connection, MediaAsset, number) if number % 3 else None
        if asset is None:
            assets = (await connection.execute(select(func.count()).select_from(MediaAsset))).scalar_one()
            asset = f"asset-{assets:04}"
            await connection.execute(insert(MediaAsset).values(id=asset, original_filename=name, created_at=NOON))
        await connection.execute(
            insert(FileVersion).values(
                id=f"{(count * 7919) % 10_000:04}-{count}",
                media_asset_id=asset,
                tier=tier,
                file_path=f"media/{tier}/{count}/{name.replace('/', '')}.jpg",
                file_hash="0" * 32,
                file_size=count,
                mime_type="image/png" if number % 4 else "image/jpeg",
                created_at=NOON + timedelta(minutes=number % 5),
                **columns,
            )
        )

    return change


def updates(table: Any, number: int, **values: Any) -> Change:
    async def change(connection: AsyncConnection) -> None:
        row = await _some(connection, table, number)
        await connection.execute(update(table).where(table.id == row).values(**values))

    return change


def sees(number: int, person: int, *, is_ignored: bool) -> Change:
    """A face of a person, who is there already or is new."""

    async def change(connection: AsyncConnection) -> None:
        photo = await _some(connection, FileVersion, number)
        if photo is None:
            return
        name = PEOPLE[person]
        if (await connection.execute(select(Person.id).where(Person.id == name))).first() is None:
            await connection.execute(insert(Person).values(id=name, name=name))
        face = {"photo_id": photo, "person_id": name, "bounding_box": [1, 2, 3, 4], "confidence": 90}
        await connection.execute(insert(Face).values(ignored=is_ignored, **face))

    return change


def merges(kept: int, other: int) -> Change:
    """All faces of one person become another's."""

    async def change(connection: AsyncConnection) -> None:
        target = await _some(connection, Person, kept)
        gone = await _some(connection, Person, other)
        await connection.execute(update(Face).where(Face.person_id == gone).values(person_id=target))

    return change


def removes(table: Any, number: int) -> Change:
    async def change(connection: AsyncConnection) -> None:
        row = await _some(connection, table, number)
        if table is FileVersion:
            await connection.execute(delete(Face).where(Face.photo_id == row))
        await connection.execute(delete(table).where(table.id == row))

    return change


numbers = st.integers(0, 50)
added = st.builds(adds, numbers, st.sampled_from(["bronze", "silver", "gold"]), st.sampled_from(WORDS), said)
words = st.sampled_from(WORDS)
moments = st.sampled_from([NOON, None])
changes = st.one_of(
    added,
    said.filter(bool).flatmap(lambda values: numbers.map(lambda number: updates(FileVersion, number, **values))),
    st.builds(sees, numbers, st.integers(0, 2), is_ignored=st.booleans()),
    st.builds(merges, numbers, numbers),
    st.builds(lambda number, word: updates(MediaAsset, number, original_filename=word), numbers, words),
    st.builds(lambda number, name: updates(Person, number, name=name), numbers, st.sampled_from(PEOPLE) | words),
    st.builds(lambda number, flag: updates(Face, number, ignored=flag), numbers, st.booleans()),
    st.builds(
        lambda number, flag: updates(FileVersion, number, archived_at=NOON if flag else None), numbers, st.booleans()
    ),
    st.builds(removes, st.sampled_from([Face, FileVersion]), numbers),
)
filters = st.tuples(
    queries, st.none() | st.integers(0, 5), st.none() | st.sampled_from(["bronze", "silver", "gold"]), st.none() | parts
)


@pytest.fixture(params=[0, snapshot._SMALL], ids=["merged at once", "beside each other"])
def segments(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has changed becomes one with what was there at once, or only when it is much."""
    monkeypatch.setattr(snapshot, "_SMALL", request.param)


@pytest.mark.usefixtures("segments")
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    before=st.lists(added, min_size=3, max_size=8),
    steps=st.lists(st.tuples(st.lists(changes, min_size=1, max_size=4), filters), min_size=2, max_size=8),
)
async def test_searches_find_what_a_plain_look_finds_after_every_change(
    database: Database,
    before: list[Change],
    steps: list[tuple[list[Change], tuple[str, int | None, str | None, str | None]]],
) -> None:
    async with database.write() as connection:
        for table in (Face, FileVersion, MediaAsset, Person):
            await connection.execute(delete(table))
    search_index = LoadedIndex(database)
    for made, (query, lowest, tier, event) in [(before, ("", None, None, None)), *steps]:
        async with database.write() as connection:
            for change in made:
                await change(connection)
        seen = await everything(database)
        expected = found_by(seen, query, lowest, tier, event)
        wanted = Filter(query=query, min_rating=lowest, tier=tier, event_name=event or None)
        found = await find(database, search_index, wanted, limit=5, offset=1)
        assert [row.id for row in found.photos] == [photo.row.id for photo in expected[1:6]]
        assert found.total == len(expected)
        by_relevance = await find(database, search_index, wanted, order=Order.RELEVANCE, limit=100)
        assert {row.id for row in by_relevance.photos} == {photo.row.id for photo in expected}
        facets, more = await facets_of(database, search_index, wanted)
        counts = counts_of(expected)
        assert {name: getattr(facets, name) for name in ("tiers", "ratings", "mime_types", "keywords")} == {
            name: counts[name] for name in ("tiers", "ratings", "mime_types", "keywords")
        }
        assert (more.tags, more.people) == (counts["tags"], counts["people"])
    again = await find(database, LoadedIndex(database), wanted, limit=5, offset=1)
    assert ([row.id for row in again.photos], again.total, again.facets) == (
        [row.id for row in found.photos],
        found.total,
        found.facets,
    )
