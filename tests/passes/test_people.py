"""Faces without a name are proposed: whose they may be, and which are one person's. Nobody is named by it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, insert, select, update

from core.db.tables import (
    Face,
    FileVersion,
    MediaAsset,
    Person,
    SuggestedName,
    UnnamedGroup,
    UnnamedGroupFace,
    new_id,
    utc_now,
)
from core.passes import runs
from core.passes.people import PEOPLE
from core.passes.runner import Runner, Wanted
from core.passes.runs import Run, RunState
from core.passes.shape import Tools
from core.people.assigning import assign, set_ignored
from core.people.comparing import found_groups, group_some
from core.people.embeddings import Embeddings
from core.people.face_file import write_faces
from core.people.merging import merge_people
from core.people.proposed import accept_group, count_groups, count_suggested, dismiss_group, list_groups, reopen_group
from core.people.refused import allow, refuse
from core.people.unnamed import look_again, suggestions_for_unnamed


@dataclass
class Album:
    """One photo with many faces. A face looks like somebody, a number, and is so far from how they usually look."""

    tools: Tools
    photo: str

    async def face(
        self, looks: int, apart: float = 0.0, person: str | None = None, confidence: int = 90, *, ignored: bool = False
    ) -> str:
        numbers = [0.0] * 128
        numbers[looks], numbers[100 + looks] = 2.0, apart
        face_id = new_id()
        async with self.tools.bench.database.write() as connection:
            row = {"id": face_id, "photo_id": self.photo, "person_id": person, "embedding": numbers}
            seen = {"ignored": ignored, "confidence": confidence, "bounding_box": [looks, 0, 10, 10]}
            await connection.execute(insert(Face).values(**row, **seen))
        return face_id

    async def person(self, name: str) -> str:
        async with self.tools.bench.database.write() as connection:
            person_id = new_id()
            await connection.execute(insert(Person).values(id=person_id, name=name))
        return person_id

    async def look(self, *, is_dry: bool = False) -> Run:
        run = await Runner(self.tools, [PEOPLE]).run(Wanted("people", is_dry=is_dry))
        assert run.state is RunState.DONE, run.reason
        return run

    async def suggested(self) -> dict[str, str]:
        async with self.tools.bench.database.read() as connection:
            rows = await connection.execute(select(SuggestedName.face_id, SuggestedName.person_id))
            return {row.face_id: row.person_id for row in rows}

    async def groups(self) -> list[set[str]]:
        """The faces of each open group."""
        async with self.tools.bench.database.read() as connection:
            statement = select(UnnamedGroupFace.group_id, UnnamedGroupFace.face_id).join(UnnamedGroup)
            found: dict[str, set[str]] = {}
            for row in await connection.execute(statement.where(UnnamedGroup.dismissed_at.is_(None))):
                found.setdefault(row.group_id, set()).add(row.face_id)
        return sorted(found.values(), key=len)

    async def only_group(self) -> str:
        async with self.tools.bench.database.read() as connection:
            rows, _ = await list_groups(connection, is_dismissed=False, limit=10, offset=0)
        (row,) = rows
        return str(row.id)


@pytest.fixture
async def album(both_tools: Tools) -> Album:
    asset, photo = new_id(), new_id()
    async with both_tools.bench.database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id=asset, original_filename="a.jpg"))
        values = {"tier": "silver", "file_hash": "0" * 32, "file_size": 1, "mime_type": "image/jpeg"}
        path = "media/silver/2025/08/a.jpg"
        await connection.execute(insert(FileVersion).values(id=photo, media_asset_id=asset, file_path=path, **values))
    return Album(both_tools, photo)


async def test_it_proposes_names_and_groups_and_names_nobody(album: Album) -> None:
    ada = await album.person("Ada")
    named = await album.face(1, person=ada)
    near, likely, also = await album.face(1, 0.1), await album.face(1, 0.55), await album.face(1, 0.15)
    strangers = {await album.face(2), await album.face(2, 0.1), await album.face(2, 0.2)}
    await album.face(3)
    await album.face(1, ignored=True)
    dry = await album.look(is_dry=True)
    assert (await album.suggested(), await album.groups()) == ({}, [])
    run = await album.look()
    told = {"unnamed": 7, "named": 1, "suggested": 3, "sure": 2, "groups": 1, "grouped": 3}
    assert dry.progress.report == told | {"newGroups": 0}
    assert run.progress.report == told | {"newGroups": 1}
    assert run.progress.done == run.progress.total == 15
    assert await album.suggested() == {near: ada, likely: ada, also: ada}
    # those that surely are Ada are no unnamed person's
    assert await album.groups() == [strangers]
    async with album.tools.bench.database.read() as connection:
        faces = (await connection.execute(select(Face.id).where(Face.person_id.is_not(None)))).scalars().all()
        first = (await connection.execute(select(SuggestedName.__table__))).all()
        assert (await count_suggested(connection), await count_groups(connection)) == (3, 1)
    assert faces == [named]
    assert (await album.look()).progress.report == told | {"newGroups": 0}
    async with album.tools.bench.database.read() as connection:
        assert set((await connection.execute(select(SuggestedName.__table__))).all()) == set(first)


async def test_a_group_grows_and_shrinks_and_is_gone_when_it_has_a_name(album: Album) -> None:
    one, other = await album.face(2), await album.face(2, 0.1)
    await album.look()
    since = utc_now()
    third = await album.face(2, 0.2)
    assert (await album.look()).progress.report["newGroups"] == 0
    assert await album.groups() == [{one, other, third}]
    async with album.tools.bench.database.read() as connection:
        assert (await connection.execute(select(UnnamedGroup.created_at))).scalar_one() < since
    async with album.tools.bench.database.write() as connection:
        await connection.execute(delete(Face).where(Face.id == one))
    await album.look()
    assert await album.groups() == [{other, third}]
    group = await album.only_group()
    ada = await album.person("Ada")
    async with album.tools.bench.database.write() as connection:
        assert await accept_group(connection, group, ada) == 2
        assert await count_groups(connection) == 0
    await album.look()
    assert await album.groups() == []


async def test_what_a_person_refused_is_never_proposed_again(album: Album) -> None:
    ada, eve = await album.person("Ada"), await album.person("Eve")
    await album.face(1, person=ada)
    refused, unnamed, renamed = [await album.face(1, apart) for apart in (0.1, 0.2, 0.3)]
    database = album.tools.bench.database
    async with database.write() as connection:
        assert await refuse(connection, [(refused, ada), ("nothing", ada)]) == 1
        await assign(connection, [unnamed, renamed], ada)
        await assign(connection, [unnamed], None)
        await assign(connection, [renamed], eve)
    async with database.write() as connection:
        await assign(connection, [renamed], None)
    assert (await album.look()).progress.report["suggested"] == 0
    assert await album.suggested() == {}
    # nor by what is compared at once
    embeddings = Embeddings(database)
    assert await suggestions_for_unnamed(database, embeddings) == []
    assert await look_again(database, embeddings) == []
    async with database.write() as connection:
        await merge_people(connection, ada, eve, fill_in=False)
    await album.look()
    assert await album.suggested() == {}
    async with database.write() as connection:
        assert await allow(connection, [(refused, eve), (unnamed, ada)]) == 1
    await album.look()
    assert await album.suggested() == {refused: eve}
    async with database.write() as connection:
        # whoever says it says it
        await assign(connection, [unnamed], eve)
        await connection.execute(update(Face).where(Face.id == unnamed).values(person_id=None))
    await album.look()
    assert await album.suggested() == {refused: eve, unnamed: eve}


async def test_faces_of_a_dismissed_group_are_not_put_together_again(album: Album) -> None:
    first, second = await album.face(2, confidence=99), await album.face(2, 0.1)
    await album.look()
    group = await album.only_group()
    database = album.tools.bench.database
    async with database.write() as connection:
        await dismiss_group(connection, group)
    third = await album.face(2, 0.2)
    await album.look()
    assert await album.groups() == [{first, third}]
    async with database.write() as connection:
        await dismiss_group(connection, await album.only_group())
    await album.look()
    assert await album.groups() == [{second, third}]
    async with database.write() as connection:
        for row in (await list_groups(connection, is_dismissed=True, limit=10, offset=0))[0]:
            await reopen_group(connection, row.id)
    await album.look()
    assert await album.groups() == [{first, second, third}]


async def test_proposals_are_true_at_once_when_a_face_is_named_or_ignored(album: Album) -> None:
    ada = await album.person("Ada")
    await album.face(1, person=ada)
    near = await album.face(1, 0.1)
    one, other = await album.face(2), await album.face(2, 0.1)
    await album.look()
    database = album.tools.bench.database
    async with database.write() as connection:
        await set_ignored(connection, [one], ignored=True)
        await assign(connection, [near], ada)
        assert (await count_suggested(connection), await count_groups(connection)) == (0, 0)
        assert (
            await accept_group(connection, (await connection.execute(select(UnnamedGroup.id))).scalar_one(), ada) == 1
        )
    async with database.read() as connection:
        rows = await connection.execute(select(Face.id, Face.person_id, Face.ignored))
        said = {row.id: (row.person_id, row.ignored) for row in rows}
    assert (said[one], said[other]) == ((None, True), (ada, False))


async def test_a_slice_that_was_cut_off_in_the_middle_is_done_anew(album: Album) -> None:
    for apart in (0.0, 0.1, 0.2):
        await album.face(2, apart)
    file = await write_faces(album.tools.bench.database, album.tools.bench.layout.cache / "faces")
    assert group_some(file, 0, 60) == file.unnamed == 3
    (found,) = found_groups(file)
    # the power failed when the members were written, and how sure the group is was not
    file.confidences()[:] = 0
    assert found_groups(file) == []
    assert group_some(file, 0, 60) == 3
    assert found_groups(file) == [found]


async def test_after_kills_between_slices_it_goes_on_and_finds_the_same(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.passes.people.SLICE_SECONDS", 0)
    monkeypatch.setattr("core.passes.people._ROWS_AT_ONCE", 1)
    ada = await album.person("Ada")
    await album.face(1, person=ada)
    near = await album.face(1, 0.55)
    strangers = {await album.face(2), await album.face(2, 0.1), await album.face(2, 0.2)}
    others = {await album.face(3), await album.face(3, 0.1)}
    cache = album.tools.bench.layout.cache
    ids = set()
    # while names are looked for; where that is over, and the file is gone; where all are in their groups
    for killed_at in (2, 6, 12):

        def kill(run: Run, killed_at: int = killed_at) -> None:
            if run.progress.done == killed_at:
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await Runner(album.tools, [PEOPLE], tell=kill).run(Wanted("people"))
        async with album.tools.bench.database.read() as connection:
            (cut,) = await runs.history(connection, "people", 10)
        assert (cut.state, cut.progress.done) == (RunState.RUNNING, killed_at)
        ids.add(cut.id)
        if killed_at == 6:
            assert list(cache.glob("faces*"))
            for path in cache.glob("faces*"):
                path.unlink()
    # ignored after it was compared, before it is proposed
    async with album.tools.bench.database.write() as connection:
        await set_ignored(connection, [strangers.pop()], ignored=True)
    run = await album.look()
    assert {run.id} == ids
    assert run.progress.report["suggested"] == 1
    assert await album.suggested() == {near: ada}
    # a group of which a face is ignored by now waits for the next night
    assert await album.groups() == [others]
    await album.look()
    assert sorted(map(sorted, await album.groups())) == sorted([sorted(strangers), sorted(others)])
    assert not list(cache.glob("faces*"))
