"""Memory is given back once after each stretch of work, and never in the middle of one."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.memory import Leftovers


@dataclass
class Work:
    """What a daemon has done so far."""

    is_idle: bool = True
    requests: int = 0


def test_memory_is_given_back_when_a_stretch_of_work_is_over() -> None:
    work = Work()
    leftovers = Leftovers(lambda: work.is_idle, lambda: work.requests)
    assert leftovers.is_due(), "what the start has left"
    assert not leftovers.is_due()
    work.is_idle = False
    assert not leftovers.is_due()
    work.is_idle = True
    assert leftovers.is_due(), "files were taken in"
    work.requests += 500
    assert not leftovers.is_due(), "somebody is searching"
    work.requests += 3
    assert leftovers.is_due(), "only an open page asks now and then"
    work.requests += 3
    assert not leftovers.is_due()
