"""A real daemon process on a home of its own, and ways to look at what it does from outside."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

T = TypeVar("T")

#: How long anything may take before a test gives up; only ever reached when something is broken. [s]
PATIENCE = 120.0

FIXTURES = Path(__file__).parent.parent / "fixtures"
_PICTALLION = Path(sys.executable).with_name("pictallion")
_CAPABILITIES_OVER_PERMISSIONS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of <linux/capability.h>
_PR_CAPBSET_DROP = 24


def wait_until(what: str, look: Callable[[], T], patience: float = PATIENCE, every: float = 0.02) -> T:
    """The first true answer of ``look``, which is asked every so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := look():
            return answer
        time.sleep(every)
    raise AssertionError(f"{what}: not within {patience:g} s")


@dataclass
class Home:
    """A directory with a configuration, an inbox and a library."""

    folder: Path
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=lambda: {"inbox": "copy"})
    port: int = 0

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in self.roots:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.write_config()

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def write_config(self) -> None:
        sections: dict[str, dict[str, Any]] = {
            "server": {"port": self.port},
            "library": {"data_dir": str(self.data), "time_zone": "Europe/Berlin"},
            "intake": {"settle_seconds": 0.3, "min_free": 0},
            "compute": {"workers": 2},
        }
        for name, values in self.settings.items():
            sections[name] = sections.get(name, {}) | values
        lines = []
        for name, values in sections.items():
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        for name, mode in self.roots.items():
            lines += [
                "[[watch]]",
                f'name = "{name}"',
                f"path = {json.dumps(str(self.folder / name))}",
                f'mode = "{mode}"',
            ]
        self.config.write_text("\n".join(lines) + "\n")

    def query(self, sql: str, *arguments: object) -> list[Any]:
        """Rows of the library's database, read from outside."""
        path = self.data / "pictallion.db"
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        connection.row_factory = sqlite3.Row
        try:
            return list(connection.execute(sql, arguments))
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def ledger(self, path: str) -> Any:
        """The ledger's row of a path, or ``None``."""
        rows = self.query("select * from ledger where path = ?", path)
        return rows[0] if rows else None

    def states(self) -> dict[str, int]:
        return dict(self.query("select state, count(*) from ledger group by state"))

    def wait_for_state(self, path: str, *states: str) -> Any:
        def look() -> Any:
            row = self.ledger(path)
            return row if row is not None and row["state"] in states else None

        try:
            return wait_until(f"{path} {' or '.join(states)}", look)
        except AssertionError as error:
            row = self.ledger(path)
            raise AssertionError(f"{error}; it is {dict(row) if row else 'not in the ledger'}") from None

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command on this home to its end."""
        return subprocess.run(
            [_PICTALLION, "--config", self.config, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.folder,
            env=os.environ | (environment or {}),
            check=False,
        )


@dataclass
class Daemon:
    """A running daemon."""

    home: Home
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.home.port}"

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return httpx.get(self.url + path, params=parameters, timeout=30)

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, f"the daemon ended: {self.log.read_text()}"
            try:
                return self.get("/api/health").status_code == 200
            except httpx.TransportError:
                return False

        wait_until("the API answers", answers)

    def worker_pids(self) -> list[int]:
        """The worker processes that live now."""
        pids = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended between the listing and the question
                if "spawn_main" in " ".join(child.cmdline()):
                    pids.append(child.pid)
        return pids

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def events(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def _without_rights_over_permissions() -> None:
    """root may read everything; a daemon normally may not. Takes that right from the process that is about to start."""
    if os.geteuid() == 0 and sys.platform == "linux":
        for capability in _CAPABILITIES_OVER_PERMISSIONS:
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def spawn(
    home: Home,
    command: Sequence[str | Path] = (_PICTALLION,),
    environment: dict[str, str] | None = None,
    *,
    keep_rights: bool = False,
) -> Daemon:
    """Starts a daemon and does not wait. ``command`` is what to run instead of the ``pictallion`` script."""
    log = home.folder / "daemon.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--config", home.config, "run"],
            stdout=output,
            stderr=output,
            cwd=home.folder,
            env=os.environ | (environment or {}),
            preexec_fn=None if keep_rights else _without_rights_over_permissions,
        )
    return Daemon(home, process, log)


def start(home: Home) -> Daemon:
    """Starts a daemon and waits until it answers."""
    daemon = spawn(home)
    daemon.wait_until_ready()
    return daemon


@pytest.fixture(scope="session")
def prepared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks and gazetteer, prepared once; the daemons under test need not do it each."""
    from core.compute.tasks import prepare_cache

    folder = tmp_path_factory.mktemp("cache")
    prepare_cache(str(folder))
    return folder


@pytest.fixture(scope="session")
def make_home(tmp_path_factory: pytest.TempPathFactory, prepared_cache: Path) -> Callable[..., Home]:
    """Makes homes; takes the arguments of :class:`Home` but the folder."""

    def make(**arguments: Any) -> Home:
        home = Home(tmp_path_factory.mktemp("home"), **arguments)
        shutil.copytree(prepared_cache, home.data / "cache", copy_function=os.link)
        return home

    return make


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    return make_home()


@pytest.fixture
def daemon(home: Home) -> Iterator[Daemon]:
    running = start(home)
    yield running
    running.kill()
