"""What explains a file in a watched folder."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from core.audit.sources import Listed, Source, unexplained
from core.db.engine import Database
from core.db.tables import FileVersion, LedgerEntry, MediaAsset, Sidecar
from core.library.layout import Layout, Tier, reference_path
from core.pipeline.roots import Mode, Root


async def test_a_sidecar_of_ours_is_explained_before_a_scan_has_seen_it(database: Database, tmp_path: Path) -> None:
    """As it lies there when the power fails right after it was written beside the photo."""
    root, layout = Root("inbox", str(tmp_path), Mode.REFERENCE), Layout(tmp_path / "data")
    name = "trip/Ärger \udcff.jpg"
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="a", original_filename="x.jpg"))
        version = {"id": "v", "media_asset_id": "a", "tier": "silver", "file_hash": "h"}
        version["file_path"] = reference_path(Tier.SILVER, "inbox", name)
        await connection.execute(insert(FileVersion).values(**version, file_size=1, mime_type="image/jpeg"))
        beside = f"{layout.absolute(version['file_path'])}.xmp"
        await connection.execute(insert(Sidecar).values(version_id="v", state="written", path=beside))
        entry = {"root": "inbox", "path": name, "state": "done", "size": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": "1"}
        await connection.execute(insert(LedgerEntry).values(**entry))
    listed = [Listed([name, f"{name}.xmp", "trip/other.xmp"])]
    source = Source(root, lambda: listed, lambda _: True)
    assert await unexplained(database, layout, source) == (["trip/other.xmp"], [])
