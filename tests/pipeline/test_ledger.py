"""The ledger hands each file to one worker, forgets nothing and stays fast when it is long; on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.tables import LedgerEntry, MediaAsset, Placement
from core.db.types import escape_path, unescape_path
from core.pipeline import ledger, sighted, tally
from core.pipeline.ledger import Entry, Fate, Signature
from core.pipeline.states import State

NOW = datetime(2025, 8, 1, 12, 0, tzinfo=UTC)
SIGNATURE = Signature(1000, 1_700_000_000_000_000_001, 1_700_000_000_000_000_002, str(2**64 - 1))
CHANGED = Signature(2000, 1_700_000_000_000_000_003, 1_700_000_000_000_000_004, "7")

#: asyncpg takes 32,767 variables in a statement, SQLite usually 32,766. [rows]
MORE_THAN_A_STATEMENT_TAKES = 33_000

_FILL = """
INSERT INTO ledger (root, path, state, size, mtime_ns, ctime_ns, inode, first_seen_at, updated_at)
WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :count)
SELECT 'inbox', '2024/' || i || '.jpg', '{state}', 1, 2, 3, '4', '2025-08-01 12:00', '2025-08-01 12:00' FROM numbers
"""

#: Claims until nothing is left, a few at a time, and prints the ids.
_CLAIMER = """
import asyncio, sys
from datetime import UTC, datetime
from core.db.engine import open_database
from core.pipeline import ledger

async def main(url, holder):
    database = open_database(url)
    sys.stdin.readline()
    while True:
        async with database.write() as connection:
            entries = await ledger.claim(connection, ["inbox"], 3, holder, datetime.now(UTC))
        if not entries:
            break
        print(*(entry.id for entry in entries), flush=True)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def see(
    database: Database,
    *paths: str,
    root: str = "inbox",
    state: State = State.QUEUED,
    signature: Signature = SIGNATURE,
    holder: str | None = None,
    now: datetime = NOW,
) -> None:
    async with database.write() as connection:
        rows = ((path, signature, state, None) for path in paths)
        await sighted.record_sightings(connection, root, rows, now, holder)


async def fill(database: Database, state: State, count: int = MORE_THAN_A_STATEMENT_TAKES) -> None:
    """Many entries at once."""
    async with database.write() as connection:
        await connection.execute(text(_FILL.format(state=state)), {"count": count})


async def claim(
    database: Database,
    limit: int = 100,
    holder: str = "me",
    now: datetime = NOW,
    roots: Iterable[str] = ("inbox",),
    *,
    only_held: bool = False,
) -> list[Entry]:
    async with database.write() as connection:
        return await ledger.claim(connection, list(roots), limit, holder, now, only_held=only_held)


async def settle(database: Database, entry: Entry, fate: Fate) -> None:
    async with database.write() as connection:
        await ledger.settle_fate(connection, entry, fate, NOW)


async def row_of(database: Database, path: str) -> Any:
    async with database.read() as connection:
        return (await connection.execute(select(LedgerEntry.__table__).where(LedgerEntry.path == path))).one()


async def test_entries_are_claimed_oldest_first_up_to_the_limit(database: Database) -> None:
    await see(database, *(f"{number}.jpg" for number in range(9)))
    first = await claim(database, 4)
    assert [entry.path for entry in first] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert {entry.state for entry in first} == {State.RUNNING}
    assert {entry.attempts for entry in first} == {1}
    assert first[0].signature == SIGNATURE
    assert (await row_of(database, "0.jpg")).holder == "me"
    assert [entry.path for entry in await claim(database)] == [f"{number}.jpg" for number in range(4, 9)]
    assert await claim(database) == []


async def test_the_limit_holds_in_a_long_ledger_that_was_never_analysed(database: Database) -> None:
    """PostgreSQL may run a subquery with a limit once per row when it believes the table to be small."""
    await fill(database, State.QUEUED, 5000)
    for _ in range(3):
        assert len(await claim(database, 3)) == 3


async def test_two_processes_that_claim_at_once_never_get_the_same_entry(database: Database, database_url: str) -> None:
    await see(database, *(f"{number}.jpg" for number in range(150)))
    claimers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _CLAIMER, database_url, holder), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for holder in ("one", "two")
    ]
    answers = await asyncio.gather(*(claimer.communicate(b"go\n") for claimer in claimers))
    claimed = [int(number) for out, _ in answers for number in out.split()]
    assert [claimer.returncode for claimer in claimers] == [0, 0]
    assert len(claimed) == len(set(claimed)) == 150


async def test_an_entry_queued_for_a_process_is_left_to_it(database: Database) -> None:
    await see(database, "mine.jpg", holder="me")
    await see(database, "anybody.jpg")
    assert [entry.path for entry in await claim(database, holder="other")] == ["anybody.jpg"]
    assert [entry.path for entry in await claim(database, holder="me")] == ["mine.jpg"]


async def test_only_held_leaves_what_was_queued_for_nobody(database: Database) -> None:
    await see(database, "mine.jpg", holder="me")
    await see(database, "anybody.jpg")
    assert [entry.path for entry in await claim(database, only_held=True)] == ["mine.jpg"]
    assert (await row_of(database, "anybody.jpg")).state == State.QUEUED


async def test_entries_of_other_roots_are_not_claimed(database: Database) -> None:
    await see(database, "a.jpg", root="other")
    assert await claim(database) == []


async def test_a_failed_entry_is_claimed_when_its_time_has_come_and_not_before(database: Database) -> None:
    await see(database, "a.jpg")
    (entry,) = await claim(database)
    due = NOW + timedelta(seconds=90)
    await settle(database, entry, Fate(State.FAILED, "It did not work.", next_attempt_at=due))
    async with database.read() as connection:
        assert await ledger.next_due(connection, ["inbox"], "me") == due
        assert await ledger.next_due(connection, ["other"], "me") is None
    assert await claim(database, now=due - timedelta(milliseconds=1)) == []
    (again,) = await claim(database, now=due)
    assert again.id == entry.id
    assert again.attempts == 2


@pytest.mark.parametrize(
    "state",
    [state for state in State if state not in (State.QUEUED, State.FAILED)],
)
async def test_nothing_else_is_ever_claimed(database: Database, state: State) -> None:
    await see(database, "a.jpg", state=state)
    assert await claim(database, now=NOW + timedelta(days=400)) == []


async def test_a_known_path_starts_over_but_keeps_its_asset(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="asset", original_filename="a.jpg"))
    await see(database, "a.jpg")
    (entry,) = await claim(database)
    await settle(database, entry, Fate(State.DONE, media_asset_id="asset", sha256="ab"))
    await see(database, "a.jpg", signature=CHANGED, now=NOW + timedelta(days=1))
    (again,) = await claim(database)
    assert (again.id, again.media_asset_id, again.attempts, again.signature) == (entry.id, "asset", 1, CHANGED)
    row = await row_of(database, "a.jpg")
    assert row.first_seen_at == NOW
    assert row.updated_at == NOW


async def test_a_new_sighting_forgets_the_failure_of_the_old_content(database: Database) -> None:
    await see(database, "a.jpg")
    (entry,) = await claim(database)
    await settle(database, entry, Fate(State.FAILED, "Broken.", next_attempt_at=NOW + timedelta(days=9)))
    await see(database, "a.jpg", state=State.WAITING, signature=CHANGED)
    row = await row_of(database, "a.jpg")
    assert (row.state, row.reason, row.next_attempt_at, row.attempts) == (State.WAITING, None, None, 0)


async def test_a_file_seen_anew_while_it_is_worked_on_is_not_handed_out_a_second_time(database: Database) -> None:
    """Two attempts at one entry would clear each other's placements away."""
    await see(database, "a.jpg")
    await claim(database, holder="one")
    await see(database, "a.jpg", signature=CHANGED)
    assert await claim(database, holder="two") == []


async def test_the_end_of_an_attempt_does_not_swallow_a_newer_content(database: Database) -> None:
    """The file was changed while it was worked on: what the attempt took in was the old content."""
    await see(database, "a.jpg")
    (entry,) = await claim(database)
    await see(database, "a.jpg", signature=CHANGED)
    await settle(database, entry, Fate(State.DONE, sha256="ab"))
    assert (await row_of(database, "a.jpg")).state in (State.WAITING, State.QUEUED)


async def test_a_claimed_entry_knows_whether_an_earlier_attempt_left_a_placement(database: Database) -> None:
    await see(database, "one.jpg", "two.jpg", "three.jpg")
    async with database.write() as connection:
        entries = await sighted.known_below(connection, "inbox")
        placement = {"tier": "bronze", "target": "media/bronze/2024/07/b.jpg", "sha256": "ab", "holder": "dead"}
        await connection.execute(insert(Placement).values(id=77, ledger_id=entries["two.jpg"].id, **placement))
    assert {entry.path: entry.was_begun for entry in await claim(database)} == {
        "one.jpg": False,
        "two.jpg": True,
        "three.jpg": False,
    }


async def test_settling_never_forgets_the_asset_of_an_entry(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(MediaAsset).values(id="asset", original_filename="a.jpg"))
    await see(database, "a.jpg")
    (entry,) = await claim(database)
    await settle(database, entry, Fate(State.DONE, media_asset_id="asset", sha256="ab"))
    await settle(database, entry, Fate(State.MISSING, "It is gone."))
    row = await row_of(database, "a.jpg")
    assert (row.state, row.media_asset_id, row.sha256, row.holder) == (State.MISSING, "asset", "ab", None)


async def test_counts_name_every_state_and_add_up_to_every_path_ever_seen(database: Database) -> None:
    for number, state in enumerate(State):
        await see(database, *(f"{state}{copy}.jpg" for copy in range(number)), state=state)
    await see(database, "elsewhere.jpg", root="other", state=State.DONE)
    async with database.read() as connection:
        counts = await tally.counts(connection)
        by_root = await tally.counts_by_root(connection)
        seen = (await connection.execute(select(LedgerEntry.id))).all()
    assert list(counts) == list(State)
    assert sum(counts.values()) == len(seen)
    assert counts[State.WAITING] == 0
    assert counts[State.DONE] == list(State).index(State.DONE) + 1
    assert by_root["other"] == {State.DONE: 1}


async def test_troubles_are_the_newest_failures_with_their_reasons(database: Database) -> None:
    await see(database, *(f"{number}.jpg" for number in range(5)), "caf\udce9.jpg")
    for entry in await claim(database):
        await settle(database, entry, Fate(State.QUARANTINED, f"{entry.id} is broken."))
    async with database.read() as connection:
        troubles = await tally.troubles(connection, limit=2)
    assert [trouble["path"] for trouble in troubles] == ["caf\\xe9.jpg", "4.jpg"]
    assert troubles[0]["state"] == State.QUARANTINED
    assert "is broken" in (troubles[0]["reason"] or "")


async def test_an_upload_is_running_from_the_start(database: Database) -> None:
    async with database.write() as connection:
        entry = await ledger.open_entry(connection, "upload", "1/a.jpg", SIGNATURE, "me", NOW)
    assert await claim(database, roots=["upload"]) == []
    async with database.read() as connection:
        held = await ledger.held_entries(connection)
    assert held == {"me": [entry]}


async def test_lists_of_paths_longer_than_a_statement_may_be_work(database: Database) -> None:
    paths = [f"2024/{number}.jpg" for number in range(MORE_THAN_A_STATEMENT_TAKES)]
    await fill(database, State.WAITING)
    async with database.write() as connection:
        known = await sighted.known_paths(connection, "inbox", paths)
        await sighted.move_to(connection, [entry.id for entry in known.values()], State.MISSING, NOW, "Gone.")
    assert set(known) == set(paths)
    async with database.read() as connection:
        assert (await tally.counts(connection))[State.MISSING] == len(paths)
        assert len(await sighted.known_below(connection, "inbox")) == len(paths)


async def test_thousands_of_sightings_are_written_in_one_call(database: Database) -> None:
    paths = [f"{number}.jpg" for number in range(10_001)]
    await see(database, *paths)
    await see(database, *paths, state=State.DONE)
    async with database.read() as connection:
        assert (await tally.counts(connection))[State.DONE] == len(paths)


async def test_paths_of_any_bytes_come_back_as_they_were(database: Database) -> None:
    names = [b"caf\xe9.jpg", b"caf\\xe9.jpg", b"\\", b"a\nb\t.jpg", "🎂.jpg".encode(), b"\xff\xfe", b"'\";--%_.jpg"]
    paths = [os.fsdecode(name) for name in names]
    await see(database, *paths)
    async with database.read() as connection:
        assert set(await sighted.known_below(connection, "inbox")) == set(paths)
        assert set(await sighted.known_paths(connection, "inbox", paths)) == set(paths)
    assert {entry.path for entry in await claim(database)} == set(paths)


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_every_posix_path_is_stored_as_text_and_back(name: bytes) -> None:
    stored = escape_path(os.fsdecode(name))
    stored.encode("utf-8")
    assert os.fsencode(unescape_path(stored)) == name


async def plan_of(database: Database, run: Callable[[AsyncConnection], Awaitable[object]]) -> list[str]:
    """How SQLite searches for the first statement of ``run``."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        statements.append((statement, parameters))

    async with database.write() as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await run(connection)
        statement, parameters = statements[0]
        return [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]


_LISTS: dict[str, Callable[[AsyncConnection], Awaitable[object]]] = {
    "claim": lambda connection: ledger.claim(connection, ["inbox", "other"], 6, "me", NOW),
    "claim of what is held": lambda connection: ledger.claim(connection, ["inbox"], 6, "me", NOW, only_held=True),
    "next due": lambda connection: ledger.next_due(connection, ["inbox", "other"], "me"),
    "known paths": lambda connection: sighted.known_paths(connection, "inbox", ["1.jpg", "2.jpg"]),
    "known below": lambda connection: sighted.known_below(connection, "inbox"),
    "troubles": lambda connection: tally.troubles(connection, 10),
    "held entries": ledger.held_entries,
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", _LISTS)
async def test_a_long_ledger_is_searched_by_index(database: Database, what: str) -> None:
    plan = await plan_of(database, _LISTS[what])
    assert any("ledger USING" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN ledger")], plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("only_held", [False, True])
async def test_a_claim_reads_no_more_of_a_long_queue_than_it_takes(database: Database, only_held: bool) -> None:
    """It is asked after every file: reading the whole queue or the whole root each time, n files would cost n²."""
    plan = await plan_of(
        database, lambda connection: ledger.claim(connection, ["inbox"], 6, "me", NOW, only_held=only_held)
    )
    assert not [step for step in plan if "TEMP B-TREE" in step or "(root=?)" in step], plan


async def test_a_claim_that_is_rolled_back_leaves_the_entry_in_the_queue(database: Database) -> None:
    await see(database, "a.jpg")
    with contextlib.suppress(RuntimeError):
        async with database.write() as connection:
            assert await ledger.claim(connection, ["inbox"], 1, "me", NOW)
            raise RuntimeError("cut off")
    assert len(await claim(database)) == 1


async def test_a_state_that_this_program_does_not_know_is_an_error_and_not_passed_over(database: Database) -> None:
    await see(database, "a.jpg")
    async with database.write() as connection:
        await connection.execute(update(LedgerEntry).values(state="elsewhere"))
    async with database.read() as connection:
        with pytest.raises(ValueError, match="elsewhere"):
            await tally.counts(connection)
