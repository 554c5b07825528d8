"""Promotes, renews and demotes a photo, killed before every single step that changes something on disk or commits.

A program of its own: it forks a process for each step, which dies there as by a power cut, another that does what a
start after a crash does, and a third that repeats the request. Prints what it saw as JSON: how many steps there were,
and every fault.

    python -m tests.pipeline.killed_promotions FOLDER promote|renew|demote
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from sqlalchemy import event, insert, select, update

from core.ai.providers import Providers
from core.db.engine import Database, open_database
from core.db.migrate import migrate
from core.db.tables import FileVersion, MediaAsset, Placement
from core.library.layout import Layout
from core.pipeline.demote import demote
from core.pipeline.promote import promote
from core.pipeline.recovery import recover
from core.pipeline.workbench import Workbench

T = TypeVar("T")

KILLED = 9
ASSET, SILVER = "asset", "silver"
SILVER_PATH = "media/silver/2023/05/a.jpg"
_CHANGES = {"os.link", "os.rename", "os.remove", "os.chmod", "os.utime", "os.mkdir", "os.truncate"}


class InThread:
    """Workers are threads here: what they compute is not what is tested."""

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    async def close(self) -> None:
        """Nothing to end."""


def bench(home: Path, holder: str) -> Workbench:
    layout, compute, database = Layout(home), InThread(), open_database(f"sqlite+aiosqlite:///{home}/pictallion.db")
    return Workbench(
        database=database,
        layout=layout,
        compute=compute,
        providers=Providers(database, compute),
        holder=holder,
        naming="datetime",
        home_zone=None,
        max_attempts=3,
    )


def killer(home: Path, database: Database, step: int) -> None:
    """Ends this process before its ``step``-th change below ``home``."""
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            os._exit(KILLED)

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        is_write = name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (name in _CHANGES or is_write) and any(str(home) in str(each) for each in arguments[:2]):
            count()

    sys.addaudithook(audit)
    event.listen(database._writer.sync_engine, "commit", lambda _: count())


def forked(work: Callable[[], Awaitable[None]]) -> int:
    """Runs ``work`` in a process of its own; returns its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(work())  # type: ignore[arg-type]
            code = 0
        except BaseException as error:  # noqa: BLE001 - the parent reports it
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def prepare(home: Path, action: str) -> None:
    """A library with one photo, as far as the action needs it."""
    tools = bench(home, "1-before")
    tools.layout.create()
    await migrate(tools.database)
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(buffer, "JPEG")
    content = buffer.getvalue()
    path = tools.layout.absolute(SILVER_PATH)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    columns = {
        "media_asset_id": ASSET,
        "file_hash": hashlib.md5(content).hexdigest(),
        "sha256": sha256,
        "file_size": len(content),
        "mime_type": "image/jpeg",
        "captured_at": "2023-05-06T07:08:09",
        "capture_source": "exif-original",
        "rating": 4,
    }
    async with tools.database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id=ASSET, original_filename="a.jpg", sha256=sha256))
        await connection.execute(
            insert(FileVersion).values(columns | {"id": SILVER, "tier": "silver", "file_path": SILVER_PATH})
        )
    if action != "promote":
        gold_id = (await promote(tools, SILVER)).gold_id
        async with tools.database.write() as connection:
            await connection.execute(update(FileVersion).where(FileVersion.id == gold_id).values(rating=2))
    await tools.database.close()


async def act(tools: Workbench, action: str) -> None:
    if action == "demote":
        async with tools.database.read() as connection:
            gold = (await connection.execute(select(FileVersion.id).where(FileVersion.tier == "gold"))).scalar()
        if gold is not None:
            await demote(tools, gold)
    else:
        await promote(tools, SILVER)


async def faults(tools: Workbench, original: bytes) -> list[str]:
    """What is not as it has to be whenever nothing is under way."""
    found = []
    async with tools.database.read() as connection:
        versions = list(await connection.execute(select(FileVersion.tier, FileVersion.file_path, FileVersion.sha256)))
        placements = list(await connection.execute(select(Placement.target)))
    if placements:
        found.append(f"left under way: {placements}")
    if tools.layout.absolute(SILVER_PATH).read_bytes() != original:
        found.append("the Silver file changed")
    explained = {SILVER_PATH}
    for tier, file_path, sha256 in versions:
        if tier != "gold":
            continue
        explained |= {file_path, f"{file_path}.xmp"}
        path = tools.layout.absolute(file_path)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            found.append(f"{file_path} is not what its row says")
    there = {str(path.relative_to(tools.layout.data_dir)) for path in tools.layout.media.rglob("*") if path.is_file()}
    if there - explained:
        found.append(f"unexplained: {sorted(there - explained)}")
    if explained - there:
        found.append(f"missing: {sorted(explained - there)}")
    return found


def main() -> None:
    """Goes through the steps until the action ends by itself."""
    folder, action = Path(sys.argv[1]), sys.argv[2]
    template = folder / "template"
    template.mkdir()
    assert forked(lambda: prepare(template, action)) == 0
    original = (template / SILVER_PATH).read_bytes()
    step, seen = 0, []
    while True:
        step += 1
        home = folder / f"home{step}"
        shutil.copytree(template, home, symlinks=True)

        async def until_killed(home: Path = home, step: int = step) -> None:
            tools = bench(home, "99-dead")
            killer(home, tools.database, step)
            await act(tools, action)

        async def after(home: Path = home, step: int = step) -> None:
            tools = bench(home, "1-living")
            await recover(tools.database, tools.layout, tools.holder)
            wrong = [f"step {step}, recovered: {fault}" for fault in await faults(tools, original)]
            await act(tools, action)
            wrong += [f"step {step}, repeated: {fault}" for fault in await faults(tools, original)]
            async with tools.database.read() as connection:
                gold = list(
                    (await connection.execute(select(FileVersion.id).where(FileVersion.tier == "gold"))).scalars()
                )
            if len(gold) != (action != "demote"):
                wrong.append(f"step {step}: {len(gold)} Gold versions")
            (folder / "faults").write_text(json.dumps(wrong))
            await tools.database.close()

        ended = forked(until_killed)
        if forked(after) != 0:
            seen.append(f"step {step}: what follows failed")
        seen += json.loads((folder / "faults").read_text())
        shutil.rmtree(home)
        if ended != KILLED:
            if ended:
                seen.append(f"step {step}: the action failed")
            break
    print(json.dumps({"steps": step - 1, "faults": seen}), flush=True)


if __name__ == "__main__":
    main()
