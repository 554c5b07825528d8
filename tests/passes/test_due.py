"""Which passes run tonight, and which do not wait for the night."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from core.config.schema import Night
from core.errors import ConfigError
from core.passes import runs
from core.passes.due import check_names, due
from core.passes.runner import Wanted
from core.passes.runs import RunState
from core.passes.shape import Progress, Tools
from core.window import Window, parse_window
from tests.passes.conftest import counting

#: A night at two, and a day at noon.
NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NOON = NIGHT + timedelta(hours=10)

EACH = counting(1)


async def ran(
    tools: Tools,
    state: RunState,
    when: datetime,
    *,
    is_asked: bool = False,
    is_dry: bool = False,
    name: str = "counting",
) -> None:
    async with tools.bench.database.write() as connection:
        run = await runs.open_run(connection, name, "x", Progress(), when, is_asked=is_asked, is_dry=is_dry)
        ended = None if state in runs.UNFINISHED else when
        await runs.save(connection, replace(run, state=state, ended_at=ended))


async def wanted(tools: Tools, now: datetime, night: Night | None = None) -> list[Wanted]:
    async with tools.bench.database.read() as connection:
        is_open = now.hour == 2
        return await due(connection, [EACH], night or Night(), now, is_open=is_open)


async def test_what_never_ran_is_late_whatever_the_time(tools: Tools) -> None:
    assert await wanted(tools, NOON) == [Wanted("counting", is_late=True)]


async def test_every_night_even_if_last_night_it_was_later(both_tools: Tools) -> None:
    await ran(both_tools, RunState.DONE, NIGHT - timedelta(hours=21))
    assert await wanted(both_tools, NIGHT) == [Wanted("counting")]
    assert await wanted(both_tools, NIGHT + timedelta(hours=1)) == []
    await ran(both_tools, RunState.DONE, NIGHT)
    assert await wanted(both_tools, NIGHT) == []


async def test_a_machine_that_is_off_at_night_does_it_by_day(tools: Tools) -> None:
    await ran(tools, RunState.DONE, NOON - timedelta(hours=30))
    assert await wanted(tools, NOON) == []
    assert await wanted(tools, NOON + timedelta(hours=7)) == [Wanted("counting", is_late=True)]


async def test_what_failed_or_was_cancelled_waits_for_the_next_night(tools: Tools) -> None:
    await ran(tools, RunState.DONE, NIGHT - timedelta(days=1))
    for state in (RunState.FAILED, RunState.CANCELLED):
        await ran(tools, state, NIGHT)
        assert await wanted(tools, NIGHT) == []
        assert await wanted(tools, NOON) == []
    assert await wanted(tools, NIGHT + timedelta(days=1)) == [Wanted("counting", is_late=True)]


async def test_what_fails_every_night_is_not_tried_by_day_as_well_unless_there_is_no_night(tools: Tools) -> None:
    """A webhook that is down for a week would have the same people told twice a day."""
    await ran(tools, RunState.DONE, NIGHT - timedelta(days=7))
    await ran(tools, RunState.FAILED, NIGHT)
    assert await wanted(tools, NIGHT + timedelta(hours=13)) == []
    assert await wanted(tools, NIGHT + timedelta(hours=24)) == [Wanted("counting", is_late=True)]
    assert await wanted(tools, NIGHT + timedelta(hours=37)) == [Wanted("counting", is_late=True)]


async def test_what_was_interrupted_goes_on_at_night_and_what_was_asked_for_at_once(both_tools: Tools) -> None:
    await ran(both_tools, RunState.DONE, NIGHT)
    await ran(both_tools, RunState.INTERRUPTED, NIGHT)
    assert await wanted(both_tools, NOON) == []
    assert await wanted(both_tools, NIGHT) == [Wanted("counting")]
    await ran(both_tools, RunState.INTERRUPTED, NOON, is_asked=True)
    assert await wanted(both_tools, NOON) == [Wanted("counting", is_asked=True)]


async def test_what_a_person_asked_for_stands_for_the_night_unless_it_is_extra(both_tools: Tools) -> None:
    await ran(both_tools, RunState.DONE, NIGHT - timedelta(days=1))
    await ran(both_tools, RunState.FAILED, NIGHT - timedelta(hours=7), is_asked=True)
    await ran(both_tools, RunState.DONE, NIGHT - timedelta(hours=6), is_asked=True)
    assert await wanted(both_tools, NIGHT) == []
    async with both_tools.bench.database.read() as connection:
        extra = replace(EACH, asked_is_extra=True)
        assert await due(connection, [extra], Night(), NIGHT, is_open=True) == [Wanted("counting")]


async def test_what_another_process_is_at_is_left_to_it(tools: Tools) -> None:
    await ran(tools, RunState.RUNNING, NIGHT, is_asked=True)
    assert await wanted(tools, NIGHT) == []


async def test_a_dry_run_is_no_run(tools: Tools) -> None:
    await ran(tools, RunState.DONE, NIGHT - timedelta(days=1))
    for state in RunState:
        await ran(tools, state, NIGHT, is_dry=True)
    assert await wanted(tools, NIGHT) == [Wanted("counting")]
    assert await wanted(tools, NOON) == []


async def test_the_owner_says_how_often_and_whether_at_all(tools: Tools) -> None:
    assert await wanted(tools, NIGHT, Night(off=("counting",))) == []
    await ran(tools, RunState.DONE, NIGHT - timedelta(days=2))
    assert await wanted(tools, NIGHT, Night(every={"counting": 7 * 86400.0})) == []
    assert await wanted(tools, NIGHT + timedelta(days=5), Night(every={"counting": 7 * 86400.0})) == [
        Wanted("counting")
    ]


async def test_a_clock_that_was_wrong_by_years_does_not_keep_it_from_running(tools: Tools) -> None:
    for state in (RunState.DONE, RunState.FAILED):
        await ran(tools, state, NIGHT + timedelta(days=3650))
    assert await wanted(tools, NIGHT) == [Wanted("counting", is_late=True)]


@pytest.mark.parametrize("night", [Night(off=("verfy",)), Night(every={"verfy": 86400.0})])
def test_names_of_passes_are_checked(night: Night) -> None:
    with pytest.raises(ConfigError, match="no pass called verfy; there are counting"):
        check_names(night, [EACH])


def test_a_window_may_go_over_midnight() -> None:
    window = parse_window("22:00-5:30")
    assert window == Window(time(22), time(5, 30))
    assert [hour for hour in range(24) if window.contains(time(hour))] == [0, 1, 2, 3, 4, 5, 22, 23]
    assert parse_window("") is None
    assert str(parse_window("2:00 – 06:00")) == "02:00-06:00"


@pytest.mark.parametrize("text", ["2-6", "25:00-26:00", "02:00", "02:60-03:00", 2])
def test_what_is_no_window_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="02:00-06:00"):
        parse_window(text)
