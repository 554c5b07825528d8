"""Whatever people and programs do to a folder, in whatever order: what was there at rest once is kept for ever."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from core.db.types import unescape_path
from tests.daemon.conftest import Daemon, wait_until
from tests.torture.conftest import IS_FULL, MODES, SELDOM, Subject, kill, picture
from tests.torture.invariants import sha256_of

FOLDERS = st.sampled_from(["", "a", "a/b", "c d", "ä"])
NAMES = st.sampled_from(["1.jpg", "2.jpg", "IMG_0001.JPG", "Ärger 🎂.jpg"])
NUMBERS = st.integers(0, 10**6)


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class World:
    """One daemon and one library for all traces; each trace has a folder of its own below the root."""

    def __init__(self, subject: Subject, mode: str) -> None:
        self.subject = subject
        self.mode = mode
        self.daemon: Daemon = subject.start()
        self.traces = 0
        #: What the library must have, by the hash.
        self.kept: set[str] = set()
        #: Every content that a file ever had.
        self.written: set[str] = set()

    @property
    def root(self) -> Path:
        return self.subject.home.inbox

    @property
    def away(self) -> Path:
        """Where the root is while it is not mounted."""
        return self.subject.home.folder / "away"

    def restart(self) -> None:
        kill(self.daemon)
        self.daemon = self.subject.start()

    def rows(self, folder: str) -> dict[str, tuple[str, str | None]]:
        """State and hash of the ledger's entries below a folder."""
        rows = self.subject.query("select path, state, sha256 from ledger")
        return {row["path"]: (row["state"], row["sha256"]) for row in rows if row["path"].startswith(folder + "/")}

    def check(self, present: set[str]) -> None:
        """What must hold at any moment; ``present`` are the contents that lie in the folder at rest."""
        assert self.daemon.process.poll() is None, self.daemon.log.read_text()[-3000:]
        versions = self.subject.query("select file_path, sha256 from file_versions where tier = 'bronze'")
        stored = {row["sha256"] for row in versions}
        whole = {row["sha256"] for row in versions if self.is_whole(row["file_path"], row["sha256"])}
        if self.mode == "copy":
            self.kept |= present
            assert stored <= whole, f"damaged: {stored - whole}"
        else:
            # what is gone from the folder is gone; the library never had it
            self.kept = present
        assert self.kept <= whole, f"lost: {self.kept - whole}"
        assert stored <= self.written, f"never written: {stored - self.written}"
        assets = [row["sha256"] for row in self.subject.query("select sha256 from media_assets")]
        assert len(assets) == len({*assets}), "two assets have the same content"

    def is_whole(self, file_path: str, sha256: str) -> bool:
        return sha256_of(self.subject.home.data / unescape_path(file_path)) == sha256


class Traces(RuleBasedStateMachine):
    """The steps; the model is what lies where, and what was there at rest."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.files: dict[str, bytes] = {}
        self.paths: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.world.traces += 1
        self.folder = f"trace {self.world.traces}"
        (self.world.root / self.folder).mkdir()

    def teardown(self) -> None:
        if self.world.away.exists():
            self.world.away.rename(self.world.root)
            self.ask_for_scan()
        if hasattr(self, "folder"):
            self.rest()

    def is_mounted(self) -> bool:
        return not self.world.away.exists()

    def has_files(self) -> bool:
        return self.is_mounted() and bool(self.files)

    def pick(self, number: int) -> str:
        return sorted(self.files)[number % len(self.files)]

    def path(self, folder: str, name: str) -> str:
        path = "/".join(part for part in (self.folder, folder, name) if part)
        self.paths.add(path)
        target = self.world.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return path

    def has(self, path: str, content: bytes) -> None:
        self.files[path] = content
        self.world.written.add(hash_of(content))

    @precondition(is_mounted)
    @rule(folder=FOLDERS, name=NAMES, number=NUMBERS)
    def create(self, folder: str, name: str, number: int) -> None:
        """As a camera writes: under its own name, in one go. It may be there already, then it has a new content."""
        path = self.path(folder, name)
        self.has(path, picture(number))
        (self.world.root / path).write_bytes(self.files[path])

    @precondition(has_files)
    @rule(which=NUMBERS, number=NUMBERS)
    def append(self, which: int, number: int) -> None:
        path = self.pick(which)
        more = b"more %d" % number
        self.has(path, self.files[path] + more)
        with (self.world.root / path).open("ab") as file:
            file.write(more)

    @precondition(has_files)
    @rule(which=NUMBERS, number=NUMBERS)
    def replace(self, which: int, number: int) -> None:
        """As sync programs do it, with the sender's modification time, which may be older."""
        path = self.pick(which)
        target = self.world.root / path
        temporary = target.with_name(f".syncthing.{target.name}.tmp")
        temporary.write_bytes(picture(number))
        os.utime(temporary, (1_000_000_000 + number, 1_000_000_000 + number))
        self.has(path, picture(number))
        temporary.rename(target)

    @precondition(has_files)
    @rule(which=NUMBERS, folder=FOLDERS, name=NAMES)
    def rename(self, which: int, folder: str, name: str) -> None:
        """Also over another file, and into another folder."""
        old, new = self.pick(which), self.path(folder, name)
        if old != new:
            (self.world.root / old).rename(self.world.root / new)
            self.files[new] = self.files.pop(old)

    @precondition(has_files)
    @rule(which=NUMBERS, folder=FOLDERS, name=NAMES)
    def copy(self, which: int, folder: str, name: str) -> None:
        old, new = self.pick(which), self.path(folder, name)
        if old != new:
            shutil.copy2(self.world.root / old, self.world.root / new)
            self.files[new] = self.files[old]

    @precondition(has_files)
    @rule(number=NUMBERS)
    def move_everything(self, number: int) -> None:
        """The whole folder gets another name."""
        new = f"trace {self.world.traces} {number}"
        if (self.world.root / new).exists():
            return
        (self.world.root / self.folder).rename(self.world.root / new)
        self.files = {path.replace(self.folder, new, 1): content for path, content in self.files.items()}
        self.paths |= {*self.files}
        self.folder = new

    @precondition(has_files)
    @rule(which=NUMBERS)
    def delete(self, which: int) -> None:
        path = self.pick(which)
        (self.world.root / path).unlink()
        del self.files[path]

    @precondition(is_mounted)
    @rule()
    def unmount(self) -> None:
        self.world.root.rename(self.world.away)

    @precondition(lambda self: not self.is_mounted())
    @rule()
    def remount(self) -> None:
        self.world.away.rename(self.world.root)
        self.ask_for_scan()

    @precondition(is_mounted)
    @rule()
    def restart(self) -> None:
        """Killed, whatever it is doing."""
        self.world.restart()

    def ask_for_scan(self) -> None:
        assert httpx.post(f"{self.world.daemon.url}/api/daemon/scan", json={}).status_code < 300

    @precondition(is_mounted)
    @rule()
    def rest(self) -> None:
        """Nothing happens for a while: every file has to get where it belongs."""
        expected = {path: hash_of(content) for path, content in self.files.items()}

        def is_at_rest() -> bool:
            rows = self.world.rows(f"trace {self.world.traces}".removesuffix("/")) | self.world.rows(self.folder)
            taken = all(rows.get(path, ("", ""))[1] == sha256 for path, sha256 in expected.items())
            fates = all(rows[path][0] in ("done", "duplicate") for path in expected if path in rows)
            gone = all(rows[path][0] == "missing" for path in self.paths - expected.keys() if path in rows)
            return taken and fates and gone

        try:
            wait_until("everything is at rest", is_at_rest, every=SELDOM)
        except AssertionError as error:
            raise AssertionError(f"{error}: {expected} but {self.world.rows(self.folder)}") from None
        self.world.check({*expected.values()})


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "move"])
def test_what_was_at_rest_once_is_kept_for_ever(make_subject: Callable[..., Subject], mode: str) -> None:
    """In mode ``reference`` for as long as it lies anywhere in the folder."""
    subject = make_subject(roots={"inbox": mode}, settings={"compute": {"workers": 2}})
    world = World(subject, mode)
    profile: dict[str, Any] = {"max_examples": 150, "stateful_step_count": 40} if IS_FULL else {}
    run_state_machine_as_test(
        lambda: Traces(world),
        settings=settings(
            **({"max_examples": 3, "stateful_step_count": 12} | profile),
            deadline=None,
            database=None,
            # each step takes seconds; the trace that is printed is short enough
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    world.restart()
    world.check(world.kept)
    result = subject.home.run("audit")
    assert result.returncode == 0, result.stdout
