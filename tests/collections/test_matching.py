"""What rules let in, against a plain evaluation of the same rules in Python."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from core.collections.matching import matching
from core.collections.rules import SHARE, read_rules
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import Face, FileVersion, MediaAsset, Person, utc_now
from core.errors import BadRequest

TAGS = ["dog", "Beach", "hot dog", "50%", "a_b", "Öl"]
EVENTS = ["", "party", "Holiday"]
PLACES = ["", "Berlin Mitte", "Garten"]


def photos() -> list[dict[str, Any]]:
    """One photo for many combinations of what rules ask about."""
    found = []
    for number in range(48):
        found.append(
            {
                "id": f"v{number:02}",
                "tags": [TAGS[number % 6], TAGS[(number // 6) % 6]] if number % 5 else [],
                "event": EVENTS[number % 3],
                "place": PLACES[(number // 3) % 3],
                "faces": number % 4,
                "clock": f"{(number * 7) % 24:02}:{(number * 13) % 60:02}",
                "rating": number % 6,
            }
        )
    return found


PHOTOS = photos()


async def fill(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(Person).values(id="p", name="Ada", birthdate=None))
        for photo in PHOTOS:
            asset = f"a{photo['id']}"
            await connection.execute(insert(MediaAsset).values(id=asset, original_filename="x.jpg", sha256=asset))
            columns = {
                "id": photo["id"],
                "media_asset_id": asset,
                "tier": "silver",
                "file_path": f"media/silver/{photo['id']}.jpg",
                "file_hash": "0" * 32,
                "file_size": 1,
                "mime_type": "image/jpeg",
                "combined_metadata": {"ai": {"aiTags": photo["tags"]}},
                "event_type": photo["event"],
                "location": photo["place"],
                "rating": photo["rating"],
                "captured_at": f"2024-05-05T{photo['clock']}:00",
                "created_at": utc_now(),
            }
            await connection.execute(insert(FileVersion).values(**columns))
            for number in range(photo["faces"]):
                face = {"id": f"{photo['id']}-{number}", "photo_id": photo["id"], "bounding_box": [0, 0, 1, 1]}
                await connection.execute(insert(Face).values(confidence=90, **face))


def meets(photo: dict[str, Any], rule: dict[str, Any]) -> bool:
    field, operator, value = rule["field"], rule["operator"], rule["value"]
    match field, operator:
        case "aiTags", "contains":
            return any(value.lower() in tag.lower() for tag in photo["tags"])
        case "aiTags", "equals":
            return any(value.lower() == tag.lower() for tag in photo["tags"])
        case (("eventType" | "location"), "contains"):
            return value.lower() in photo["event" if field == "eventType" else "place"].lower()
        case (("eventType" | "location"), "equals"):
            return bool(value.lower() == photo["event" if field == "eventType" else "place"].lower())
        case "faceCount", ">=":
            return bool(photo["faces"] >= float(value))
        case "faceCount", "<=":
            return bool(photo["faces"] <= float(value))
        case "metadata.time", "time_range":
            start, end = value.split("-")
            inside = start <= photo["clock"] <= end
            return inside if start <= end else photo["clock"] >= start or photo["clock"] <= end
    return False


WORDS = st.sampled_from(
    ["dog", "DOG", "beach", "50%", "_", "%", "hot", "party", "holi", "berlin", "garten", "", "zebra", "öl", "ÖL", "Ö"]
)
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
RULES = st.one_of(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["aiTags", "eventType", "location"]),
            "operator": st.sampled_from(["contains", "equals"]),
            "value": WORDS,
        }
    ),
    st.fixed_dictionaries(
        {
            "field": st.just("faceCount"),
            "operator": st.sampled_from([">=", "<="]),
            "value": st.integers(-1, 5).map(str),
        }
    ),
    st.fixed_dictionaries(
        {
            "field": st.just("metadata.time"),
            "operator": st.just("time_range"),
            "value": st.builds("{}-{}".format, CLOCKS, CLOCKS),
        }
    ),
    st.fixed_dictionaries({"field": st.just("moon"), "operator": st.just("equals"), "value": WORDS}),
)
WEIGHTED = st.lists(
    st.builds(lambda rule, weight: {**rule, "weight": weight}, RULES, st.integers(1, 5)), min_size=0, max_size=6
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "pictallion.db"

    async def make() -> None:
        database = open_database(f"sqlite+aiosqlite:///{path}")
        await migrate(database)
        await fill(database)
        await database.close()

    asyncio.run(make())
    return path


async def let_in(path: Path, stored: Any) -> set[str]:
    database = open_database(f"sqlite+aiosqlite:///{path}")
    async with database.read() as connection:
        found = set((await connection.execute(matching(read_rules(stored), database.dialect))).scalars())
    await database.close()
    return found


@given(WEIGHTED)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_weighted_rules_let_in_what_meets_enough_of_their_weight(filled: Path, rules: list[dict[str, Any]]) -> None:
    total = sum(rule["weight"] for rule in rules)
    expected = {
        photo["id"]
        for photo in PHOTOS
        if total and sum(rule["weight"] for rule in rules if meets(photo, rule)) / total >= SHARE - 1e-9
    }
    assert asyncio.run(let_in(filled, rules)) == expected


@pytest.mark.asyncio
async def test_boolean_rules_on_either_database(database: Database) -> None:
    await fill(database)

    async def ask(operator: str, *rules: tuple[str, str, Any]) -> set[str]:
        stored = {
            "operator": operator,
            "rules": [dict(zip(("field", "operator", "value"), one, strict=True)) for one in rules],
        }
        async with database.read() as connection:
            return set((await connection.execute(matching(read_rules(stored), database.dialect))).scalars())

    def those(test: Any) -> set[str]:
        return {photo["id"] for photo in PHOTOS if test(photo)}

    assert await ask("AND", ("rating", "greater_than", 3)) == those(lambda photo: photo["rating"] > 3)
    assert await ask("AND", ("rating", "between", [2, 4])) == those(lambda photo: 2 <= photo["rating"] <= 4)
    either = ("rating", "equals", 5), ("eventType", "in", ["PARTY"])
    assert await ask("OR", *either) == those(lambda photo: photo["rating"] == 5 or photo["event"] == "party")
    assert await ask("AND", *either) == those(lambda photo: photo["rating"] == 5 and photo["event"] == "party")
    assert await ask("AND", ("aiTags", "in", ["dog"])) == those(lambda photo: "dog" in photo["tags"])
    assert await ask("AND", ("isReviewed", "equals", False)) == those(lambda _: True)
    day = ("dateRange", "between", ["2024-05-05", "2024-05-05"])
    assert await ask("AND", day) == those(lambda _: True)
    for nonsense in (
        ("moon", "equals", 1),
        ("rating", "equals", "high"),
        ("rating", "between", [1]),
        ("tier", "is", 1),
    ):
        assert await ask("AND", nonsense) == set()
        assert await ask("OR", nonsense, ("rating", "equals", 5)) == those(lambda photo: photo["rating"] == 5)


@pytest.mark.parametrize(
    "stored",
    [
        "all",
        5,
        [1],
        [{"field": "aiTags"}],
        [{"field": "aiTags", "operator": "contains", "value": "x", "weight": 0}],
        [{"field": "aiTags", "operator": "contains", "value": "x", "weight": "2"}],
        {"rules": [], "operator": "XOR"},
        {"rules": "all"},
        [{"field": "a", "operator": "b", "value": 1}] * 101,
    ],
)
def test_what_is_no_rule_is_refused(stored: Any) -> None:
    with pytest.raises(BadRequest):
        read_rules(stored)
