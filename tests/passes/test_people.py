"""Faces without a name are looked at beside those that have one, and stay without."""

from __future__ import annotations

from sqlalchemy import insert, select

from core.db.tables import Face, FileVersion, MediaAsset, Person, new_id
from core.passes.people import PEOPLE
from core.passes.runner import Runner, Wanted
from core.passes.shape import Tools


async def test_it_tells_how_many_may_be_somebody_and_names_nobody(both_tools: Tools) -> None:
    near, far = [0.0] * 128, [0.2] * 128
    ada, asset, photo = new_id(), new_id(), new_id()
    async with both_tools.bench.database.write() as connection:
        await connection.execute(insert(Person).values(id=ada, name="Ada"))
        await connection.execute(insert(MediaAsset).values(id=asset, original_filename="a.jpg"))
        values = {"tier": "silver", "file_hash": "0" * 32, "file_size": 1, "mime_type": "image/jpeg"}
        path = "media/silver/2025/08/a.jpg"
        await connection.execute(insert(FileVersion).values(id=photo, media_asset_id=asset, file_path=path, **values))
        faces = [(ada, near, False), (None, near, False), (None, far, False), (None, near, True)]
        for number, (person, embedding, ignored) in enumerate(faces):
            face = {"photo_id": photo, "person_id": person, "embedding": embedding, "ignored": ignored}
            box = {"bounding_box": [number, 0, 10, 10], "confidence": 90}
            await connection.execute(insert(Face).values(**face, **box))
    run = await Runner(both_tools, [PEOPLE]).run(Wanted("people"))
    assert run.progress.report == {"unnamed": 2, "suggested": 1, "sure": 1, "people": 1}
    async with both_tools.bench.database.read() as connection:
        named = (await connection.execute(select(Face.person_id).where(Face.person_id.is_not(None)))).scalars().all()
    assert named == [ada]
