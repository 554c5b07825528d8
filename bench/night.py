"""A night: every pass after the other over one library, while people ask and photos come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.grown_library import grow
from bench.house import House, house
from bench.photos import make_tiny_photos, make_years_of_photos

Report = Callable[..., None]

ASK_SECONDS = 0.05
"""How often somebody asks for something small while passes run."""

COME_SECONDS = 2.0
"""How often a photo comes meanwhile."""

FIRST_THAT_COMES = 10_000_000

TAKEN_IN = 2_000
"""Photos that are really taken in; the library is grown from them."""

MADE = "made"
"""The folder in the inbox that they come in."""


@dataclass
class Watched:
    """What was noticed from outside: the longest waits in seconds, and the most memory in bytes."""

    answers: list[float] = field(default_factory=list)
    intake: list[float] = field(default_factory=list)
    memory: int = 0

    def told(self) -> str:
        answer, photo = max(self.answers, default=0.0), max(self.intake, default=0.0)
        return f"answer {answer * 1000:.0f} ms, photo {photo:.1f} s, {self.memory / 2**20:.0f} MiB with workers"


def night(folder: Path, cache: Path, photos: int, report: Report) -> None:
    """Total time, and for each pass its time, the memory, and the longest wait of people and of photos that come."""
    taken_in = min(photos, TAKEN_IN)
    made = folder / MADE
    make_years_of_photos(made, taken_in)
    with house(folder, cache) as running:
        began = time.perf_counter()
        running.wait_for_done(running.move_in(made), patience=60 + taken_in)
        report(f"taking in {taken_in:,} photos", f"{time.perf_counter() - began:.0f} s")
    grow(folder, MADE, taken_in, photos)
    with house(folder, cache) as running:
        with watching(running, 0) as at_rest:
            time.sleep(6 * COME_SECONDS)
        report("longest waits at rest", at_rest.told())
        began = time.perf_counter()
        for number, each in enumerate(running.get("/api/daemon/passes"), start=1):
            with watching(running, number) as during:
                run = ran(running, each["name"])
            report(f"pass {each['name']} over {photos:,} photos", f"{run['seconds']:.1f} s, {run['state']}", "")
            report("  longest waits meanwhile", during.told())
        report(f"a night over {photos:,} photos", f"{time.perf_counter() - began:.0f} s")


def ran(running: House, name: str) -> Any:
    """Runs a pass, and returns how that was."""
    before = _runs(running, name)
    running.post(f"/api/daemon/passes/{name}/run")
    while True:
        after = _runs(running, name)
        # one that has begun by itself counts as well
        is_this_one = not before or before[0]["endedAt"] is None or after[0]["id"] != before[0]["id"]
        if after and is_this_one and after[0]["endedAt"] is not None:
            return after[0]
        time.sleep(0.2)


def _runs(running: House, name: str) -> Any:
    return running.get(f"/api/daemon/passes/history?name={name}&limit=1")


@contextmanager
def watching(running: House, batch: int) -> Iterator[Watched]:
    """Asks, lets photos come and looks at the memory while the block runs."""
    watched, over = Watched(), threading.Event()
    threads = [
        threading.Thread(target=each) for each in (
            lambda: _ask(running, watched, over),
            lambda: _let_come(running, watched, over, FIRST_THAT_COMES + 100_000 * batch),
            lambda: _weigh(running, watched, over),
        )
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ask(running: House, watched: Watched, over: threading.Event) -> None:
    while not over.wait(ASK_SECONDS):
        began = time.perf_counter()
        running.get("/api/stats")
        watched.answers.append(time.perf_counter() - began)


def _let_come(running: House, watched: Watched, over: threading.Event, number: int) -> None:
    folder = running.folder / "coming"
    while not over.wait(COME_SECONDS):
        make_tiny_photos(folder, number, 1)
        before = running.count("done")
        began = time.perf_counter()
        (folder / f"{number:06d}.jpg").rename(running.inbox / f"{number:06d}.jpg")
        while running.count("done") == before:
            time.sleep(0.02)
        watched.intake.append(time.perf_counter() - began)
        number += 1


def _weigh(running: House, watched: Watched, over: threading.Event) -> None:
    while not over.wait(0.5):
        total = 0
        for process in (running.process, *running.process.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        watched.memory = max(watched.memory, total)
