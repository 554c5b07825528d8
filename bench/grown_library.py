"""A large library in minutes: a few hundred photos are taken in, the others become rows and files like theirs.

Taking 100,000 photos in takes an hour of two cores, and what is measured here begins after it. Every photo that is
added has a file, a preview and a thumbnail of its own, and its own hashes; the rows are copies of those of a photo that
was taken in, with other names, dates and hashes.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image

from bench.photos import make_years_of_photos
from core.library.sidecar_look import signature_of
from core.media.perceptual_hash import perceptual_hash

_OF_ASSET = {
    "media_assets": "id",
    "file_versions": "media_asset_id",
    "asset_history": "media_asset_id",
    "grouped_assets": "media_asset_id",
    "group_keys": "media_asset_id",
    "ledger": "media_asset_id",
}
_AT_ONCE = 1_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A photo that was taken in: its rows by table, in the order in which they can be written."""

    rows: dict[str, list[Row]]

    def of(self, table: str, **values: object) -> Row:
        """The row of the table that has these values."""
        return next(row for row in self.rows[table] if all(row[key] == value for key, value in values.items()))


def grow(home: Path, made: str, taken_in: int, photos: int) -> None:
    """Adds to the library of a daemon that does not run until it has ``photos``.

    ``taken_in`` of them, a multiple of 20, came from the folder ``made`` in the inbox, as
    :func:`bench.photos.make_years_of_photos` writes them.
    """
    inbox = home / "inbox" / made
    connection = sqlite3.connect(home / "data" / "pictallion.db")
    connection.row_factory = sqlite3.Row
    templates = [_template(connection, f"{made}/{number:06d}.jpg") for number in range(taken_in)]
    for first in range(taken_in, photos, _AT_ONCE):
        last = min(first + _AT_ONCE, photos)
        make_years_of_photos(inbox, last - first, first)
        with connection:
            for number in range(first, last):
                _add(connection, home / "data", inbox / f"{number:06d}.jpg", templates[number % taken_in])
    connection.execute("analyze")
    connection.close()


def _template(connection: sqlite3.Connection, path: str) -> Template:
    found = connection.execute("select * from ledger where path = ?", (path,)).fetchone()
    rows = {
        table: [dict(row) for row in connection.execute(f"select * from {table} where {key} = ?", (found[of],))]
        for table, key, of in (
            *((table, key, "media_asset_id") for table, key in _OF_ASSET.items()),
            ("stage_results", "sha256", "sha256"),
        )
    }
    silver = next(row["id"] for row in rows["file_versions"] if row["tier"] == "silver")
    rows["sidecars"] = [
        dict(row) for row in connection.execute("select * from sidecars where version_id = ?", (silver,))
    ]
    return Template(rows)


def _add(connection: sqlite3.Connection, data: Path, file: Path, template: Template) -> None:
    """One photo: its files, then its rows."""
    content = file.read_bytes()
    old = template.of("file_versions", tier="silver")
    sha256, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content, usedforsecurity=False).hexdigest()
    with Image.open(file) as picture:
        taken = datetime.strptime(picture.getexif().get_ifd(0x8769)[0x9003], "%Y:%m:%d %H:%M:%S")
        pixels = picture.convert("RGB")
    bronze = f"media/bronze/{taken:%Y/%m}/{file.name}"
    silver = f"media/silver/{taken:%Y/%m}/{taken:%Y-%m-%d_%H-%M-%S}-{file.name}"
    for path in (bronze, silver):
        (data / path).parent.mkdir(parents=True, exist_ok=True)
    (data / bronze).write_bytes(content)
    os.link(data / bronze, data / silver)
    sidecar = data / f"{silver}.xmp"
    sidecar.write_bytes(Path(template.rows["sidecars"][0]["path"]).read_bytes())
    shown = data / "thumbnails" / sha256[:2]
    shown.mkdir(exist_ok=True)
    for kind in ("preview", "250"):
        pixels.save(shown / f"{sha256}-{kind}.jpeg", quality=85)
    status = file.stat()
    replaced = {
        row["id"]: str(uuid4())
        for table in ("media_assets", "file_versions", "asset_history")
        for row in template.rows[table]
    } | {
        old["sha256"]: sha256,
        old["file_hash"]: md5,
        old["captured_at"]: f"{taken:%Y-%m-%dT%H:%M:%S}",
        template.rows["ledger"][0]["path"].removesuffix(".jpg"): f"{file.parent.name}/{file.stem}",
        template.rows["media_assets"][0]["original_filename"]: file.name,
    }
    own: dict[str, Row] = {
        "bronze": {"file_path": bronze, "file_size": len(content)},
        "silver": {
            "file_path": silver,
            "file_size": len(content),
            "perceptual_hash": perceptual_hash(np.asarray(pixels)),
        },
        "ledger": {
            "id": None,
            "size": status.st_size,
            "mtime_ns": status.st_mtime_ns,
            "ctime_ns": status.st_ctime_ns,
            "inode": status.st_ino,
        },
        "sidecars": {"path": str(sidecar), "signature": signature_of(str(sidecar))},
        "asset_history": {"timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"},
    }
    for table, rows in template.rows.items():
        for row in rows:
            copied = {key: _with(value, replaced) for key, value in row.items()}
            values = copied | own.get(table, {}) | own.get(row.get("tier", ""), {})
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join("?" * len(values))
            connection.execute(f"insert into {table} ({names}) values ({marks})", [*values.values()])


def _with(value: object, replaced: dict[str, str]) -> object:
    if isinstance(value, str):
        for old, new in replaced.items():
            value = value.replace(old, new)
    elif isinstance(value, bytes):
        for old, new in replaced.items():
            if len(old) == len(new):  # a length is written before a text
                value = value.replace(old.encode(), new.encode())
    return value
