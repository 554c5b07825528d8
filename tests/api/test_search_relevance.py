"""What comes first where words are in many photos, or only parts of words, and that all of them are counted."""

from __future__ import annotations

import pytest

from tests.api.conftest import Library
from tests.api.test_search import described, search

pytestmark = pytest.mark.asyncio


async def test_a_word_in_most_photos_finds_them_all_by_where_it_is_and_then_by_age(library: Library) -> None:
    tags = {1: ["dog", "xy"], 2: [], 3: ["dog", "xy"]}
    ids = {
        minute: (
            await library.add_photo(
                "silver", minute=minute, rating=minute, keywords=words, **described(shortDescription="dog xy")
            )
        )["silver"]
        for minute, words in tags.items()
    }
    await library.add_photo("silver", minute=4)
    for query in ("dog", "xy", "x"):
        for field, expected in (("relevance", [3, 1, 2]), ("createdAt", [3, 2, 1])):
            found = await search(library, {"query": query}, sort={"field": field})
            assert [photo["id"] for photo in found["photos"]] == [ids[minute] for minute in expected]
            assert found["totalCount"] == 3
            assert found["facets"]["keywords"] == {"dog": 2, "xy": 2}
        by_rating = await search(library, {"query": query, "rating": {"min": 1, "max": 2}}, sort={"field": "rating"})
        assert ([photo["id"] for photo in by_rating["photos"]], by_rating["totalCount"]) == ([ids[2], ids[1]], 2)
        last = {"q": query, "limit": 1, "offset": 2}
        page = (await library.http.get("/api/search", params=last)).json()
        assert (page["totalCount"], [photo["id"] for photo in page["photos"]]) == (3, [ids[2]])


async def test_a_whole_word_comes_before_a_part_of_one_and_a_rare_word_before_a_frequent_one(library: Library) -> None:
    part = (await library.add_photo("silver", minute=9, keywords=["seagull"]))["silver"]
    whole = (await library.add_photo("silver", minute=1, keywords=["gull"]))["silver"]
    for minute in (2, 3, 4):
        await library.add_photo("silver", minute=minute, keywords=["beach"], **described(shortDescription="A gull?"))
    answer = (await library.http.get("/api/search", params={"q": "gull"})).json()
    assert [photo["id"] for photo in answer["photos"][:2]] == [whole, part]
    assert answer["totalCount"] == 5
    rare = (await library.add_photo("silver", minute=5, keywords=["dune"], **described(shortDescription="beach")))[
        "silver"
    ]
    frequent = {"keywords": ["beach"], **described(shortDescription="dune")}
    await library.add_photo("silver", minute=6, **frequent)
    answer = (await library.http.get("/api/search", params={"q": "beach dune"})).json()
    assert (answer["totalCount"], answer["photos"][0]["id"]) == (2, rare)
