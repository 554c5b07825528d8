"""Killed at every step by which a file gets into the library, the daemon goes on as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.torture.conftest import IS_FULL, MODES, Subject, conclude, picture

Record = Callable[[str, object], None]

#: In the order in which one photo meets them, so that each start gets a little further than the one before.
PLACING: tuple[dict[str, Any], ...] = (
    {"call": "copy", "match": "*/bronze/*", "nth": 2},
    {"call": "link", "match": "*/bronze/*"},
    {"call": "unlink", "match": "*/bronze/*-tmp", "nth": 2},
)
REMOVAL: tuple[dict[str, Any], ...] = ({"call": "unlink", "match": "*/inbox/*.jpg"},)
SIDECAR: tuple[dict[str, Any], ...] = (
    {"call": "write", "match": "*.jpg.xmp*"},
    {"call": "link", "match": "*.jpg.xmp"},
)
CHAINS = {
    "copy": (*PLACING, *SIDECAR),
    "move": (*PLACING, *REMOVAL, *SIDECAR),
    "reference": (
        {"call": "committed", "nth": 9},
        {"call": "write", "match": "*.jpg.xmp*"},
        {"call": "replace", "match": "*.jpg.xmp"},
    ),
}

#: The whole matrix in parts that can run beside each other: database, first step, how far to the next. In short, one
#: step somewhere.
PARTS = [("sqlite", first, 8) for first in range(1, 9)] + [("postgresql", first, 24) for first in (5, 17)]
SHORT = [("sqlite", 0, 0)]


def small_sync(subject: Subject, root: str = "inbox") -> None:
    """Three photos, one of them twice, and two files that are none."""
    subject.add(root, "a.jpg", picture(1))
    subject.add(root, "trip/b.jpg", picture(2))
    subject.add(root, "trip/day 2/c.jpg", picture(3))
    subject.add(root, "trip/day 2/a again.jpg", picture(1))
    subject.add(root, "notes.txt", b"milk, bread", is_media=False)
    subject.add(root, "trip/broken.jpg", b"no photo at all", is_media=False)


def survive(subject: Subject, points: tuple[dict[str, Any], ...], record: Record, name: str) -> None:
    """Kills one daemon after the other, on one library; the last one has to bring it all in order."""
    for point in points:
        assert subject.runs_until_killed(kill=point), f"never came to {point}"
        assert subject.lost() == [], f"after {subject.last_step()}"
    subject.spawn()
    subject.comes_to_rest()
    conclude(record, subject, name, len(points))


@pytest.mark.parametrize("mode", MODES)
def test_killed_again_and_again_on_the_way_of_one_photo(
    make_subject: Callable[..., Subject], record_property: Record, mode: str
) -> None:
    subject = make_subject(roots={"inbox": mode})
    small_sync(subject)
    survive(subject, CHAINS[mode], record_property, f"chain {mode}")


def test_a_twin_that_is_quicker_after_the_crash_leaves_no_second_original(
    make_subject: Callable[..., Subject], record_property: Record
) -> None:
    subject = make_subject(settings={"compute": {"workers": 2}})
    subject.add("inbox", "a.jpg", picture(1))
    assert subject.runs_until_killed(kill={"call": "unlink", "match": "*/bronze/*/.a.jpg*-tmp", "nth": 2})
    subject.add("inbox", "twin.jpg", picture(1))
    subject.spawn_sabotaged(faults=[{"call": "read", "match": "*/a.jpg", "seconds": 600, "in": "worker"}])
    subject.home.wait_for_state("twin.jpg", "done")
    subject.sabotage()
    subject.comes_to_rest()
    conclude(record_property, subject, "a quicker twin", 1)


def test_killed_again_and_again_with_the_catalogue_in_postgresql(
    make_subject: Callable[..., Subject], record_property: Record
) -> None:
    subject = make_subject("postgresql", roots={"inbox": "move"})
    small_sync(subject)
    points = ({"call": "commit", "nth": 9}, PLACING[1], *REMOVAL, SIDECAR[1])
    survive(subject, points, record_property, "chain move, postgresql")


@pytest.mark.parametrize("database, first, stride", PARTS if IS_FULL else SHORT)
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_step(
    make_subject: Callable[..., Subject], record_property: Record, mode: str, database: str, first: int, stride: int
) -> None:
    """Every step of a whole sync, each on a home of its own, from the very first start on."""
    step = first or random.randint(1, 130)
    while survives_one(make_subject(database, roots={"inbox": mode}), record_property, step, f"{mode} {database}"):
        if not stride:
            return
        step += stride
    assert step > 50, "the sabotage does not reach"


def survives_one(subject: Subject, record_property: Record, step: int, name: str) -> bool:
    """Kills before that step; ``False`` when the sync has fewer."""
    small_sync(subject)
    if not subject.runs_until_killed(kill={"at": step}):
        return False
    assert subject.lost() == [], f"killed before step {step}: {subject.last_step()}"
    last = subject.spawn()
    subject.comes_to_rest()
    conclude(record_property, subject, f"step {step} {name}: {subject.last_step()}", 1)
    last.kill()
    return True
