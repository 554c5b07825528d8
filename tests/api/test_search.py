"""What a search finds, in what order, what it counts; and that it knows of every change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from core.db.tables import Collection, CollectionPhoto, Face, FileVersion, LibraryTag, MediaAsset, Person
from tests.api.conftest import NOON, Library

pytestmark = pytest.mark.asyncio


async def search(library: Library, filters: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    answer = await library.http.post("/api/photos/search", json={"filters": filters or {}, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def found_by(library: Library, **filters: Any) -> set[str]:
    found = await search(library, filters)
    assert found["totalCount"] == len(found["photos"])
    return {photo["id"] for photo in found["photos"]}


def described(**ai: Any) -> dict[str, Any]:
    return {"combined_metadata": {"ai": ai}}


async def test_an_empty_library_has_nothing_to_find(library: Library) -> None:
    nothing = {"tiers": {}, "ratings": {}, "eventTypes": {}, "mimeTypes": {}, "cameras": {}, "keywords": {}}
    for body in ({}, {"filters": {}}, {"filters": {"query": "dog"}}, {"filters": None, "sort": None}):
        answer = await library.http.post("/api/photos/search", json=body)
        assert answer.json() == {"photos": [], "totalCount": 0, "facets": nothing}


async def test_a_query_is_found_in_every_text_of_a_photo_whatever_its_case(library: Library) -> None:
    asset = await library.add_asset("Größe_Straße.JPG")
    photo_id = await library.add_version(
        asset,
        "silver",
        file_path="media/silver/2025/08/renamed-file.jpg",
        location="Boulevard Saint-Michel",
        event_name="Garden Party",
        event_type="party",
        keywords=["Éclair", "two words"],
        combined_metadata={
            "ai": {
                "aiTags": ["seagull"],
                "shortDescription": "A bird on a roof.",
                "longDescription": "It looks for ice cream.",
                "placeName": "Nice, France",
            }
        },
    )
    person = await library.insert(Person, name="Ada Lovelace")
    await library.add_face(photo_id, person_id=person)
    await library.add_photo("silver", minute=1)
    for query in (
        *("größe", "STRASSE.jpg".replace("SS", "ß"), "renamed-FILE", "saint-m", "RDEN PAR", "éclair", "ÉCLAIR"),
        *("two WORDS", "gull", "bird on", '"ice cream"', "cream bird", "nice", "lovel", "ice  CREAM", "éc", "ÉC"),
    ):
        assert await found_by(library, query=query) == {photo_id}, query
    for query in ("cat", '"cream ice"', "bird cat", "%", "_%", "two*"):
        assert photo_id not in await found_by(library, query=query), query


async def test_a_name_in_either_form_of_unicode_is_found_by_the_other(library: Library) -> None:
    composed = await library.add_version(await library.add_asset("\u00e9t\u00e9.jpg"), "silver")
    decomposed = await library.add_version(await library.add_asset("e\u0301te\u0301.jpg"), "silver")
    for query in ("\u00e9t\u00e9", "e\u0301te\u0301"):
        assert await found_by(library, query=query) == {composed, decomposed}


async def test_special_characters_of_the_index_are_ordinary_ones(library: Library) -> None:
    photo_id = await library.add_version(await library.add_asset("a (b) AND \"c\" 100%_'x'/\\*.jpg"), "silver")
    for query in ("(b)", "AND", "100%", "0%_", "'x'", "/\\*", "b) AND", "NOT", "names:"):
        expected = set() if query in ("NOT", "names:") else {photo_id}
        assert await found_by(library, query=query) == expected, query


async def test_of_each_asset_the_best_version_is_found_unless_a_tier_is_asked_for(library: Library) -> None:
    photo = await library.add_photo("bronze", "silver", "gold")
    only_bronze = await library.add_photo("bronze", minute=1)
    assert await found_by(library) == {photo["gold"], only_bronze["bronze"]}
    assert await found_by(library, tier="silver") == {photo["silver"]}
    assert await found_by(library, tier="bronze") == {photo["bronze"], only_bronze["bronze"]}
    assert await found_by(library, tier="platinum") == set()


async def test_every_filter_lets_through_what_it_should(library: Library) -> None:
    silver = {"combined_metadata": {"exif": {"camera": "NIKON Z 6", "lens": "NIKKOR 50mm"}}}
    one = (
        await library.add_photo(
            "silver",
            rating=4,
            captured_at="2024-07-26T23:30:00",
            keywords=["Holiday"],
            event_type="vacation",
            event_name="Summer in Nice",
            location="Old Town",
            mime_type="video/quicktime",
            gps_latitude=1.0,
            gps_longitude=2.0,
            is_reviewed=True,
            is_favorite=True,
            **silver,
        )
    )["silver"]
    scores = {"tags": 0.4, "description": 0.9}
    two = (
        await library.add_photo(
            "silver",
            minute=1,
            rating=None,
            captured_at="2024-07-27T00:10:00",
            **described(
                aiTags=["beach holiday"],
                placeName="Nice",
                aiConfidenceScores=scores,
                gpsCoordinates={"latitude": 1, "longitude": 2},
            ),
        )
    )["silver"]
    three = (await library.add_photo("silver", minute=2, is_reviewed=None))["silver"]
    person = await library.insert(Person, name="Ada")
    await library.add_face(two, person_id=person)
    await library.add_face(one, person_id=person, ignored=True)
    album = await library.insert(Collection, name="Best")
    await library.insert(CollectionPhoto, collection_id=album, photo_id=one)
    every = {one, two, three}
    for filters, expected in (
        ({"rating": {"min": 4}}, {one}),
        ({"rating": {"max": 0}}, {two, three}),
        ({"rating": {"min": 0, "max": 5}}, every),
        ({"rating": {}}, every),
        ({"dateRange": {"start": "2024-07-26", "end": "2024-07-26"}}, {one}),
        ({"dateRange": {"start": "2024-07-27"}}, {two, three}),
        ({"dateRange": {"end": "2024-07-26T23:00:00"}}, set()),
        ({"dateRange": {"start": "2025-08-01", "end": "2025-08-01"}}, {three}),
        ({"keywords": ["HOLI"]}, {one, two}),
        ({"keywords": ["beach", "nothing"]}, {two}),
        ({"eventType": ["vacation", "party"]}, {one}),
        ({"eventName": "summer"}, {one}),
        ({"location": "old t"}, {one}),
        ({"location": "nice"}, {two}),
        ({"mimeType": ["video/quicktime"]}, {one}),
        ({"camera": "nikon"}, {one}),
        ({"lens": "50MM"}, {one}),
        ({"camera": "%"}, set()),
        ({"minConfidence": 90}, {two}),
        ({"minConfidence": 91}, set()),
        ({"peopleIds": [person, "nobody"]}, {two}),
        ({"hasGPS": True}, {one, two}),
        ({"hasGPS": False}, every),
        ({"collections": [album]}, {one}),
        ({"isReviewed": True}, {one}),
        ({"isReviewed": False}, {two, three}),
        ({"isFavorite": True}, {one}),
        ({"isFavorite": False}, {two, three}),
        ({"query": "", "keywords": [], "eventType": [], "location": "", "collections": [], "tier": ""}, every),
        ({"query": None, "rating": None, "unknown": 1}, every),
        ({"keywords": ["holi"], "rating": {"min": 4}}, {one}),
    ):
        assert await found_by(library, **filters) == expected, filters  # type: ignore[arg-type]


async def test_faces_and_collections_are_those_of_the_asset(library: Library) -> None:
    photo = await library.add_photo("silver", "gold")
    person, album = await library.insert(Person, name="Ada"), await library.insert(Collection, name="Best")
    await library.add_face(photo["silver"], person_id=person)
    await library.insert(CollectionPhoto, collection_id=album, photo_id=photo["silver"])
    assert await found_by(library, peopleIds=[person]) == {photo["gold"]}
    assert await found_by(library, collections=[album]) == {photo["gold"]}
    assert await found_by(library, query="ada") == {photo["gold"]}


async def test_photos_that_look_alike_are_found_by_hash(library: Library) -> None:
    hashes = ["0" * 64, "0" * 63 + "1", "1" * 32 + "0" * 32, "1" * 64]
    ids = [(await library.add_photo("silver", perceptual_hash=bits))["silver"] for bits in hashes]
    await library.add_photo("silver")
    wanted = {"hash": hashes[0], "threshold": 98}
    assert await found_by(library, perceptualHashSimilarity=wanted) == set(ids[:2])
    assert await found_by(library, perceptualHashSimilarity=wanted | {"threshold": 100}) == {ids[0]}
    assert await found_by(library, perceptualHashSimilarity=wanted | {"threshold": 50}) == set(ids[:3])
    answer = (await library.http.get(f"/api/photos/{ids[0]}/similar", params={"threshold": 50})).json()
    assert answer == [
        {
            "id": photo_id,
            "filePath": f"media/silver/2025/08/{photo_id}.jpg",
            "perceptualHash": bits,
            "tier": "silver",
            "originalFilename": "IMG_1.jpg",
            "similarity": similarity,
        }
        for photo_id, bits, similarity in ((ids[1], hashes[1], 98), (ids[2], hashes[2], 50))
    ]
    assert [each["id"] for each in (await library.http.get(f"/api/photos/{ids[0]}/similar")).json()] == [ids[1]]
    limited = await library.http.get(f"/api/photos/{ids[0]}/similar", params={"threshold": 0, "limit": 1})
    assert [each["id"] for each in limited.json()] == [ids[1]]
    for photo_id in ("no-such-photo", (await library.add_photo("silver"))["silver"]):
        assert (await library.http.get(f"/api/photos/{photo_id}/similar")).json() == []


async def test_other_versions_of_an_asset_are_not_similar_to_it(library: Library) -> None:
    photo = await library.add_photo("silver", "gold", perceptual_hash="01" * 32)
    other = await library.add_photo("silver", "gold", perceptual_hash="01" * 32)
    await library.add_photo("silver", perceptual_hash="01" * 32, archived_at=NOON)
    answer = (await library.http.get(f"/api/photos/{photo['gold']}/similar")).json()
    assert [(each["id"], each["similarity"]) for each in answer] == [(other["gold"], 100)]


async def test_photos_are_sorted_and_paged_and_counted_before_paging(library: Library) -> None:
    ids = []
    for number, (rating, size, score, event) in enumerate(
        [(3, 30, 0.1, "b"), (1, 10, 0.9, "c"), (None, 20, 0.5, None), (3, 40, 0.2, "a")]
    ):
        columns = described(aiConfidenceScores={"tags": score})
        photo = await library.add_photo(
            "silver", minute=number, rating=rating, file_size=size, event_name=event, **columns
        )
        ids.append(photo["silver"])
    tied = sorted([ids[0], ids[3]])

    async def order(field: str, direction: str) -> list[str]:
        found = await search(library, sort={"field": field, "direction": direction})
        return [photo["id"] for photo in found["photos"]]

    newest_first = ids[::-1]
    assert [photo["id"] for photo in (await search(library))["photos"]] == newest_first
    assert await order("createdAt", "asc") == ids
    assert await order("rating", "asc") == [ids[2], ids[1], *tied]
    assert await order("rating", "desc") == [*tied[::-1], ids[1], ids[2]]
    assert await order("fileSize", "desc") == [ids[3], ids[0], ids[2], ids[1]]
    assert await order("confidence", "desc") == [ids[1], ids[2], ids[3], ids[0]]
    assert await order("eventName", "asc") == [ids[2], ids[3], ids[0], ids[1]]
    page = await search(library, limit=2, offset=1)
    assert [photo["id"] for photo in page["photos"]] == newest_first[1:3]
    assert page["totalCount"] == 4
    assert (await search(library, limit=0))["photos"] == []
    assert page["facets"]["ratings"] == {"3": 2, "1": 1}


async def test_facets_count_what_was_found(library: Library) -> None:
    exif = {"exif": {"camera": "Nikon Z6"}}
    await library.add_photo("silver", "gold", rating=5, keywords=["sea"], event_type="party", combined_metadata=exif)
    await library.add_photo("silver", rating=0, keywords=["sea", "sun"], mime_type="image/png", event_type="")
    await library.add_photo("silver", rating=1, keywords=["dog"], location="Nice")
    assert (await search(library))["facets"] == {
        "tiers": {"silver": 2, "gold": 1},
        "ratings": {"5": 1, "1": 1},
        "eventTypes": {"party": 1},
        "mimeTypes": {"image/jpeg": 2, "image/png": 1},
        "cameras": {"Nikon Z6": 1},
        "keywords": {"sea": 2, "sun": 1, "dog": 1},
    }
    one = (await search(library, {"query": "nice"}))["facets"]
    assert (one["keywords"], one["tiers"]) == ({"dog": 1}, {"silver": 1})
    answer = await library.http.get("/api/search/facets", params={"filters": '{"query": "nice"}'})
    more = {"people": {}, "tags": {}, "years": {"2025": 1}}
    assert answer.json() == one | more
    every = (await library.http.get("/api/search/facets")).json()
    assert every == (await search(library))["facets"] | {"people": {}, "tags": {}, "years": {"2025": 3}}


async def test_a_photo_that_is_found_is_the_whole_photo(library: Library) -> None:
    photo_id = (await library.add_photo("silver", **described(aiTags=["dog"])))["silver"]
    (found,) = (await search(library, {"query": "dog"}))["photos"]
    read = (await library.http.get(f"/api/photos/{photo_id}")).json()
    read.pop("history")
    assert found == read


async def test_the_next_search_knows_of_every_change(library: Library) -> None:
    photo = await library.add_photo("silver")
    photo_id = photo["silver"]
    http, write = library.http, library.bench.database.write
    await http.patch(f"/api/photos/{photo_id}/metadata", json={"keywords": ["zebra"], "rating": 3})
    assert await found_by(library, query="zebra", rating={"min": 3}) == {photo_id}
    await http.patch(f"/api/photos/{photo_id}/metadata", json={"keywords": ["lion"], "rating": 2})
    assert await found_by(library, query="zebra") == set()
    assert (await search(library))["facets"]["keywords"] == {"lion": 1}
    async with write() as connection:
        await connection.execute(update(MediaAsset).values(original_filename="giraffe.jpg"))
    assert await found_by(library, query="giraffe") == {photo_id}
    person = await library.insert(Person, name="Grace")
    face = await library.add_face(photo_id)
    assert await found_by(library, query="grace") == set()
    async with write() as connection:
        await connection.execute(update(Face).where(Face.id == face).values(person_id=person))
    assert await found_by(library, query="grace") == {photo_id}
    async with write() as connection:
        await connection.execute(update(Person).values(name="Hopper"))
    assert await found_by(library, query="hopper") == {photo_id}
    assert await found_by(library, query="grace") == set()
    async with write() as connection:
        await connection.execute(delete(Face))
    assert await found_by(library, query="hopper") == set()
    gold = await library.add_version(photo["asset"], "gold")
    assert await found_by(library) == {gold}
    async with write() as connection:
        await connection.execute(update(FileVersion).where(FileVersion.id == gold).values(archived_at=NOON))
    assert await found_by(library) == {photo_id}
    async with write() as connection:
        await connection.execute(delete(FileVersion).where(FileVersion.id == photo_id))
    assert await found_by(library) == set()
    assert await found_by(library, query="giraffe") == set()
    async with write() as connection:
        await connection.execute(update(FileVersion).values(archived_at=None))
    assert await found_by(library, query="giraffe") == {gold}


async def test_the_simple_search_ranks_names_and_tags_before_prose(library: Library) -> None:
    text = "a long story about a dog that " + "walked and walked " * 20
    prose = (await library.add_photo("silver", minute=3, **described(longDescription=text)))["silver"]
    tag = (await library.add_photo("silver", minute=2, **described(aiTags=["dog"])))["silver"]
    await library.add_photo("silver", minute=1)
    answer = (await library.http.get("/api/search", params={"q": "dog"})).json()
    assert [photo["id"] for photo in answer.pop("photos")] == [tag, prose]
    assert answer == {"totalCount": 2, "query": "dog", "filtersApplied": {}}
    by_body = await search(library, {"query": "dog"}, sort={"field": "relevance"})
    assert [photo["id"] for photo in by_body["photos"]] == [tag, prose]
    short = (await library.http.get("/api/search", params={"q": "do"})).json()
    assert short["totalCount"] == 2


async def test_the_simple_search_has_filters_and_pages(library: Library) -> None:
    ids = [(await library.add_photo("silver", minute=n, rating=n, keywords=[f"k{n}x"]))["silver"] for n in range(4)]
    person = await library.insert(Person, name="Ada")
    await library.add_face(ids[2], person_id=person)
    for parameters, expected in (
        ({}, ids[::-1]),
        ({"limit": 2, "offset": 1}, [ids[2], ids[1]]),
        ({"ratingMin": 1, "ratingMax": 2}, [ids[2], ids[1]]),
        ({"tags": "k0x, k3x"}, [ids[3], ids[0]]),
        ({"people": f"{person},nobody"}, [ids[2]]),
        ({"people": "Ada"}, [ids[2]]),
        ({"tier": "gold"}, []),
    ):
        answer = (await library.http.get("/api/search", params=parameters)).json()  # type: ignore[arg-type]
        assert [photo["id"] for photo in answer["photos"]] == expected, parameters
    applied = (await library.http.get("/api/search", params={"tags": "a,b", "ratingMin": 0})).json()["filtersApplied"]
    assert applied == {"tags": ["a", "b"], "ratingMin": 0}


async def test_suggestions_are_tags_people_and_places(library: Library) -> None:
    photo = await library.add_photo("silver", keywords=["Marina"], location="Marseille", **described(aiTags=["mars"]))
    await library.add_photo("silver", keywords=["Marina"])
    person = await library.insert(Person, name="Omar")
    await library.add_face(photo["silver"], person_id=person)
    everything = (await library.http.get("/api/search/suggestions", params={"q": "mar"})).json()
    assert everything == {
        "query": "mar",
        "type": "all",
        "suggestions": [
            {"text": "Marina", "kind": "tag", "count": 2},
            {"text": "Marseille", "kind": "location", "count": 1},
            {"text": "mars", "kind": "tag", "count": 1},
            {"text": "Omar", "kind": "person", "count": 1},
        ],
    }
    for kind, expected in (("people", ["Omar"]), ("locations", ["Marseille"]), ("tags", ["Marina", "mars"])):
        answer = (await library.http.get("/api/search/suggestions", params={"q": "mar", "type": kind})).json()
        assert [each["text"] for each in answer["suggestions"]] == expected
    one = await library.http.get("/api/search/suggestions", params={"q": "mar", "limit": 1})
    assert len(one.json()["suggestions"]) == 1


async def test_tags_are_looked_up_in_the_library(library: Library) -> None:
    for tag, count in (("beach", 5), ("Beach house", 7), ("sea", 9)):
        await library.insert(LibraryTag, tag=tag, usage_count=count, created_at=NOON)
    answer = (await library.http.get("/api/tags/search", params={"q": "BEACH", "limit": 1})).json()
    assert answer == {
        "query": "BEACH",
        "tags": [{"tag": "Beach house", "usage_count": 7, "created_at": "2025-08-01T12:00:00.789Z"}],
        "totalFound": 2,
    }


async def test_photos_are_listed_by_a_whole_tag(library: Library) -> None:
    ids = []
    for number, columns in enumerate(
        [{"keywords": ["Sea / side"]}, described(aiTags=["x", "sea / side"]), {"keywords": ["sea / sides"]}]
    ):
        ids.append((await library.add_photo("silver", minute=number, **columns))["silver"])
    answer = (await library.http.get("/api/photos/by-tag/sea%20%2F%20side")).json()
    assert [photo["id"] for photo in answer.pop("photos")] == [ids[1], ids[0]]
    assert answer == {"tag": "sea / side", "totalCount": 2, "limit": 100, "offset": 0}
    page = (await library.http.get("/api/photos/by-tag/sea%20%2F%20side", params={"limit": 1, "offset": 1})).json()
    assert ([photo["id"] for photo in page["photos"]], page["totalCount"]) == ([ids[0]], 2)
    assert (await library.http.get("/api/photos/by-tag/nothing")).json()["photos"] == []


async def test_a_search_is_kept_as_a_smart_collection_and_removed(library: Library) -> None:
    filters = {"rating": {"min": 3}, "keywords": ["sea"], "tier": "gold", "isReviewed": True, "hasGPS": True}
    body = {"name": "Best of", "filters": filters, "sort": {"field": "rating"}, "description": "mine"}
    saved = (await library.http.post("/api/search/save", json=body)).json()
    assert saved.keys() == {"success", "collectionId", "message"}
    (listed,) = (await library.http.get("/api/search/saved")).json()
    assert listed.pop("createdAt") == listed.pop("updatedAt")
    rules = listed.pop("rules")
    assert listed == {"id": saved["collectionId"], "name": "Best of", "description": "mine", "isActive": True}
    assert rules["operator"] == "AND"
    assert {rule["field"]: (rule["operator"], rule["value"]) for rule in rules["rules"]} == {
        "rating": ("between", [3, 5]),
        "keywords": ("in", ["sea"]),
        "tier": ("equals", "gold"),
        "isReviewed": ("equals", True),
        "hasGPS": ("equals", True),
    }
    assert (await library.http.delete(f"/api/search/saved/{saved['collectionId']}")).json()["success"] is True
    assert (await library.http.get("/api/search/saved")).json() == []
    assert (await library.http.delete(f"/api/search/saved/{saved['collectionId']}")).status_code == 404
    album = await library.insert(Collection, name="Album", is_smart_collection=True, smart_rules={"rules": []})
    assert (await library.http.delete(f"/api/search/saved/{album}")).status_code == 400
    assert (await library.http.get("/api/search/saved")).json() == []


NONSENSE: list[tuple[str, str, Any]] = [
    ("POST", "/api/photos/search", {"filters": {"query": 1}}),
    ("POST", "/api/photos/search", {"filters": {"query": "a\0"}}),
    ("POST", "/api/photos/search", {"filters": {"rating": 3}}),
    ("POST", "/api/photos/search", {"filters": {"dateRange": {"start": "soon"}}}),
    ("POST", "/api/photos/search", {"filters": {"keywords": "sea"}}),
    ("POST", "/api/photos/search", {"filters": {"minConfidence": 101}}),
    ("POST", "/api/photos/search", {"filters": {"perceptualHashSimilarity": {"hash": "abc"}}}),
    ("POST", "/api/photos/search", {"sort": {"field": "colour"}}),
    ("POST", "/api/photos/search", {"sort": {"field": "rating", "direction": "up"}}),
    ("POST", "/api/photos/search", {"limit": -1}),
    ("POST", "/api/photos/search", {"offset": "many"}),
    ("POST", "/api/photos/search", []),
    ("POST", "/api/search/save", {"filters": {}}),
    ("POST", "/api/search/save", {"name": "", "filters": {}}),
    ("POST", "/api/search/save", {"name": "x", "filters": {"dateRange": {"end": "soon"}}}),
    ("GET", "/api/search?limit=0", None),
    ("GET", "/api/search?limit=201", None),
    ("GET", "/api/search?ratingMin=x", None),
    ("GET", "/api/search?q=%00", None),
    ("GET", "/api/search/suggestions", None),
    ("GET", "/api/search/suggestions?q=", None),
    ("GET", "/api/search/suggestions?q=a&type=dogs", None),
    ("GET", "/api/search/facets?filters=%7B", None),
    ("GET", "/api/search/facets?filters=%7B%22rating%22%3A3%7D", None),
    ("GET", "/api/tags/search", None),
    ("GET", "/api/photos/by-tag/a?limit=501", None),
    ("GET", "/api/photos/x/similar?threshold=101", None),
]


async def test_nonsense_is_refused(library: Library) -> None:
    for method, path, body in NONSENSE:
        answer = await library.http.request(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code == 400, (method, path, body, answer.text)
        assert answer.json()["message"] == answer.json()["error"]
    for content in (b"", b"{"):
        answer = await library.http.post("/api/photos/search", content=content)
        assert answer.status_code == 400
