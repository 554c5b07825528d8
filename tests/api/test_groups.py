"""Groups over HTTP."""

from __future__ import annotations

from core.groups.facts import GroupFacts, Place
from core.groups.keeping import keep_grouped
from core.media.facts import Kind
from tests.api.conftest import Library


async def group_of(library: Library, *names: str) -> dict[str, str]:
    """Files that belong together by name; answers their assets' ids."""
    assets = {}
    for name in names:
        assets[name] = await library.add_asset(name)
        kind = Kind.RAW if name.endswith("NEF") else Kind.PHOTO
        async with library.bench.database.write() as connection:
            await keep_grouped(connection, GroupFacts(assets[name], kind, (Place("card", name),)))
    return assets


async def test_a_group_is_shown_with_its_members_and_the_best_version_of_each(library: Library) -> None:
    assets = await group_of(library, "DSC1.NEF", "DSC1.JPG")
    await library.add_version(assets["DSC1.JPG"], "bronze")
    await library.add_version(assets["DSC1.JPG"], "silver")
    gold = await library.add_version(assets["DSC1.JPG"], "gold")
    bronze = await library.add_version(assets["DSC1.NEF"], "bronze")
    answer = (await library.http.get("/api/daemon/groups")).json()
    assert answer["total"] == 1
    (group,) = answer["groups"]
    reason = "DSC1.NEF and DSC1.JPG have one name and folder and are one shot as RAW and as developed picture."
    assert group["members"] == [
        {
            "assetId": assets["DSC1.JPG"],
            "photoId": gold,
            "originalFilename": "DSC1.JPG",
            "role": "picture",
            "reason": reason,
        },
        {
            "assetId": assets["DSC1.NEF"],
            "photoId": bronze,
            "originalFilename": "DSC1.NEF",
            "role": "raw",
            "reason": reason,
        },
    ]
    assert (group["type"], group["primaryAssetId"], group["reason"]) == ("raw_jpeg", assets["DSC1.JPG"], reason)
    assert (await library.http.get(f"/api/daemon/groups/{group['id']}")).json() == group
    assert (await library.http.get("/api/daemon/groups", params={"type": "burst"})).json() == {"groups": [], "total": 0}


async def test_a_person_dissolves_restores_and_chooses(library: Library) -> None:
    assets = await group_of(library, "DSC1.NEF", "DSC1.JPG")
    path = f"/api/daemon/groups/{(await library.http.get('/api/daemon/groups')).json()['groups'][0]['id']}"
    chosen = await library.http.post(f"{path}/primary", json={"assetId": assets["DSC1.NEF"]})
    assert (chosen.json()["primaryAssetId"], chosen.json()["isPrimaryChosen"]) == (assets["DSC1.NEF"], True)
    assert (await library.http.post(f"{path}/dissolve")).json()["dissolvedAt"] is not None
    assert (await library.http.get("/api/daemon/groups")).json()["total"] == 0
    dissolved = await library.http.get("/api/daemon/groups", params={"dissolved": "true"})
    assert [len(group["members"]) for group in dissolved.json()["groups"]] == [2]
    assert (await library.http.post(f"{path}/restore")).status_code == 204
    assert (await library.http.get("/api/daemon/groups")).json()["total"] == 1


async def test_what_is_no_group_or_no_member_is_said(library: Library) -> None:
    await group_of(library, "DSC1.NEF", "DSC1.JPG")
    path = f"/api/daemon/groups/{(await library.http.get('/api/daemon/groups')).json()['groups'][0]['id']}"
    refused = await library.http.post(f"{path}/primary", json={"assetId": "x"})
    assert (refused.status_code, "no member" in refused.json()["message"]) == (400, True)
    for answer in (
        await library.http.get("/api/daemon/groups/x"),
        await library.http.post("/api/daemon/groups/x/dissolve"),
        await library.http.post("/api/daemon/groups/x/restore"),
    ):
        assert answer.status_code == 404
    assert (await library.http.get("/api/daemon/groups", params={"type": "flock"})).status_code == 400
