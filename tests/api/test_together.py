"""A group is promoted, demoted, put away, brought back and deleted together, over HTTP, on real files."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.media.facts import Kind
from tests.api.conftest import Library


async def add(library: Library, name: str, kind: Kind = Kind.PHOTO) -> dict[str, str]:
    """A photo with files, as the pipeline leaves it; a RAW has no Silver version. Answers its ids by tier."""
    noise = hashlib.shake_256(name.encode()).digest(48 * 48 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (48, 48), noise).save(buffer, "JPEG")
    content = buffer.getvalue()
    ids = {"asset": await library.add_asset(name)}
    tiers = ("bronze",) if kind is Kind.RAW else ("bronze", "silver")
    for tier in tiers:
        file_path = f"media/{tier}/2025/08/{name}"
        library.add_file(file_path, content)
        if tier == "silver":
            library.add_file(f"{file_path}.xmp", b"<x/>")
        ids[tier] = await library.add_version(
            ids["asset"],
            tier,
            file_path=file_path,
            file_hash=hashlib.md5(content).hexdigest(),
            sha256=hashlib.sha256(content).hexdigest(),
            file_size=len(content),
            captured_at="2025-08-01T12:00:00",
            width=48,
            height=48,
        )
    async with library.bench.database.write() as connection:
        await keep_grouped(connection, GroupFacts(ids["asset"], kind, (Place("card", name),)))
    return ids


async def tiers(library: Library, photo: dict[str, str]) -> set[str]:
    """The tiers of a photo that are seen."""
    found = (await library.http.get("/api/photos", params={"tier": "all_versions"})).json()
    return {version["tier"] for version in found if version["mediaAssetId"] == photo["asset"]}


async def post(library: Library, photo_id: str, action: str) -> None:
    answer = await library.http.post(f"/api/photos/{photo_id}/{action}")
    assert answer.status_code == 200, answer.text


async def test_a_photo_is_promoted_and_demoted_with_its_edit_and_its_raw_stays(library: Library) -> None:
    photo, edit, raw = [
        await add(library, "DSC1.JPG"),
        await add(library, "DSC1-edited.JPG"),
        await add(library, "DSC1.NEF", Kind.RAW),
    ]
    other = await add(library, "DSC2.JPG")
    await post(library, photo["silver"], "promote")
    assert await tiers(library, photo) == await tiers(library, edit) == {"bronze", "silver", "gold"}
    assert await tiers(library, raw) == {"bronze"}
    assert await tiers(library, other) == {"bronze", "silver"}
    # again from the other side: nothing is done twice
    await post(library, edit["silver"], "promote")
    gold = (await library.http.get("/api/photos", params={"tier": "gold"})).json()
    assert len(gold) == 2
    await post(library, next(one["id"] for one in gold if one["mediaAssetId"] == edit["asset"]), "demote")
    assert await tiers(library, photo) == await tiers(library, edit) == {"bronze", "silver"}


async def test_a_raw_is_put_away_brought_back_and_deleted_with_its_jpeg(library: Library) -> None:
    photo, raw = await add(library, "DSC1.JPG"), await add(library, "DSC1.NEF", Kind.RAW)
    await post(library, photo["silver"], "archive")
    assert await tiers(library, photo) == await tiers(library, raw) == set()
    await post(library, photo["silver"], "unarchive")
    assert await tiers(library, photo) == {"bronze", "silver"}
    assert await tiers(library, raw) == {"bronze"}
    answer = await library.http.delete(f"/api/photos/{photo['silver']}")
    assert answer.json()["success"] is True
    assert await tiers(library, photo) == await tiers(library, raw) == set()


async def test_with_one_version_only_those_of_its_tier_are_deleted(library: Library) -> None:
    photo, edit = await add(library, "DSC1.JPG"), await add(library, "DSC1-edited.JPG")
    await post(library, photo["silver"], "promote")
    gold = (await library.http.get("/api/photos", params={"tier": "gold"})).json()
    await library.http.delete(f"/api/photos/{gold[0]['id']}")
    assert await tiers(library, photo) == await tiers(library, edit) == {"bronze", "silver"}


async def test_a_batch_that_names_both_of_a_pair_does_each_once(library: Library) -> None:
    photo, edit = await add(library, "DSC1.JPG"), await add(library, "DSC1-edited.JPG")
    answer = await library.http.post("/api/photos/batch-promote", json={"photoIds": [photo["silver"], edit["silver"]]})
    assert answer.json()["errors"] == []
    assert len((await library.http.get("/api/photos", params={"tier": "gold"})).json()) == 2


async def test_what_a_person_has_parted_goes_its_own_way(library: Library) -> None:
    photo, raw = await add(library, "DSC1.JPG"), await add(library, "DSC1.NEF", Kind.RAW)
    group = (await library.http.get("/api/daemon/groups")).json()["groups"][0]
    await library.http.post(f"/api/daemon/groups/{group['id']}/dissolve")
    await post(library, photo["silver"], "archive")
    assert await tiers(library, raw) == {"bronze"}
