"""What comes first, and what is counted, when words are in many photos or are too short to rank."""

from __future__ import annotations

import pytest

from core.search import find
from tests.api.conftest import Library
from tests.api.test_search import described, search

pytestmark = pytest.mark.asyncio


async def test_words_that_tell_no_rank_find_the_newest_first_with_right_counts(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    tagged_first = await search(library, {"query": "dog"}, sort={"field": "relevance"}, limit=10)
    assert tagged_first["photos"][-1]["id"] == ids[2]
    monkeypatch.setattr(find, "MOST_RANKED", 2)
    for query in ("dog", "xy"):
        for sort in ({"field": "relevance"}, {"field": "createdAt"}):
            found = await search(library, {"query": query}, sort=sort)
            assert [photo["id"] for photo in found["photos"]] == [ids[3], ids[2], ids[1]]
            assert found["totalCount"] == 3
            assert found["facets"]["keywords"] == {"dog": 2, "xy": 2}
        by_rating = await search(library, {"query": query, "rating": {"min": 1, "max": 2}}, sort={"field": "rating"})
        assert ([photo["id"] for photo in by_rating["photos"]], by_rating["totalCount"]) == ([ids[2], ids[1]], 2)
        last = {"q": query, "limit": 1, "offset": 2}
        page = (await library.http.get("/api/search", params=last)).json()
        assert (page["totalCount"], [photo["id"] for photo in page["photos"]]) == (3, [ids[1]])
