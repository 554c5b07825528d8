"""Killed at any moment while phones go on syncing, the daemon loses nothing and makes nothing twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from tests.daemon.conftest import PATIENCE
from tests.torture import writers
from tests.torture.conftest import IS_FULL, MODES, Subject, conclude, kill, picture
from tests.torture.invariants import Source

FILES = 500 if IS_FULL else 40
KILLS = 105 if IS_FULL else 3

#: A daemon lives this long at most: it is killed while it starts, while it repairs, and in the middle of its work. [s]
LONGEST_LIFE = 5.0 if IS_FULL else 3.0

#: How long the sync takes that goes on meanwhile. [s]
SYNC_SECONDS = 0.5 * KILLS * LONGEST_LIFE

#: Every so many files are the same as an earlier one, or no photo.
EVERY_TWIN, EVERY_OTHER = 10, 17


def prepare_sync(subject: Subject, chance: random.Random) -> list[Source]:
    """Lays the sources aside and writes the list of jobs; their modification times are not known yet."""
    aside = subject.home.folder / "phones"
    aside.mkdir()
    sources: list[Source] = []
    lines = []
    for number in range(FILES):
        is_media = number % EVERY_OTHER != EVERY_OTHER - 1
        content = picture(number) if is_media else b"note %d" % number
        if number % EVERY_TWIN == EVERY_TWIN - 1 and is_media:
            content = chance.choice([source for source in sources if source.is_media]).content
        path = f"{number % 3}/{number % 7}/IMG_{number}.jpg"
        (aside / str(number)).write_bytes(content)
        program = chance.choice(["syncthing", "rsync", "smb"])
        lines.append(json.dumps([program, str(aside / str(number)), str(subject.home.inbox / path)]))
        sources.append(Source("inbox", path, content, 0, is_media))
    (subject.home.folder / "jobs").write_text("\n".join(lines))
    return sources


@pytest.mark.parametrize("database", ["sqlite", "postgresql"] if IS_FULL else ["sqlite"])
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_random_moments_during_a_sync(
    make_subject: Callable[..., Subject], record_property: Callable[[str, object], None], mode: str, database: str
) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    subject = make_subject(database, roots={"inbox": mode})
    sources = prepare_sync(subject, chance)
    home = subject.home
    writer = writers.sync(home.folder / "jobs", SYNC_SECONDS, home.folder / "report")
    kills = 0
    while kills < KILLS or writer.poll() is None:
        daemon = subject.spawn()
        deadline = time.monotonic() + chance.uniform(0.1, LONGEST_LIFE)
        while time.monotonic() < deadline:
            assert daemon.process.poll() is None, f"seed {seed}: {daemon.log.read_text()[-5000:]}"
            time.sleep(0.01)
        kill(daemon)
        kills += 1
    assert writer.wait(PATIENCE) == 0
    written = dict(json.loads(line) for line in (home.folder / "report").read_text().splitlines())
    subject.sources = [
        Source(s.root, s.path, s.content, written[str(home.inbox / s.path)], s.is_media) for s in sources
    ]
    assert subject.lost() == [], f"seed {seed}"
    subject.spawn()
    subject.comes_to_rest(10 * PATIENCE)
    conclude(record_property, subject, f"random kills {mode} {database}, seed {seed}", kills)
