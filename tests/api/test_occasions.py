"""Occasions over HTTP, on each kind of database: proposed, accepted, renamed, dismissed, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.db.tables import FileVersion, Person, Sidecar, utc_now
from core.library.layout import Layout
from core.occasions.proposing import Proposals, propose_occasions
from core.passes.runner import Wanted
from tests.api.conftest import NOWHERE, Library
from tests.conftest import until_blocked

pytestmark = pytest.mark.asyncio

HAMBURG, ROME = (53.55, 9.99), (41.90, 12.49)


async def take(library: Library, when: datetime, place: tuple[float, float], count: int, **columns: Any) -> list[str]:
    """So many photos, ten minutes apart; answers the ids of their Silver versions."""
    taken = []
    for number in range(count):
        captured = (when + timedelta(minutes=10 * number)).isoformat()
        at = {"gps_latitude": place[0], "gps_longitude": place[1], "captured_at": captured}
        taken.append((await library.add_photo("silver", **(at | columns)))["silver"])
    return taken


@pytest.fixture
async def travelled(library: Library, with_cache: Callable[[Layout], None]) -> tuple[Library, list[str]]:
    """A library of who lives in Hamburg and was in Rome for three days; the photos of Rome."""
    with_cache(library.bench.layout)
    for month in range(1, 7):
        await take(library, datetime(2023, month, 20, 12), HAMBURG, 1)
    rome: list[str] = []
    for day in (8, 9, 10):
        rome += await take(library, datetime(2023, 5, day, 9), ROME, 4)
    return library, rome


async def occasions(library: Library, **parameters: Any) -> list[dict[str, Any]]:
    body = await library.send("GET", "/api/daemon/occasions", params=parameters)
    assert body["total"] == len(body["occasions"])
    found: list[dict[str, Any]] = body["occasions"]
    return found


async def events(library: Library) -> dict[str, tuple[str | None, str | None]]:
    async with library.bench.database.read() as connection:
        rows = await connection.execute(select(FileVersion.id, FileVersion.event_type, FileVersion.event_name))
        return {row.id: (row.event_type, row.event_name) for row in rows}


async def test_a_trip_is_proposed_accepted_renamed_and_taken_back(travelled: tuple[Library, list[str]]) -> None:
    library, rome = travelled
    said = {"event_type": "custom", "event_name": "Ada's show"}
    kept = await take(library, datetime(2023, 5, 9, 20), ROME, 1, **said)
    assert await propose_occasions(library.bench, is_dry=True) == Proposals(19, 1, 0, 0)
    assert await occasions(library) == []
    assert await propose_occasions(library.bench) == Proposals(19, 1, 0, 0)
    (trip,) = await occasions(library, state="proposed")
    assert (trip["kind"], trip["title"], trip["place"]) == ("trip", "Rome, Italy, 8–10 May 2023", "Rome, Italy")
    assert (trip["startsAt"], trip["endsAt"]) == ("2023-05-08T09:00:00", "2023-05-10T09:30:00")
    assert (trip["photoCount"], trip["eventCount"], sorted(trip["photoIds"])) == (13, 0, sorted(rome[:6]))
    assert set((await events(library)).values()) == {(None, None), ("custom", "Ada's show")}

    path = f"/api/daemon/occasions/{trip['id']}"
    assert await library.ids(f"{path}/photos") == [*rome[:8], *kept, *rome[8:]]
    accepted = await library.send("POST", f"{path}/accept", json={})
    assert (accepted["state"], accepted["photoCount"], accepted["eventCount"]) == ("accepted", 13, 12)
    given = {photo: event for photo, event in (await events(library)).items() if event != (None, None)}
    assert given == dict.fromkeys(rome, ("trip", trip["title"])) | {kept[0]: ("custom", "Ada's show")}
    async with library.bench.database.read() as connection:
        assert set((await connection.execute(select(Sidecar.version_id))).scalars()) == set(rome)

    # one photo is given another name by a person: it is theirs from now on
    await library.send("PATCH", f"/api/photos/{rome[0]}/metadata", json={"eventName": "Arrival"})
    renamed = await library.send("PUT", f"{path}/name", json={"name": "Roman holiday"})
    assert (renamed["name"], renamed["title"]) == ("Roman holiday", trip["title"])
    now = await events(library)
    assert (now[rome[0]], now[rome[1]]) == (("trip", "Arrival"), ("trip", "Roman holiday"))
    await library.send("POST", f"{path}/dismiss", 400)
    undone = await library.send("POST", f"{path}/undo")
    assert (undone["state"], undone["eventCount"], undone["decidedAt"]) == ("proposed", 0, None)
    now = await events(library)
    assert (now[rome[0]], now[rome[1]], now[kept[0]]) == (("trip", "Arrival"), (None, None), ("custom", "Ada's show"))
    history = await library.send("GET", f"/api/photos/{rome[1]}/history")
    assert [row["details"].split(") ")[1] for row in history] == [
        "lost the event Roman holiday, as that was taken back.",
        f"was given the event {trip['title']}, as the trip was accepted.",
    ]


async def test_looking_again_changes_what_has_changed_and_nothing_else(travelled: tuple[Library, list[str]]) -> None:
    library, rome = travelled
    await propose_occasions(library.bench)
    before = await occasions(library)
    revision = await library.bench.database.revision()
    assert await propose_occasions(library.bench) == Proposals(18, 0, 0, 0)
    assert await library.bench.database.revision() == revision
    assert await occasions(library) == before

    late = await take(library, datetime(2023, 5, 7, 20), ROME, 1)
    assert await propose_occasions(library.bench) == Proposals(19, 0, 1, 0)
    (grown,) = await occasions(library)
    assert (grown["id"], grown["photoCount"]) == (before[0]["id"], 13)
    assert grown["title"] == "Rome, Italy, 7–10 May 2023"

    path = f"/api/daemon/occasions/{grown['id']}"
    await library.send("POST", f"{path}/accept", json={"name": "Roman holiday"})
    taken = rome[0]
    await library.send("PATCH", f"/api/photos/{taken}/metadata", json={"eventType": None, "eventName": None})
    later = await take(library, datetime(2023, 5, 10, 12), ROME, 2)
    cleared = await take(library, datetime(2023, 5, 10, 13), ROME, 1)
    for name in ("Concert", ""):
        said = {"eventType": name and "custom", "eventName": name}
        await library.send("PATCH", f"/api/photos/{cleared[0]}/metadata", json=said)
    assert (await propose_occasions(library.bench)).changed == 1
    (again,) = await occasions(library, state="accepted")
    assert (again["name"], again["photoCount"], again["eventCount"]) == ("Roman holiday", 16, 13)
    assert [(await events(library))[one] for one in later] == [(None, None)] * 2
    again = await library.send("POST", f"{path}/accept", json={})
    assert again["eventCount"] == 15
    now = await events(library)
    assert {now[one] for one in (*late, *rome[1:], *later)} == {("trip", "Roman holiday")}
    # what a person has taken from a photo is not given to it again, and none is what they said
    assert (now[taken], now[cleared[0]]) == ((None, None), ("", ""))


async def test_what_somebody_says_while_a_trip_is_accepted_stays(travelled: tuple[Library, list[str]]) -> None:
    library, rome = travelled
    await propose_occasions(library.bench)
    (trip,) = await occasions(library)
    async with library.bench.database.write() as connection:
        said = update(FileVersion).where(FileVersion.id == rome[3]).values(event_name="Arrival")
        await connection.execute(said)
        accepting = asyncio.create_task(library.send("POST", f"/api/daemon/occasions/{trip['id']}/accept", json={}))
        await until_blocked(library.bench.database)
    assert (await accepting)["eventCount"] == 11
    assert (await events(library))[rome[3]] == (None, "Arrival")


async def test_what_was_dismissed_stays_dismissed(travelled: tuple[Library, list[str]]) -> None:
    library, _ = travelled
    await propose_occasions(library.bench)
    (trip,) = await occasions(library)
    path = f"/api/daemon/occasions/{trip['id']}"
    assert (await library.send("POST", f"{path}/dismiss"))["state"] == "dismissed"
    await take(library, datetime(2023, 5, 10, 12), ROME, 3)
    run = await library.passes.run(Wanted("events"))
    assert (run.state, run.progress.report) == ("done", {"photos": 21, "new": 0, "changed": 1, "gone": 0})
    assert await occasions(library, state="proposed") == []
    (dismissed,) = await occasions(library, state="dismissed")
    assert (dismissed["id"], dismissed["photoCount"]) == (trip["id"], 15)
    assert (await library.send("POST", f"{path}/undo"))["state"] == "proposed"


async def test_what_was_dismissed_is_not_proposed_again_in_parts(travelled: tuple[Library, list[str]]) -> None:
    library, rome = travelled
    new = await take(library, datetime(2023, 5, 10, 11), ROME, 5)
    await propose_occasions(library.bench)
    (trip,) = await occasions(library)
    await library.send("POST", f"/api/daemon/occasions/{trip['id']}/dismiss")
    # a photo of home divides the trip, and more photos come to either part, time and again
    await take(library, datetime(2023, 5, 9, 20), HAMBURG, 1)
    for hour in (12, 14):
        for day in (8, 10):
            new += await take(library, datetime(2023, 5, day, hour), ROME, 5)
        await propose_occasions(library.bench)
    assert (await propose_occasions(library.bench)) == Proposals(44, 0, 0, 0)
    (still,) = await occasions(library)
    assert (still["id"], still["state"], still["photoCount"]) == (trip["id"], "dismissed", 37)
    assert (still["startsAt"], still["endsAt"]) == ("2023-05-08T09:00:00", "2023-05-10T14:40:00")
    assert set(await library.ids(f"/api/daemon/occasions/{trip['id']}/photos")) == {*rome, *new}


async def test_a_proposal_whose_photos_are_archived_is_gone(travelled: tuple[Library, list[str]]) -> None:
    library, rome = travelled
    await propose_occasions(library.bench)
    async with library.bench.database.write() as connection:
        gone = FileVersion.__table__.update().where(FileVersion.id.in_(rome))
        await connection.execute(gone.values(archived_at=utc_now()))
    assert (await propose_occasions(library.bench)).gone == 1
    assert await occasions(library) == []


async def test_what_is_no_occasion(library: Library) -> None:
    path = f"/api/daemon/occasions/{NOWHERE}"
    for method, end, body in (
        ("GET", "", None),
        ("GET", "/photos", None),
        ("POST", "/accept", {}),
        ("PUT", "/name", {"name": "x"}),
        ("POST", "/dismiss", None),
        ("POST", "/undo", None),
    ):
        await library.send(method, f"{path}{end}", 404, **({} if body is None else {"json": body}))
    await library.send("PUT", f"{path}/name", 400, json={"name": ""})
    await library.send("GET", "/api/daemon/occasions", 400, params={"state": "nonsense"})


async def test_a_party_is_called_after_its_people_and_what_happened(library: Library) -> None:
    guests = [await library.insert(Person, name=name) for name in ("Ada", "Bob", "Cy")]
    tags = {"keywords": ["Wedding"], "combined_metadata": {"ai": {"aiTags": ["cake", "flowers"]}}}
    for number, photo in enumerate(await take(library, datetime(2023, 6, 3, 18), HAMBURG, 16, **tags)):
        # two of the guests are on every photo, the third on the first only
        for guest in guests[: 3 if number == 0 else 2]:
            await library.add_face(photo, person_id=guest)
        await library.add_face(photo)
    assert (await propose_occasions(library.bench)).new == 1
    (party,) = await occasions(library)
    assert (party["kind"], party["photoCount"]) == ("party", 16)
    assert party["title"] == "Wedding with Ada and Bob, 3 June 2023"
