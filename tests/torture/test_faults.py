"""Disks that are full, read-only, broken, away or slow: nothing is lost, nothing is half done, and it goes on."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from tests.daemon.conftest import Daemon, wait_until
from tests.torture.conftest import IS_FULL, Subject, conclude, picture
from tests.torture.invariants import Source

Record = Callable[[str, object], None]

#: What a person should not have to read.
GIBBERISH = ("Errno", "Error(", "Traceback", "unexpected error", "sqlite3", "sqlalche", "None")

#: Where the disk is full: call and place.
FULL_AT = (
    ("copy", "*/bronze/*{stem}*"),
    ("fsync", "*/bronze/*{stem}*"),
    ("link", "*/bronze/*{stem}*"),
    ("link", "*/silver/*{stem}.jpg"),
    ("write", "*/silver/*{stem}*.xmp*"),
    ("write", "*/thumbnails/*{sha256}*"),
)

#: What the system refuses, on the way of a file each: where, call, place, and with which words.
REFUSED: tuple[tuple[str, str, str, str], ...] = (
    ("daemon", "open", "*/bronze/*{stem}*", "EROFS"),
    ("daemon", "copy", "*/bronze/*{stem}*", "EIO"),
    ("daemon", "copy", "*/bronze/*{stem}*", "ESTALE"),
    ("daemon", "fsync", "*/bronze/*{stem}*", "EIO"),
    ("daemon", "openread", "*/inbox/*{stem}*", "EACCES"),
    ("daemon", "write", "*/silver/*{stem}*.xmp*", "EIO"),
    ("daemon", "unlink", "*/inbox/*{stem}*", "EROFS"),
    ("worker", "read", "*/inbox/*{stem}*", "EIO"),
    ("worker", "read", "*/inbox/*{stem}*", "ESTALE"),
    ("worker", "openread", "*/inbox/*{stem}*", "EACCES"),
)


def make(make_subject: Callable[..., Subject], mode: str = "copy", **settings: Any) -> Subject:
    """Silver files have the name of the original, so that faults find them."""
    settings = {"library": {"silver_naming": "{originalFilename}"}, "compute": {"workers": 2}} | settings
    return make_subject(roots={"inbox": mode}, settings=settings)


def lay(subject: Subject, count: int) -> list[Source]:
    """So many photos; their names tell them apart."""
    return [subject.add("inbox", f"photo-{number}-x.jpg", picture(number)) for number in range(count)]


def fault(source: Source, call: str, match: str, trouble: str, where: str = "daemon") -> dict[str, Any]:
    place = match.format(stem=source.path.removesuffix(".jpg"), sha256=source.sha256)
    return {"call": call, "match": place, "errno": trouble, "in": where}


def troubles(subject: Subject) -> dict[str, str]:
    """The files that did not get through, with the reason that a person reads."""
    rows = subject.query("select path, reason from ledger where state in ('failed', 'queued') and reason is not null")
    return {row["path"]: row["reason"] for row in rows}


def assert_for_a_person(reasons: dict[str, str]) -> None:
    for path, reason in reasons.items():
        assert path in reason, f"which file? {reason}"
        assert not [word for word in GIBBERISH if word in reason], reason


def assert_it_lives(daemon: Daemon) -> None:
    assert daemon.process.poll() is None
    assert daemon.get("/api/health").status_code == 200
    assert daemon.get("/api/daemon/status").status_code == 200


def assert_nothing_is_half_done(subject: Subject) -> None:
    """Every file below ``media`` has a version, an intent, or is the sidecar of one that has."""
    names = {row["file_path"] for row in subject.query("select file_path from file_versions")}
    names |= {row["target"] for row in subject.query("select target from placements")}
    media = subject.home.data / "media"
    found = {
        str(path.relative_to(subject.home.data)).removesuffix(".xmp") for path in media.rglob("*") if path.is_file()
    }
    assert found <= names


def test_a_full_disk_leaves_no_part_of_a_file(make_subject: Callable[..., Subject], record_property: Record) -> None:
    """At every place; all of them at once in the short form, in full then one by one. It goes on by itself."""
    subject = make(make_subject)
    sources = lay(subject, len(FULL_AT))
    faults = [fault(source, *point, "ENOSPC") for source, point in zip(sources, FULL_AT, strict=True)]
    daemon = subject.start_sabotaged(faults=faults)
    _is_full_for_a_while(subject, daemon)
    for number, point in enumerate(FULL_AT if IS_FULL else ()):
        source = Source("inbox", f"alone-{number}-x.jpg", picture(100 + number), 0)
        subject.sabotage(faults=[fault(source, *point, "ENOSPC")])
        subject.add("inbox", source.path, source.content)
        _is_full_for_a_while(subject, daemon)
    assert not subject.query("select id from ledger where attempts > 1"), "a full disk is not the file's fault"
    conclude(record_property, subject, "disk full")


def _is_full_for_a_while(subject: Subject, daemon: Daemon) -> None:
    wait_until("it is told", lambda: troubles(subject))
    assert_it_lives(daemon)
    assert_for_a_person(troubles(subject))
    wait_until("nothing is in hand", lambda: not subject.query("select id from ledger where state = 'running'"))
    assert_nothing_is_half_done(subject)
    assert subject.lost() == []
    subject.sabotage()
    subject.comes_to_rest()


def test_a_full_disk_below_the_database(subject: Subject, record_property: Record) -> None:
    daemon = subject.start_sabotaged()
    lay(subject, 1)
    subject.comes_to_rest()
    subject.sabotage(is_full=True)
    for number in range(3):
        subject.add("inbox", f"later {number}.jpg", picture(100 + number))
    wait_until("it is told", lambda: [e for e in daemon.events() if "full" in str(e)])
    assert_it_lives(daemon)
    assert_for_a_person(troubles(subject))
    assert subject.lost() == []

    subject.sabotage()
    subject.comes_to_rest()
    conclude(record_property, subject, "database full")


def test_what_the_system_refuses_is_told_and_tried_again(
    make_subject: Callable[..., Subject], record_property: Record
) -> None:
    subject = make(make_subject, mode="move")
    sources = lay(subject, len(REFUSED) + 1)
    faults = [
        fault(source, call, match, trouble, where)
        for source, (where, call, match, trouble) in zip(sources, REFUSED, strict=False)
    ]
    daemon = subject.start_sabotaged(faults=faults)
    wait_until("each is told", lambda: len(troubles(subject)) == len(REFUSED))
    subject.home.wait_for_state(sources[-1].path, "done")
    assert_it_lives(daemon)
    assert_nothing_is_half_done(subject)
    assert subject.lost() == []
    assert_for_a_person(troubles(subject))

    subject.sabotage()
    subject.home.run("retry", "--all")
    subject.comes_to_rest()
    conclude(record_property, subject, "refusals")


def test_a_share_that_hangs_holds_up_only_its_own_files(
    make_subject: Callable[..., Subject], record_property: Record
) -> None:
    subject = make(make_subject, compute={"workers": 2, "time_limit": "3s"})
    copied, read, fine = lay(subject, 3)
    hangs = [
        {"call": "copy", "match": f"*/bronze/*{copied.path}*", "seconds": 600},
        {"call": "read", "match": f"*/{read.path}", "seconds": 600, "in": "worker"},
    ]
    daemon = subject.start_sabotaged(faults=hangs)
    subject.home.wait_for_state(fine.path, "done")
    # on a busy machine it may have cost all the workers that it gets before the others are through
    row = subject.home.wait_for_state(read.path, "failed", "quarantined")
    assert_for_a_person({read.path: row["reason"]})
    assert_it_lives(daemon)
    subject.sabotage()
    subject.home.run("retry", "--all")
    subject.comes_to_rest()
    conclude(record_property, subject, "hung read and copy")


def test_a_clock_that_jumps_a_day_back_and_forth_stops_nothing(subject: Subject, record_property: Record) -> None:
    subject.home.settings["intake"] = {"rescan_interval": "1s"}
    subject.home.write_config()
    (refused,) = lay(subject, 1)
    daemon = subject.start_sabotaged(faults=[fault(refused, "copy", "*/bronze/*{stem}*", "EIO")])
    subject.home.wait_for_state(refused.path, "failed")
    for number, clock in enumerate((-86_400, 86_400, 0)):
        subject.sabotage(clock=clock)
        subject.add("inbox", f"{number}.jpg", picture(100 + number))
        subject.home.wait_for_state(f"{number}.jpg", "done")
        last = _last_scan(daemon)
        wait_until("it is scanned again", lambda before=last: _last_scan(daemon) != before, every=0.5)  # type: ignore[misc]
        if number == 0:
            # what had failed is not put off for a day
            subject.comes_to_rest()
    conclude(record_property, subject, "clock")


def _last_scan(daemon: Daemon) -> str | None:
    (root,) = daemon.get("/api/daemon/roots").json()
    return None if root["lastScan"] is None else str(root["lastScan"]["at"])


def test_a_database_that_another_program_holds(subject: Subject, record_property: Record) -> None:
    daemon = subject.start()
    lay(subject, 1)
    subject.comes_to_rest()
    other = sqlite3.connect(subject.home.data / "pictallion.db", isolation_level=None, check_same_thread=False)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        # longer than the daemon's patience with it, which is 30 s
        release = threading.Timer(35.0 if IS_FULL else 3.0, other.rollback)
        release.start()
        subject.add("inbox", "meanwhile.jpg", picture(50))
        assert_it_lives(daemon)
        release.join()
    subject.comes_to_rest()
    conclude(record_property, subject, "database locked")
