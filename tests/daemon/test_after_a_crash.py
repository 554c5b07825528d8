"""A daemon that is killed leaves nothing behind that goes on living."""

from __future__ import annotations

import psutil  # type: ignore[import-untyped]

from tests.daemon.conftest import Home, start, wait_until
from tests.daemon.test_intake import all_done, noise


def test_the_workers_of_a_killed_daemon_end_by_themselves(home: Home) -> None:
    """Restarted after every crash, the machine would otherwise fill up with the networks of old workers."""
    noise(home.inbox / "a.jpg", 1)
    daemon = start(home)
    all_done(home, 1)
    workers = psutil.Process(daemon.process.pid).children(recursive=True)
    assert workers
    daemon.kill()
    try:
        wait_until("all have ended", lambda: not [w for w in workers if w.is_running()], patience=10)
    finally:
        for worker in workers:
            if worker.is_running():
                worker.kill()
