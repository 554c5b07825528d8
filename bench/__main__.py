"""Runs the measurements that are named, or all of them, and prints one table."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.api import api
from bench.bursts import bursts
from bench.duplicates import found, scale
from bench.faces import faces
from bench.floor import floor_seconds
from bench.gold import gold_writes
from bench.house import House, house
from bench.idle import idle
from bench.moving import moving
from bench.night import night
from bench.occasions import occasions
from bench.photos import FACE, make_photos, make_tiny_photos
from bench.places import places
from bench.rescan import rescan
from bench.search import searches
from bench.tagging import tagging
from core.compute.tasks import prepare_cache

CORES = os.cpu_count() or 1

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif"})
FILMS = frozenset({".mp4", ".mov", ".m4v", ".avi", ".3gp", ".mts"})


class Bench:
    """The workplace of one run: photos, the prepared cache, the table."""

    #: a folder of pictures and films, and a Python with imagededup
    album: Path | None = None
    imagededup: Path | None = None

    def __init__(self, folder: Path, photos: int, pictures: list[Path], tiny: int, libraries: list[int]) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.cache.mkdir()
        self.photos = photos
        self.pictures = pictures
        self.tiny = tiny
        self.libraries = libraries
        self.table = Table("what", "value", "goal", title=f"{CORES} cores")
        self._homes = 0
        prepare_cache(str(self.cache))

    def new_home(self) -> Path:
        self._homes += 1
        return self.folder / f"home{self._homes}"

    def report(self, what: str, value: str, goal: str = "") -> None:
        self.table.add_row(what, value, goal)
        print(f"{what}: {value}  {goal}", file=sys.stderr)


def throughput(bench: Bench) -> None:
    """Pipeline against floor on the same photos, in turn."""
    originals = make_photos(bench.folder / "photos", bench.photos, bench.pictures)
    megabytes = statistics.mean(path.stat().st_size for path in originals) / 1e6
    bench.report("photos of 12 MP", f"{len(originals)}, {megabytes:.1f} MB each")
    ratios = []
    for turn in range(3):
        floor = floor_seconds(originals, bench.cache, CORES)
        with house(bench.new_home(), bench.cache) as running:
            done = warm_up(bench, running)
            batch = bench.folder / f"batch{turn}"
            batch.mkdir()
            for path in originals:
                (batch / path.name).hardlink_to(path)
            began = time.perf_counter()
            total = running.move_in(batch)
            pipeline = running.wait_for_done(done + total) - began
        ratios.append(floor / pipeline)
        bench.report(
            f"turn {turn + 1}",
            f"floor {total / floor:.2f}/s, pipeline {total / pipeline:.2f}/s, {floor / pipeline:.3f}",
        )
    bench.report("pipeline throughput ÷ floor throughput", f"{statistics.median(ratios):.3f}", "≥ 0.8")


def warm_up(bench: Bench, running: House) -> int:
    """Brings every worker up; returns how many photos that took."""
    folder = bench.folder / f"warm{bench._homes}"
    make_tiny_photos(folder, 900_000, 4 * CORES)
    total = running.move_in(folder)
    running.wait_for_done(total)
    return total


def latency(bench: Bench) -> None:
    """One photo at a time: from seen to visible over HTTP, against the floor's time for one photo."""
    originals = make_photos(bench.folder / "single", 15, bench.pictures)
    floor = floor_seconds(originals, bench.cache, 1) / len(originals)
    waits = []
    with house(bench.new_home(), bench.cache) as running:
        warm_up(bench, running)
        for path in originals:
            path.rename(running.inbox / path.name)
            stem = f"{path.name[:4]}-{path.name[4:6]}-{path.name[6:8]}_12-00-00"
            while not any(stem in photo["filePath"] for photo in running.get("/api/photos/recent?limit=1")):
                time.sleep(0.004)
            visible = time.time()
            waits.append(visible - first_seen(running, path.name))
    ratio = statistics.median(waits) / floor
    bench.report("floor, one photo", f"{floor * 1000:.0f} ms")
    bench.report(
        "seen → visible over HTTP, median", f"{statistics.median(waits) * 1000:.0f} ms = {ratio:.2f} × floor", "≤ 1.5 ×"
    )


def first_seen(running: House, name: str) -> float:
    """When the ledger first saw a file, in seconds since the epoch."""
    import sqlite3
    from datetime import UTC, datetime

    connection = sqlite3.connect(f"file:{running.folder / 'data' / 'pictallion.db'}?mode=ro", uri=True, timeout=30)
    try:
        (text,) = connection.execute("select first_seen_at from ledger where path = ?", (name,)).fetchone()
    finally:
        connection.close()
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def growth(bench: Bench) -> None:
    """CPU per photo while the library grows; then what the daemon costs at rest."""
    sizes = [size for size in (100, 1_000, 10_000) if size <= bench.tiny]
    costs = []
    batch = 300
    with house(bench.new_home(), bench.cache) as running:
        done = warm_up(bench, running)
        made = 0
        for size in sizes:
            fill = size - made
            made += fill
            done = take(bench, running, made - fill, fill, done)[0]
            done, cpu, wall = take(bench, running, 500_000 + made, batch, done)
            costs.append(cpu / batch)
            bench.report(
                f"per photo at {size:,} in the library",
                f"{cpu / batch * 1000:.1f} ms CPU, {wall / batch * 1000:.1f} ms wall",
            )
        bench.report("cost at the largest ÷ smallest library", f"{costs[-1] / costs[0]:.3f}", "0.9 – 1.1")
        rest(bench, running, done)


def take(bench: Bench, running: House, first: int, count: int, done: int) -> tuple[int, float, float]:
    """Lets ``count`` tiny photos through; returns done in all, CPU seconds, wall seconds."""
    folder = bench.folder / f"tiny{first}"
    make_tiny_photos(folder, first, count)
    cpu, began = running.cpu_seconds(), time.perf_counter()
    total = running.move_in(folder)
    wall = running.wait_for_done(done + total) - began
    return done + total, running.cpu_seconds() - cpu, wall


def rest(bench: Bench, running: House, photos: int) -> None:
    """At rest: memory and CPU of the main process, and whether workers stay."""
    time.sleep(60)
    bench.report("worker processes one minute after the last job", str(running.workers()), "0")
    cpu, began = sum(running.process.cpu_times()[:2]), time.perf_counter()
    time.sleep(60)
    share = (sum(running.process.cpu_times()[:2]) - cpu) / (time.perf_counter() - began)
    memory = running.process.memory_info().rss / 2**20
    bench.report(f"main process at rest with {photos:,} photos", f"{memory:.0f} MiB RSS", "≤ 150 MiB")
    bench.report("CPU at rest over a minute", f"{share * 100:.2f} %", "< 0.5 %")


def scanning(bench: Bench) -> None:
    """An unchanged tree of 100,000 files."""
    folder = bench.folder / "scanning"
    folder.mkdir()
    asyncio.run(rescan(folder, 100_000, bench.report))


def at_rest(bench: Bench) -> None:
    """A daemon with 100,000 files to which nothing happens."""
    idle(bench.new_home(), bench.cache, 100_000, bench.report)


def move(bench: Bench) -> None:
    """A folder of 10,000 photos gets another name."""
    folder = bench.folder / "moving"
    folder.mkdir()
    asyncio.run(moving(folder, 10_000, bench.report))


def noticing(bench: Bench) -> None:
    """From the last byte written to the queue, by hint: a real daemon, files written by this process."""
    for settle in (0, 5):
        waits = []
        with house(bench.new_home(), bench.cache, settle_seconds=settle) as running:
            time.sleep(2)
            for number in range(5):
                path = running.inbox / f"{number}.jpg"
                path.write_bytes(b"no photo %d" % number)
                written = time.perf_counter()
                while not running.count("ignored") > number:
                    time.sleep(0.005)
                waits.append(time.perf_counter() - written)
        bench.report(
            f"last byte written → through the queue, hinted, settle_seconds = {settle}",
            f"{statistics.median(waits):.2f} s",
        )


def gold(bench: Bench) -> None:
    """Promotion's work on the disk, against a plain copy."""
    folder = bench.folder / "gold"
    gold_writes(folder, make_photos(folder / "photos", min(bench.photos, 30), bench.pictures), bench.report)


def start(bench: Bench) -> None:
    """From the command to a healthy API."""
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        with house(bench.new_home(), bench.cache):
            seconds.append(time.perf_counter() - began)
    bench.report("start to a healthy API, median", f"{statistics.median(seconds):.2f} s", "≤ 3 s")


def answers(bench: Bench) -> None:
    """Every kind of answer, at each size of the library."""
    for photos in bench.libraries:
        api(bench.new_home(), bench.cache, photos, bench.report)


def life_in_occasions(bench: Bench) -> None:
    """Trips, outings and parties among 100,000 photos."""
    occasions(bench.new_home(), bench.cache, 100_000, bench.report)


def names_of_places(bench: Bench) -> None:
    """What known positions are called."""
    places(bench.cache, bench.report)


def in_bursts(bench: Bench) -> None:
    """Sequences of frames in bursts, and the best frame of each."""
    bursts(bench.pictures or [FACE], 90, bench.report)


def people(bench: Bench) -> None:
    """Faces without a name beside those that have one, at each size of the library."""
    faces(bench.new_home(), bench.libraries, bench.report)


def duplicates(bench: Bench) -> None:
    """Copies of pictures: how many are found, how many are none, and how long it takes."""
    scale(bench.report)
    if bench.album is not None:
        files = sorted(path for path in bench.album.rglob("*") if path.is_file())
        pictures = [path for path in files if path.suffix.lower() in PICTURES]
        films = [path for path in files if path.suffix.lower() in FILMS]
        found(bench.folder / "duplicates", bench.cache, pictures, films, bench.imagededup, bench.report)


def search(bench: Bench) -> None:
    """Searches that nobody asked before, in both databases, at each size of the library."""
    for photos in bench.libraries:
        searches(bench.new_home(), photos, bench.report)


def tags(bench: Bench) -> None:
    """What the tagger and the built-in descriptions say of the labelled pictures in the folder."""
    if bench.album is not None:
        tagging(bench.album, bench.cache, bench.report)


def nights(bench: Bench) -> None:
    """All passes over a library of real, tiny photos."""
    night(bench.new_home(), bench.cache, bench.tiny, bench.report)


MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "start": start,
    "latency": latency,
    "throughput": throughput,
    "growth": growth,
    "scanning": scanning,
    "idle": at_rest,
    "moving": move,
    "noticing": noticing,
    "gold": gold,
    "api": answers,
    "search": search,
    "occasions": life_in_occasions,
    "places": names_of_places,
    "bursts": in_bursts,
    "night": nights,
    "duplicates": duplicates,
    "people": people,
    "tagging": tags,
}


def main() -> None:
    """Parses the arguments, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *MEASUREMENTS], help="what to measure; all by default")
    parser.add_argument("--photos", type=int, default=200, help="how many 12-MP photos")
    parser.add_argument("--tiny", type=int, default=10_000, help="how far the library grows")
    parser.add_argument(
        "--photos-in-library",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[10_000, 100_000],
        help="sizes of the library that is asked, as 10000,100000",
    )
    parser.add_argument("--pictures", type=Path, help="a folder of large JPEGs to cut the photos from")
    parser.add_argument("--imagededup", type=Path, help="a Python that has imagededup, to compare with")
    arguments = parser.parse_args()
    pictures = sorted(arguments.pictures.rglob("*.jpg")) if arguments.pictures else []
    with tempfile.TemporaryDirectory(prefix="pictallion-bench-") as folder:
        bench = Bench(Path(folder), arguments.photos, pictures, arguments.tiny, arguments.photos_in_library)
        bench.album, bench.imagededup = arguments.pictures, arguments.imagededup
        for name in arguments.what or MEASUREMENTS:
            MEASUREMENTS[name](bench)
        Console().print(bench.table)


if __name__ == "__main__":
    main()
