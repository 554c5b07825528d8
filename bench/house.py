"""A real daemon on a home of its own, measured from outside."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PICTALLION = Path(sys.executable).with_name("pictallion")


@dataclass(frozen=True)
class House:
    """A running daemon and its folders."""

    folder: Path
    port: int
    process: psutil.Process

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
            return json.load(response)

    def post(self, path: str) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=b"{}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=30):
            pass

    def count(self, state: str) -> int:
        connection = sqlite3.connect(f"file:{self.folder / 'data' / 'pictallion.db'}?mode=ro", uri=True, timeout=30)
        try:
            row = connection.execute("select count(*) from ledger where state = ?", (state,)).fetchone()
        finally:
            connection.close()
        return int(row[0])

    def move_in(self, folder: Path) -> int:
        """Moves a folder of photos into the inbox, all at once; returns how many files it has."""
        files = len(list(folder.iterdir()))
        folder.rename(self.inbox / folder.name)
        return files

    def wait_for_done(self, total: int, patience: float = 3600.0) -> float:
        """The time when ``total`` entries were done."""
        deadline = time.perf_counter() + patience
        while time.perf_counter() < deadline:
            if self.count("done") >= total:
                return time.perf_counter()
            # rarely: the daemon and its workers have no core to spare for us
            time.sleep(0.1)
        raise TimeoutError(f"{self.count('done')} of {total} done")

    def cpu_seconds(self) -> float:
        """What the daemon and its living workers have used so far."""
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    def workers(self) -> int:
        return sum("spawn_main" in " ".join(child.cmdline()) for child in self.process.children())


@contextmanager
def house(folder: Path, cache: Path | None = None, **intake: object) -> Iterator[House]:
    """Starts a daemon in ``folder`` with the prepared ``cache``; stops it when the block ends."""
    (folder / "inbox").mkdir(parents=True, exist_ok=True)
    if cache is not None and not (folder / "data" / "cache").exists():
        shutil.copytree(cache, folder / "data" / "cache", copy_function=os.link)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"settle_seconds": 0, "min_free": 0} | intake
    lines = ["[server]", f"port = {port}", "[library]", 'data_dir = "data"', "[intake]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    lines += ["[[watch]]", 'path = "inbox"', "[log]", 'level = "warning"']
    (folder / "config.toml").write_text("\n".join(lines))
    with (folder / "daemon.log").open("ab") as log:
        started = subprocess.Popen(
            [PICTALLION, "--config", folder / "config.toml", "run"], cwd=folder, stdout=log, stderr=log
        )
    running = House(folder, port, psutil.Process(started.pid))
    try:
        wait_until_healthy(running)
        yield running
    finally:
        started.terminate()
        started.wait(30)


def wait_until_healthy(running: House, patience: float = 60.0) -> None:
    """Returns when ``/api/health`` answers."""
    deadline = time.perf_counter() + patience
    while time.perf_counter() < deadline:
        try:
            running.get("/api/health")
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError((running.folder / "daemon.log").read_text())
