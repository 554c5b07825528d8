"""A Gold write, from reading the Silver file to the renamed and proved Gold one, against a plain copy of the file.

All write to the same disk, in turn: a copy as ``cp`` makes it, one that is synced as well, and the Gold file with its
sidecar, both synced and read back. Without the process boundary, HTTP and the database, which cost milliseconds.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from core.compute.tasks import plan_gold
from core.library.gold_facts import gold_facts
from core.library.layout import Layout
from core.library.placing import hash_file
from core.media.formats import JPEG
from core.pipeline.gold_files import mtime_of, place_gold

Report = Callable[[str, str, str], None]

_ROW = {
    "combined_metadata": {"ai": {"aiTags": ["beach", "family"], "longDescription": "Two children at the sea."}},
    "keywords": ["holiday"],
    "rating": 4,
    "captured_at": "2024-01-02T03:04:05",
    "capture_source": "exif-original",
    "capture_offset_minutes": 60,
    "gps_latitude": 43.7,
    "gps_longitude": 7.26,
    "location": "Nice",
    "event_type": "holiday",
    "event_name": "Summer",
    "perceptual_hash": "01" * 32,
    "width": 4000,
    "height": 3000,
}


def gold_writes(folder: Path, photos: list[Path], report: Report) -> None:
    """Promotes each photo and copies it, in turn; the first one warms up and does not count."""
    layout = Layout(folder / "library")
    layout.create()
    copies = folder / "copies"
    copies.mkdir()
    ratios, durable, seconds = [], [], []
    for number, photo in enumerate([photos[0], *photos]):
        sha256 = hash_file(photo)
        began = time.perf_counter()
        shutil.copyfile(photo, copies / str(number))
        copied = time.perf_counter()
        _copy_synced(photo, copies / f"{number} synced")
        synced = time.perf_counter()
        facts = gold_facts(_ROW, (), photo.name, sha256)
        plan = plan_gold(str(photo), JPEG, facts, sha256, None)
        place_gold(layout, str(photo), f"media/gold/2024/01/{number}.jpg", plan, None, mtime_of(str(photo)))
        written = time.perf_counter()
        if number:
            ratios.append((written - synced) / (copied - began))
            durable.append((written - synced) / (synced - copied))
            seconds.append(written - synced)
    megabytes = statistics.mean(photo.stat().st_size for photo in photos) / 1e6
    report(
        f"a Gold write of {megabytes:.1f} MB ÷ a plain copy, median",
        f"{statistics.median(ratios):.1f} ({statistics.median(seconds) * 1000:.0f} ms)",
        "",
    )
    report("the same ÷ a copy that is synced, median", f"{statistics.median(durable):.1f}", "")


def _copy_synced(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
