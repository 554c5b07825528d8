"""The whole way of a photo, with the catalogue in PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psutil  # type: ignore[import-untyped]
import pytest

from tests.daemon.conftest import _PICTALLION, FIXTURES, Daemon, Home, wait_until
from tests.daemon.test_intake import noise

ASTRONAUT = FIXTURES / "astronaut.jpg"


class Catalogue:
    """A database of a server, looked at from outside."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.name = f"daemon_{uuid.uuid4().hex}"
        self.url = server.replace("/postgres?", f"/{self.name}?")

    def run(self, url: str, sql: str, *arguments: object) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await asyncpg.connect(url)
            try:
                rows: list[Any] = await connection.fetch(sql, *arguments)
                return rows
            finally:
                await connection.close()

        return asyncio.run(ask())

    def query(self, sql: str, *arguments: object) -> list[Any]:
        return self.run(self.url, sql, *arguments)

    def states(self) -> dict[str, int]:
        try:
            return dict(self.query("select state, count(*) from ledger group by state"))
        except asyncpg.UndefinedTableError:
            return {}


@pytest.fixture
def catalogue(postgresql_server: str) -> Iterator[Catalogue]:
    made = Catalogue(postgresql_server)
    made.run(made.server, f"CREATE DATABASE {made.name}")
    yield made
    made.run(made.server, f"DROP DATABASE {made.name} WITH (FORCE)")


@pytest.fixture
def home(make_home: Callable[..., Home], catalogue: Catalogue) -> Home:
    return make_home(settings={"database": {"url": catalogue.url}, "compute": {"workers": 1}})


def start(home: Home) -> Daemon:
    """Starts a daemon and waits until it answers; it keeps all rights, as only its own user may talk to the server."""
    log = home.folder / "daemon.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_PICTALLION, "--config", home.config, "run"], stdout=output, stderr=output, cwd=home.folder
        )
    daemon = Daemon(home, process, log)
    daemon.wait_until_ready()
    return daemon


def kill(daemon: Daemon) -> None:
    """As if the power had failed: the workers end with it."""
    workers = psutil.Process(daemon.process.pid).children(recursive=True)
    daemon.kill()
    for worker in workers:
        if worker.is_running():
            worker.kill()


def assert_library_is_whole(home: Home, catalogue: Catalogue) -> None:
    expected = set()
    for row in catalogue.query("select file_path, sha256, tier from file_versions"):
        assert hashlib.sha256((home.data / row["file_path"]).read_bytes()).hexdigest() == row["sha256"]
        expected |= {row["file_path"]} | ({f"{row['file_path']}.xmp"} if row["tier"] == "silver" else set())
    assert {str(path.relative_to(home.data)) for path in (home.data / "media").rglob("*") if path.is_file()} == expected
    assert catalogue.query("select * from placements") == []


def test_photos_are_taken_in_and_served(home: Home, catalogue: Catalogue) -> None:
    shutil.copy2(ASTRONAUT, home.inbox / "20230506_070809.jpg")
    noise(home.inbox / "trip" / "a.jpg", 1)
    shutil.copy2(home.inbox / "trip" / "a.jpg", home.inbox / "trip" / "the same.jpg")
    (home.inbox / "notes.txt").write_text("not a photo")
    Path(home.inbox / "caf\udce9 \U0001f382.jpg").write_bytes(noise(home.folder / "b.jpg", 2).read_bytes())
    daemon = start(home)
    try:
        wait_until("all are through", lambda: catalogue.states() == {"done": 3, "duplicate": 1, "ignored": 1})
        photos = daemon.get("/api/photos").json()
        assert len(photos) == 3
        (astronaut,) = (photo for photo in photos if photo["detectedFaces"])
        assert astronaut["capturedAt"] == "2023-05-06T07:08:09"
        assert astronaut["metadata"]["exif"]["imageWidth"] == 512
        assert "person" in astronaut["metadata"]["ai"]["aiTags"]
        assert daemon.get(f"/api/files/{astronaut['filePath']}").content == ASTRONAUT.read_bytes()
        assert daemon.get("/api/daemon/status").json()["photos"] == 3

        report = json.loads(home.run("status", "--json").stdout)
        assert report["tiers"] == {"bronze": 3, "silver": 3, "gold": 0}
        assert {state: count for state, count in report["ledger"].items() if count} == catalogue.states()
        assert report["daemon"] == {"running": True}

        noise(home.folder / "phone" / "c.jpg", 3)
        assert home.run("import", str(home.folder / "phone")).returncode == 0
        assert len(daemon.get("/api/photos").json()) == 4
        assert_library_is_whole(home, catalogue)
        assert not (home.data / "pictallion.db").exists()
    finally:
        daemon.stop()


def test_a_killed_daemon_loses_nothing_and_makes_nothing_twice(home: Home, catalogue: Catalogue) -> None:
    sent = {hashlib.sha256(noise(home.inbox / f"{count}.jpg", count).read_bytes()).hexdigest() for count in range(20)}

    def versions() -> int:
        count: int = catalogue.query("select count(*) from file_versions")[0][0]
        return count

    for milestone in (1, 9, 17):
        daemon = start(home)
        wait_until("some progress", lambda reached=milestone: versions() >= reached)  # type: ignore[misc]
        kill(daemon)
    daemon = start(home)
    try:
        wait_until("all are done", lambda: catalogue.states() == {"done": 20})
        assert sorted(row[0] for row in catalogue.query("select sha256 from media_assets")) == sorted(sent)
        assert len(daemon.get("/api/photos").json()) == 20
        assert_library_is_whole(home, catalogue)
    finally:
        daemon.stop()


def test_a_server_that_was_away_for_a_while_does_not_end_the_work(home: Home, catalogue: Catalogue) -> None:
    daemon = start(home)
    try:
        noise(home.inbox / "before.jpg", 1)
        wait_until("the first is done", lambda: catalogue.states() == {"done": 1})
        catalogue.run(catalogue.server, f"ALTER DATABASE {catalogue.name} ALLOW_CONNECTIONS false")
        disconnect = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
        catalogue.run(catalogue.server, disconnect, catalogue.name)
        noise(home.inbox / "meanwhile.jpg", 2)
        wait_until("it has noticed", lambda: [e for e in daemon.events() if e["level"] == "error"])
        catalogue.run(catalogue.server, f"ALTER DATABASE {catalogue.name} ALLOW_CONNECTIONS true")
        wait_until("both are done", lambda: catalogue.states() == {"done": 2})
        assert_library_is_whole(home, catalogue)
    finally:
        daemon.stop()


def test_a_server_that_is_not_there_is_told_in_one_message(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"database": {"url": "postgresql://me:secret@127.0.0.1:1/photos"}})
    result = home.run("status")
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr
    assert "127.0.0.1" in result.stderr


def test_a_database_without_a_library_is_told(home: Home) -> None:
    result = home.run("status", "--json")
    assert result.returncode == 3
    assert "pictallion run" in result.stderr
    assert "Traceback" not in result.stderr
