"""A library of copies, for the tests of the pass that finds them and of what people decide."""

from __future__ import annotations

import hashlib
from itertools import combinations
from typing import Any

from sqlalchemy import insert, select, update

from api.schemas.duplicate import duplicate_group_of
from core.db.tables import DuplicatePair, FileVersion, MediaAsset
from core.db.upsert import insert_on_conflict
from core.duplicates.keeping import propose
from core.duplicates.listing import find_duplicates, list_duplicates
from core.passes.duplicates import DUPLICATES
from core.passes.runner import Runner, Wanted
from core.passes.runs import RunState
from core.passes.shape import Tools


class Shelf:
    """A library to put pictures into, and the pass."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.database = tools.bench.database

    async def put(self, name: str, content: bytes, **columns: Any) -> None:
        """An asset whose id is ``name``, with a Bronze and a Silver version."""
        sha256 = hashlib.sha256(content).hexdigest()
        async with self.database.write() as connection:
            await connection.execute(insert(MediaAsset).values(id=name, original_filename=name, sha256=sha256))
            for tier in ("bronze", "silver"):
                path = self.tools.bench.layout.absolute(f"media/{tier}/{name}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                values = {
                    "id": f"{tier}-{name}",
                    "media_asset_id": name,
                    "tier": tier,
                    "file_path": f"media/{tier}/{name}",
                    "file_hash": hashlib.md5(content).hexdigest(),
                    "file_size": len(content),
                    "sha256": sha256,
                    "mime_type": "image/jpeg",
                    "width": 640,
                    "height": 480,
                }
                await connection.execute(insert(FileVersion).values(values | columns))

    async def replace(self, name: str, content: bytes) -> None:
        """Other content for an asset, as a file that was written again has."""
        sha256 = hashlib.sha256(content).hexdigest()
        self.tools.bench.layout.absolute(f"media/bronze/{name}").write_bytes(content)
        async with self.database.write() as connection:
            await connection.execute(update(MediaAsset).where(MediaAsset.id == name).values(sha256=sha256))
            await connection.execute(
                update(FileVersion).where(FileVersion.media_asset_id == name).values(sha256=sha256)
            )

    async def run(self) -> dict[str, Any]:
        run = await Runner(self.tools, [DUPLICATES]).run(Wanted("duplicates"))
        assert run.state is RunState.DONE, run.reason
        assert run.progress.done == run.progress.total
        return run.progress.report

    async def groups(self, **wanted: Any) -> list[dict[str, Any]]:
        """The groups: their keepers, and of what kind the copies are."""
        async with self.database.read() as connection:
            rows, total = await list_duplicates(connection, limit=100, **wanted)
        assert len(rows) == total
        return [dict(row._mapping) for row in rows]

    async def kinds(self) -> dict[str, tuple[str, dict[str, str | None]]]:
        """Keeper → kind of the group, and of each copy."""
        async with self.database.read() as connection:
            rows, _ = await list_duplicates(connection, limit=100)
        groups = [duplicate_group_of(row) for row in rows]
        return {
            group.keeper_id: (group.kind, {one.asset_id: one.kind for one in group.members[1:]}) for group in groups
        }

    async def only_group(self) -> str:
        (group,) = await self.groups()
        return str(group["id"])

    async def members(self, group_id: str) -> list[str]:
        async with self.database.read() as connection:
            group = duplicate_group_of(await find_duplicates(connection, group_id))
        return sorted(one.asset_id for one in group.members)


async def filled(shelf: Shelf, *names: str) -> str:
    """Pictures all of which are copies of each other, the larger the earlier; answers the id of their group."""
    for number, name in enumerate(names):
        await shelf.put(name, b"%d %s" % (number, name.encode()), width=1000 - 100 * number, height=800)
    await tie(shelf, *names)
    assert await propose(shelf.database) == (1, 1)
    return await shelf.only_group()


async def tie(shelf: Shelf, *names: str) -> None:
    pairs = [
        {"one_id": one, "other_id": other, "kind": "same", "similarity": 97, "reason": f"{one} and {other} are alike."}
        for one, other in combinations(sorted(names), 2)
    ]
    async with shelf.database.write() as connection:
        await connection.execute(
            insert_on_conflict(connection.dialect.name, DuplicatePair).on_conflict_do_nothing(), pairs
        )


async def visible(shelf: Shelf) -> list[str]:
    statement = select(FileVersion.media_asset_id).where(
        FileVersion.tier == "silver", FileVersion.archived_at.is_(None)
    )
    async with shelf.database.read() as connection:
        return sorted((await connection.execute(statement)).scalars())
