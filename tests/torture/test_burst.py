"""Whole folders that appear at once, more than the kernel can hint at, are seen completely."""

from __future__ import annotations

import pytest

from tests.daemon.conftest import PATIENCE, wait_until
from tests.torture import writers
from tests.torture.conftest import IS_FULL, Subject

BURSTS = [20_000, 60_000] if IS_FULL else [20_000]


@pytest.mark.parametrize("files", BURSTS)
def test_every_file_of_a_burst_is_in_the_ledger(subject: Subject, files: int) -> None:
    """They are no photos, so that the pipeline is quick with them; what counts is that each is seen."""
    daemon = subject.start()
    assert writers.burst(subject.home.inbox / "phone", files).wait(PATIENCE) == 0

    def seen() -> int:
        count: int = subject.query("select count(*) from ledger where state != 'missing'")[0][0]
        return count

    wait_until("all are seen", lambda: seen() >= files, 5 * PATIENCE, every=0.5)
    wait_until("all stand still", lambda: not subject.home.states().get("waiting"), 5 * PATIENCE, every=0.5)
    expected = {f"phone/{path}" for path in writers.burst_paths(files)}
    assert {row["path"] for row in subject.query("select path from ledger")} == expected
    if IS_FULL:
        wait_until("all are through", lambda: subject.home.states() == {"ignored": files}, 30 * PATIENCE, every=5)
    assert daemon.get("/api/health").status_code == 200
