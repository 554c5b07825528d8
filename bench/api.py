"""How quick are the answers? Each of them from 1 and from 16 clients, divided by a floor of the same run."""

from __future__ import annotations

import asyncio
import http.client
import io
import itertools
import json
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bench.api_library import build
from bench.api_server import PIECE
from core.library.layout import Layout

Report = Callable[[str, str, str], None]

CLIENTS = 16
IMPORTED, IMPORTED_AT_ONCE = 500, 20
"""Photos that are uploaded while 16 clients list, and how many with each request."""

SMALL_GOAL, LIST_GOAL, THUMBNAIL_GOAL, HELD_GOAL = 2.0, 1.3, 2.0, 0.050
"""Most floors that an answer may cost; seconds that the event loop may be held."""


@dataclass(frozen=True)
class Question:
    """What is asked, against which floor, how often by one client and by each of 16; ``original`` is what the original
    took at 10,000 photos and one client, in ms (on another machine: an order of magnitude)."""

    name: str
    path: str
    floor: str
    goal: float
    turns: tuple[int, int]
    original: float | None = None
    body: str | None = None


_SMALL, _LIST = (100, 8), (3, 1)
_CONSTANT = "/bench/constant"


def _questions(photo: str) -> list[Question]:
    search = json.dumps({"filters": {"rating": {"min": 4}}, "limit": 50})

    def small(name: str, path: str, original: float | None, body: str | None = None) -> Question:
        return Question(name, path, _CONSTANT, SMALL_GOAL, _SMALL, original, body)

    def full(name: str, path: str, floor: str, original: float | None) -> Question:
        return Question(name, path, f"/bench/rows/{floor}", LIST_GOAL, _LIST, original)

    return [
        small("stats", "/api/stats", 13.5),
        small("activity", "/api/activity", 5.5),
        small("detail", f"/api/photos/{photo}", 4.6),
        small("people", "/api/people", 959),
        small("collections", "/api/collections", 45),
        small("search", "/api/photos/search", 5_300, search),
        small("recent", "/api/photos/recent", 27.5),
        full("photos", "/api/photos", "best", 54_400),
        full("photos?tier=bronze", "/api/photos?tier=bronze", "bronze", None),
        full("photos?tier=silver", "/api/photos?tier=silver", "silver", 25_200),
        full("photos?tier=gold", "/api/photos?tier=gold", "gold", None),
        full("photos?tier=all_versions", "/api/photos?tier=all_versions", "all", None),
        full("faces/unassigned", "/api/faces/unassigned", "unassigned", 2_800),
        full("locations/hotspots", "/api/locations/hotspots", "hotspots", 522),
        full("burst/analyze", "/api/burst/analyze", "bursts", 204_000),
    ]


def api(folder: Path, cache: Path, photos: int, report: Report) -> None:
    """Builds a library of so many photos and asks it everything."""
    began = time.perf_counter()
    some = asyncio.run(build(folder, photos))
    shutil.copytree(cache, Layout(folder).cache, dirs_exist_ok=True)
    report(f"library of {photos:,} photos", f"written in {time.perf_counter() - began:.0f} s", "")
    (folder / "static").mkdir()
    with _served(folder) as port:
        floors: dict[tuple[str, int], list[float]] = {}
        for question in _questions(some[0]):
            _answer(port, photos, question, floors, report)
        _thumbnails(port, folder, report)
        _while_importing(port, report)


def _answer(
    port: int, photos: int, question: Question, floors: dict[tuple[str, int], list[float]], report: Report
) -> None:
    cells = []
    for clients, turns in zip((1, CLIENTS), question.turns, strict=True):
        key = (question.floor, clients)
        if key not in floors:
            floors[key] = _ask(port, [question.floor], turns, clients)
        taken = _ask(port, [question.path], turns, clients, question.body)
        ratio = statistics.median(taken) / statistics.median(floors[key])
        cells.append(f"{clients}: {_told(taken)} = {ratio:.2f} × {_told(floors[key])}")
        if clients == 1 and question.original is not None and photos == 10_000:
            cells.append(f"original ÷ {question.original / statistics.median(taken):,.0f}")
    if question.goal == SMALL_GOAL:
        taken = _ask(port, [question.path], 20, 1, question.body, is_changed=True)
        cells.append(f"after a change: {_told(taken)}")
    report(f"{question.name}, p50 / p99", "; ".join(cells), f"≤ {question.goal} ×")


def _thumbnails(port: int, folder: Path, report: Report) -> None:
    """Thumbnails of photos that were just uploaded: stored ones against static files, then sizes nobody asked for."""
    paths = _upload(port, 20, seed=1)
    warm = [f"/api/files/{path}?w=250&h=250&quality=low" for path in paths]
    connection = http.client.HTTPConnection("127.0.0.1", port)
    static = []
    for number, path in enumerate(warm):
        connection.request("GET", path)
        (folder / "static" / f"{number}.jpg").write_bytes(connection.getresponse().read())
        static.append(f"/bench/static/{number}.jpg")
    connection.close()
    for clients in (1, CLIENTS):
        floor, taken = (_ask(port, each, 20 if clients == 1 else 5, clients) for each in (static, warm))
        ratio = statistics.median(taken) / statistics.median(floor)
        cell = f"{clients}: {_told(taken)} = {ratio:.2f} × {_told(floor)}"
        report("thumbnail, warm", cell, f"≤ {THUMBNAIL_GOAL} × a static file")
    cold = [f"/api/files/{path}?w=300&quality=low" for path in paths]
    report("thumbnail, cold", _told(_ask(port, cold, 1, 1, warm_up=False)), "")


def _while_importing(port: int, report: Report) -> None:
    _get(port, "/bench/worst")
    importing = threading.Thread(target=_import, args=(port,))
    importing.start()
    taken: list[float] = []
    while importing.is_alive():
        taken += _ask(port, ["/api/photos"], 1, CLIENTS, warm_up=False)
    importing.join()
    held, worked = json.loads(_get(port, "/bench/worst"))
    report(
        f"longest hold of the event loop, {CLIENTS} clients list, {IMPORTED} photos are imported",
        f"{held * 1000:.0f} ms, of which it worked {worked * 1000:.0f} ms at most; a list takes {_told(taken)}",
        f"≤ {HELD_GOAL * 1000:.0f} ms",
    )


def _import(port: int) -> None:
    for number in range(IMPORTED // IMPORTED_AT_ONCE):
        _upload(port, IMPORTED_AT_ONCE, seed=1_000 + number)


def _ask(
    port: int,
    paths: list[str],
    turns: int,
    clients: int,
    body: str | None = None,
    *,
    warm_up: bool = True,
    is_changed: bool = False,
) -> list[float]:
    """Milliseconds until each whole answer was there; each client asks for all ``paths``, ``turns`` times.

    With ``is_changed`` something is committed before each question, so that nothing can be answered from memory.
    """

    def one(_: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        taken = []
        for path in itertools.chain.from_iterable([paths] * turns):
            if is_changed:
                connection.request("POST", "/bench/change")
                connection.getresponse().read()
            began = time.perf_counter()
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            while answer.read(PIECE):
                pass  # 16 answers of 100,000 photos are more than this process needs to hold
            taken.append((time.perf_counter() - began) * 1000)
            if answer.status >= 300:
                raise RuntimeError(f"{path} was answered with {answer.status}")
        connection.close()
        return taken

    if warm_up:
        one(0)
    with ThreadPoolExecutor(clients) as pool:
        return list(itertools.chain.from_iterable(pool.map(one, range(clients))))


def _told(taken: list[float]) -> str:
    ordered = sorted(taken)
    return f"{statistics.median(ordered):.1f} / {ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]:.1f} ms"


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    content = connection.getresponse().read().decode()
    connection.close()
    return content


def _upload(port: int, count: int, seed: int) -> list[str]:
    """Uploads pictures that look like no others; returns their paths."""
    chance, boundary, parts = np.random.default_rng(seed), uuid.uuid4().hex, []
    for number in range(count):
        small = Image.fromarray(chance.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        written = io.BytesIO()
        small.resize((1600, 1200), Image.Resampling.BICUBIC).save(written, "JPEG", quality=85)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{seed}-{number}.jpg"\r\n\r\n'
        parts += [head.encode(), written.getvalue(), b"\r\n"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", "/api/upload", b"".join(parts) + f"--{boundary}--\r\n".encode(), headers)
    results = json.loads(connection.getresponse().read())["results"]
    connection.close()
    photos = [result["versionId"] for result in results if result["status"] == "success"]
    if len(photos) < count:
        raise RuntimeError(f"only {len(photos)} of {count} photos were taken in: {results}")
    return [json.loads(_get(port, f"/api/photos/{photo}"))["filePath"] for photo in photos]


@contextmanager
def _served(folder: Path) -> Iterator[int]:
    """The API in a process of its own; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", "bench.api_server", str(folder), str(port)])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                _get(port, "/bench/worst")
                break
            except ConnectionError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()
