"""Subjects to torture: a home, its database looked at from outside, and daemons with and without a saboteur."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from PIL import Image
from pydantic import ValidationError

from core.config.schema import Watch
from tests.daemon import conftest as of_daemon
from tests.daemon.conftest import Daemon, Home, spawn, wait_until
from tests.daemon.test_on_postgresql import Catalogue
from tests.torture.invariants import AT_REST, Query, Source, lost, violations
from tests.torture.launcher import PLAN

#: Everything, for as long as it takes (``make torture``), or the short form that is part of every test run.
IS_FULL = os.environ.get("PICTALLION_TORTURE") == "full"


def _reference_is_known() -> bool:
    with contextlib.suppress(ValidationError):
        return Watch(path=Path("/photos"), mode="reference").mode == "reference"
    return False


MODES = ("copy", "move", *(("reference",) if _reference_is_known() else ()))

prepared_cache = of_daemon.prepared_cache
make_home = of_daemon.make_home

#: How often it is looked whether everything is at rest, so that looking does not keep the machine busy. [s]
SELDOM = 0.1

_LAUNCHER = (sys.executable, Path(__file__).with_name("launcher.py"))


def picture(seed: int, width: int = 96, height: int = 64, quality: int = 85) -> bytes:
    """A small JPEG that no other seed gives."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


@dataclass
class Subject:
    """A home and whoever lives there."""

    home: Home
    query: Query
    keep_rights: bool = False
    sources: list[Source] = field(default_factory=list)
    daemons: list[Daemon] = field(default_factory=list)

    @property
    def plan(self) -> Path:
        return self.home.folder / "sabotage.json"

    @property
    def steps(self) -> Path:
        """Where the saboteur writes what it saw."""
        return self.home.folder / "steps"

    def sabotage(self, **plan: Any) -> None:
        """Says what the saboteur does from now on; nothing, without arguments."""
        temporary = self.plan.with_suffix(".new")
        temporary.write_text(json.dumps({"home": str(self.home.folder), "record": str(self.steps)} | plan))
        temporary.replace(self.plan)

    def spawn(self) -> Daemon:
        """A daemon as it is, which need not answer yet."""
        return self._remembered(spawn(self.home, keep_rights=self.keep_rights))

    def spawn_sabotaged(self, **plan: Any) -> Daemon:
        """A daemon with a saboteur, which need not answer yet."""
        self.sabotage(**plan)
        environment = {PLAN: str(self.plan)}
        return self._remembered(spawn(self.home, _LAUNCHER, environment, keep_rights=self.keep_rights))

    def start(self) -> Daemon:
        daemon = self.spawn()
        daemon.wait_until_ready()
        return daemon

    def start_sabotaged(self, **plan: Any) -> Daemon:
        daemon = self.spawn_sabotaged(**plan)
        daemon.wait_until_ready()
        return daemon

    def _remembered(self, daemon: Daemon) -> Daemon:
        self.daemons.append(daemon)
        return daemon

    def last_step(self) -> str:
        """The name of the last step that a saboteur saw."""
        lines = self.steps.read_text(errors="surrogateescape").splitlines() if self.steps.exists() else []
        return lines[-1].partition(" ")[2] if lines else "none"

    def runs_until_killed(self, **plan: Any) -> bool:
        """Lets a daemon run that kills itself; ``False`` when it came to rest without."""
        daemon = self.spawn_sabotaged(**plan)
        wait_until("it dies or rests", lambda: daemon.process.poll() is not None or self.is_at_rest(), every=SELDOM)
        if daemon.process.poll() is None:
            kill(daemon)
            return False
        assert daemon.process.returncode == -signal.SIGKILL, daemon.log.read_text()
        return True

    def add(self, root: str, path: str, content: bytes, *, is_media: bool = True) -> Source:
        """Lays a file into a root, at rest for a year."""
        target = self.home.folder / root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        # no file system that counts nanoseconds gives this one by accident
        mtime_ns = 1_700_000_000_123_456_789 + len(self.sources) * 1_000_000_007
        os.utime(target, ns=(mtime_ns, mtime_ns))
        source = Source(root, path, content, mtime_ns, is_media)
        self.sources.append(source)
        return source

    def is_at_rest(self) -> bool:
        """Whether every source has its fate and nothing is under way."""
        rows = self.query("select root, path, state from ledger")
        states = {(row["root"], row["path"]): row["state"] for row in rows}
        return (
            all(states.get((source.root, source.path)) in AT_REST for source in self.sources)
            and not {"waiting", "queued", "running", "failed"} & {*states.values()}
            and not self.query("select id from placements")
        )

    def comes_to_rest(self, patience: float = of_daemon.PATIENCE) -> None:
        """Waits for it."""
        try:
            wait_until("everything is at rest", self.is_at_rest, patience, SELDOM)
        except AssertionError as error:
            rows = self.query("select root, path, state, reason from ledger")
            unfinished = [tuple(row) for row in rows if row["state"] not in AT_REST]
            raise AssertionError(f"{error}; {unfinished[:20]}") from None

    def lost(self) -> list[str]:
        return lost(self.home, self.query, self.sources)

    def violations(self) -> list[str]:
        return violations(self.home, self.query, self.sources)


def kill(daemon: Daemon) -> None:
    """As if the power had failed: the workers end with it."""
    try:
        workers = psutil.Process(daemon.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        workers = []
    daemon.kill()
    for worker in workers:
        if worker.is_running():
            worker.kill()


@pytest.fixture
def make_subject(make_home: Callable[..., Home], request: pytest.FixtureRequest) -> Iterator[Callable[..., Subject]]:
    """Makes subjects; takes the arguments of :class:`Home` but the folder, and ``database="postgresql"``."""
    subjects: list[Subject] = []
    catalogues: list[Catalogue] = []

    def make(database: str = "sqlite", **arguments: Any) -> Subject:
        settings: dict[str, Any] = {"compute": {"workers": 1}} | arguments.pop("settings", {})
        if database == "sqlite":
            home = make_home(settings=settings, **arguments)
            subjects.append(Subject(home, home.query))
            return subjects[-1]
        catalogue = Catalogue(request.getfixturevalue("postgresql_server"))
        catalogue.run(catalogue.server, f"CREATE DATABASE {catalogue.name}")
        catalogues.append(catalogue)

        def query(sql: str) -> list[Any]:
            try:
                return catalogue.query(sql)
            except asyncpg.UndefinedTableError:
                return []

        home = make_home(settings=settings | {"database": {"url": catalogue.url}}, **arguments)
        # only its own user may talk to the server
        subjects.append(Subject(home, query, keep_rights=True))
        return subjects[-1]

    yield make
    for subject in subjects:
        for daemon in subject.daemons:
            kill(daemon)
    for catalogue in catalogues:
        catalogue.run(catalogue.server, f"DROP DATABASE {catalogue.name} WITH (FORCE)")


@pytest.fixture
def subject(make_subject: Callable[..., Subject]) -> Subject:
    """A subject with one folder, ``inbox``, that is copied from."""
    return make_subject()


@dataclass(frozen=True)
class Ordeal:
    """What a test has done to the daemon, for the summary at the end of the run."""

    name: str
    files: int
    kills: int = 0
    lost: int = 0
    duplicates: int = 0
    unexplained: int = 0


def conclude(record_property: Callable[[str, object], None], subject: Subject, name: str, kills: int = 0) -> None:
    """Puts an ordeal into the summary, and asserts that everything is as it must be."""
    found = subject.violations()
    lost = sum(line.startswith("lost:") for line in found)
    duplicates = sum("assets have the content" in line for line in found)
    record_property("ordeal", vars(Ordeal(name, len(subject.sources), kills, lost, duplicates, len(found))))
    assert not found, "\n".join([name, *found])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for the whole run."""
    ordeals: list[dict[str, Any]] = []
    reports: Iterable[Any] = [r for key in ("passed", "failed") for r in terminalreporter.stats.get(key, [])]
    for report in reports:
        if report.when == "call":
            ordeals += [value for name, value in report.user_properties if name == "ordeal"]
    if not ordeals:
        return
    total = {key: sum(o[key] for o in ordeals) for key in ("files", "kills", "lost", "duplicates", "unexplained")}
    terminalreporter.section("torture")
    for ordeal in ordeals:
        if ordeal["name"].startswith("step") and not ordeal["unexplained"]:
            continue
        terminalreporter.line("  ".join(f"{key} {value}" for key, value in ordeal.items()))
    terminalreporter.line(
        f"files tried {total['files']}, kills survived {total['kills']}, lost {total['lost']}, "
        f"duplicates {total['duplicates']}, unexplained {total['unexplained']}"
    )
