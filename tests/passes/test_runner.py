"""A pass runs to its end, gives way, stops when it is told to, and goes on where it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.db.tables import utc_now
from core.errors import EndlessPass, NoSpace, UnknownPass
from core.passes import runs
from core.passes.runner import Manners, Runner, Wanted
from core.passes.runs import Run, RunState
from core.passes.shape import Pass, Progress, Tools
from core.pipeline.holders import become_holder
from tests.passes.conftest import counting

WANTED = Wanted("counting")


async def history(tools: Tools) -> list[Run]:
    async with tools.bench.database.read() as connection:
        return await runs.history(connection, None, 100)


async def test_a_run_is_told_slice_by_slice_and_remembered(both_tools: Tools) -> None:
    told: list[tuple[RunState, int]] = []
    run = await Runner(both_tools, [counting(3)], tell=lambda run: told.append((run.state, run.progress.done))).run(
        WANTED
    )
    assert (run.state, run.progress.report) == (RunState.DONE, {"counted": 3})
    assert told[-1] == (RunState.DONE, 3)
    assert [done for _, done in told] == sorted(done for _, done in told)
    (remembered,) = await history(both_tools)
    assert remembered == replace(run, progress=remembered.progress)
    assert remembered.progress.report == {"counted": 3}
    assert remembered.ended_at is not None


async def test_after_a_power_cut_it_goes_on_with_the_slice_that_was_not_written_down(both_tools: Tools) -> None:
    seen: list[int] = []
    reached = asyncio.Event()

    async def until_two(number: int) -> None:
        seen.append(number)
        if number == 2 and not reached.is_set():
            reached.set()
            await asyncio.Event().wait()

    each = counting(4, until_two)
    dying = asyncio.create_task(Runner(both_tools, [each]).run(WANTED))
    await asyncio.wait_for(reached.wait(), 30)
    dying.cancel()
    await asyncio.wait({dying})
    (cut,) = await history(both_tools)
    assert (cut.state, cut.progress.done, cut.progress.checkpoint) == (RunState.RUNNING, 2, {"next": 2})
    run = await Runner(both_tools, [each]).run(WANTED)
    assert seen == [0, 1, 2, 2, 3]
    assert (run.id, run.state) == (cut.id, RunState.DONE)


async def left_behind(tools: Tools, *, is_dry: bool = False, is_asked: bool = False) -> Run:
    """What a process that was killed leaves: three of ten."""
    async with tools.bench.database.write() as connection:
        progress = Progress({"next": 3}, 3, 10)
        run = await runs.open_run(
            connection, "counting", "0-dead", progress, utc_now(), is_asked=is_asked, is_dry=is_dry
        )
        await runs.save(connection, replace(run, seconds=6.0))
        return run


async def test_what_a_killed_process_ran_is_running_no_longer_and_goes_on(both_tools: Tools) -> None:
    seen: list[int] = []

    async def note(number: int) -> None:
        seen.append(number)

    real = await left_behind(both_tools)
    await left_behind(both_tools, is_dry=True)
    runner = Runner(both_tools, [counting(10, note)])
    runner.stop()
    await runner.work()
    looking, going_on = await history(both_tools)
    assert (looking.state, looking.seconds_left, looking.ended_at is None) == ("cancelled", None, False)
    assert (going_on.state, going_on.seconds_left) == ("interrupted", 14.0)
    assert looking.reason == "The process that ran it was killed, or the power failed."
    assert going_on.reason == "The process that ran it was killed, or the power failed; it goes on where it stopped."
    run = await Runner(both_tools, [counting(10, note)]).run(WANTED)
    assert (run.id, run.state, run.reason, seen) == (real.id, RunState.DONE, None, [3, 4, 5, 6, 7, 8, 9])


async def test_what_a_living_process_runs_is_left_to_it(tools: Tools) -> None:
    await left_behind(tools)
    with become_holder(tools.bench.layout.locks) as other:
        async with tools.bench.database.write() as connection:
            (run,) = await runs.unfinished(connection)
            await runs.save(connection, replace(run, holder=other))
        await Runner(tools, [counting(10)]).take_stock()
        assert not await Runner(tools, [counting(10)]).cancel("counting")
        assert [run.state for run in await history(tools)] == ["running"]


async def test_what_was_interrupted_can_be_cancelled_and_begins_anew(both_tools: Tools) -> None:
    for is_dry in (False, True):
        await left_behind(both_tools, is_dry=is_dry)
    runner = Runner(both_tools, [counting(10)])
    assert await runner.cancel("counting")
    assert [run.state for run in await history(both_tools)] == ["cancelled", "cancelled"]
    assert not await runner.cancel("counting")
    assert (await runner.run(WANTED)).progress.done == 10
    assert len(await history(both_tools)) == 3


async def test_that_a_person_asked_is_not_forgotten_when_the_process_is_killed(both_tools: Tools) -> None:
    await left_behind(both_tools)
    reached = asyncio.Event()

    async def hang(number: int) -> None:
        if number == 4:
            runner.request(replace(WANTED, is_asked=True))
        if number == 5:
            reached.set()
            await asyncio.Event().wait()

    runner = Runner(both_tools, [counting(10, hang)])
    dying = asyncio.create_task(runner.run(WANTED))
    await asyncio.wait_for(reached.wait(), 30)
    dying.cancel()
    await asyncio.wait({dying})
    assert [(run.is_asked, run.progress.done) for run in await history(both_tools)] == [(True, 5)]
    over = Manners(over=lambda: "The time for it is over.")
    assert (await Runner(both_tools, [counting(10)], over).run(WANTED)).state is RunState.DONE


async def test_a_run_that_goes_on_because_a_person_asks_is_one_that_a_person_asked_for(both_tools: Tools) -> None:
    await left_behind(both_tools)
    run = await Runner(both_tools, [counting(10)]).run(replace(WANTED, is_asked=True))
    assert [(each.id, each.is_asked) for each in await history(both_tools)] == [(run.id, True)]


async def test_a_dry_run_that_is_stopped_is_over(tools: Tools) -> None:
    async def stop(number: int) -> None:
        runner.stop()

    runner = Runner(tools, [counting(4, stop)])
    run = await runner.run(replace(WANTED, is_dry=True))
    assert (run.state, run.reason) == (RunState.CANCELLED, "Pictallion was stopped.")
    assert (await Runner(tools, [counting(4)]).run(replace(WANTED, is_dry=True))).id != run.id


async def test_a_run_with_a_limit_works_no_longer_and_is_done(both_tools: Tools) -> None:
    limited = replace(counting(10), limit=lambda settings: 3600.0)
    run = await Runner(both_tools, [limited]).run(replace(WANTED, is_asked=True, time_limit=0.0))
    assert (run.state, run.progress.done, run.time_limit) == (RunState.DONE, 1, 0.0)
    assert run.reason == "Its time was over; what it did not come to is first the next time."
    (remembered,) = await history(both_tools)
    assert remembered.time_limit == 0.0
    run = await Runner(both_tools, [limited]).run(WANTED)
    assert (run.state, run.progress.done, run.time_limit, run.reason) == (RunState.DONE, 10, 3600.0, None)


async def test_a_limit_holds_for_what_goes_on_or_runs_already_from_now(tools: Tools) -> None:
    async def limit(number: int) -> None:
        if number == 5:
            assert not runner.request(replace(WANTED, is_asked=True, time_limit=0.0))

    left = await left_behind(tools)
    assert (replace(left, seconds=6.0).seconds_left, replace(left, seconds=6.0).per_second) == (14.0, 0.5)
    assert replace(left, seconds=6.0, time_limit=10.0).seconds_left == 4.0
    runner = Runner(tools, [replace(counting(10, limit), limit=lambda settings: 3600.0)])
    run = await runner.run(replace(WANTED, is_asked=True, time_limit=1800.0))
    assert (run.id, run.state, run.progress.done) == (left.id, RunState.DONE, 7)
    assert run.time_limit is not None
    assert 6.0 <= run.time_limit < 1800.0


async def test_a_limit_for_what_goes_to_its_end_is_refused(tools: Tools) -> None:
    runner = Runner(tools, [counting(1)])
    with pytest.raises(EndlessPass, match="counting always goes to its end"):
        runner.request(replace(WANTED, time_limit=600.0))
    with pytest.raises(EndlessPass, match="counting always goes to its end"):
        await runner.run(replace(WANTED, time_limit=600.0))


async def test_what_is_asked_to_stop_stops_after_the_slice_and_goes_on_another_time(tools: Tools) -> None:
    async def stop(number: int) -> None:
        if number == 1:
            runner.stop()

    runner = Runner(tools, [counting(4, stop)])
    run = await runner.run(WANTED)
    assert (run.state, run.progress.done, run.ended_at) == (RunState.INTERRUPTED, 2, None)
    assert (await Runner(tools, [counting(4)]).run(WANTED)).id == run.id


async def test_cancelling_ends_it_between_slices_and_the_next_run_begins_anew(both_tools: Tools) -> None:
    async def cancel(number: int) -> None:
        if number == 1:
            assert await runner.cancel("counting")

    runner = Runner(both_tools, [counting(4, cancel)])
    run = await runner.run(WANTED)
    assert (run.state, run.progress.done) == (RunState.CANCELLED, 2)
    again = await Runner(both_tools, [counting(4)]).run(WANTED)
    assert again.id != run.id
    assert again.state is RunState.DONE


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NoSpace("The disk is full."), "The disk is full."),
        (OSError(5, "Input/output error"), "Input/output error"),
        (KeyError("x"), "defect"),
    ],
)
async def test_a_failure_says_why_and_the_next_run_begins_anew(tools: Tools, error: Exception, reason: str) -> None:
    async def fail(number: int) -> None:
        if number == 1:
            raise error

    run = await Runner(tools, [counting(4, fail)]).run(WANTED)
    assert run.state is RunState.FAILED
    assert reason in (run.reason or "")
    assert (await Runner(tools, [counting(4)]).run(WANTED)).state is RunState.DONE


async def test_it_waits_while_others_are_busy_and_not_for_ever(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.passes.runner.LOOK_SECONDS", 0.01)
    answers = iter(["Files are being taken in."] * 3)
    looks = 0

    def busy(is_asked: bool) -> str | None:
        nonlocal looks
        looks += 1
        return next(answers, None)

    run = await Runner(tools, [counting(1)], Manners(busy=busy)).run(WANTED)
    assert run.state is RunState.DONE
    assert looks == 4
    monkeypatch.setattr("core.passes.runner.LONGEST_WAIT", 0.05)
    always = Manners(busy=lambda is_asked: "Files are being taken in.")
    assert (await Runner(tools, [counting(2)], always).run(WANTED)).state is RunState.DONE


async def test_when_its_time_is_over_it_goes_on_another_night_unless_somebody_asked(tools: Tools) -> None:
    over = Manners(over=lambda: "The time for it is over.")
    run = await Runner(tools, [counting(2)], over).run(WANTED)
    assert (run.state, run.reason) == (RunState.INTERRUPTED, "The time for it is over.")
    asked = await Runner(tools, [counting(2)], over).run(replace(WANTED, is_asked=True))
    assert (asked.id, asked.state) == (run.id, RunState.DONE)


async def test_what_runs_by_itself_and_is_asked_for_gives_way_no_longer(tools: Tools) -> None:
    asked: list[bool] = []

    def busy(is_asked: bool) -> str | None:
        asked.append(is_asked)
        if not is_asked:
            assert runner.request(Wanted("counting", is_asked=True)) is False, "it is running already"
        return None if is_asked else "Somebody is using the library."

    runner = Runner(tools, [counting(2)], Manners(busy, over=lambda: None))
    run = await asyncio.wait_for(runner.run(WANTED), 30)
    assert (run.state, asked) == (RunState.DONE, [False, True, True])


async def test_what_waits_and_is_asked_for_comes_first(tools: Tools) -> None:
    runner = Runner(tools, [counting(1), replace(counting(1), name="other")])
    assert runner.request(Wanted("other"))
    assert runner.request(Wanted("counting"))
    assert runner.request(Wanted("counting", is_asked=True)) is False
    assert runner.waiting() == [Wanted("counting", is_asked=True), Wanted("other")]


async def test_a_dry_run_and_one_that_changes_something_are_two(tools: Tools) -> None:
    dry: list[bool] = []
    real, looking = Wanted("counting", is_asked=True), Wanted("counting", is_asked=True, is_dry=True)

    async def begin(tools: Tools) -> Progress:
        dry.append(tools.is_dry)
        if len(dry) == 1:
            assert runner.running == looking
            assert runner.request(real), "what is in hand changes nothing"
            assert not runner.request(looking)
            assert not runner.request(real)
        else:
            runner.stop()
        return Progress({}, 0, 0, is_over=True)

    runner = Runner(tools, [replace(counting(1), begin=begin)])
    assert runner.request(looking)
    await asyncio.wait_for(runner.work(), 60)
    assert dry == [True, False]
    assert [(run.is_dry, run.state) for run in await history(tools)] == [(False, "done"), (True, "done")]


async def test_cancelling_ends_the_dry_runs_too_and_what_is_asked_for_then_is_done(tools: Tools) -> None:
    async def cancel(number: int) -> None:
        if number == 0 and len(await history(tools)) == 1:
            assert runner.request(replace(WANTED, is_dry=True))
            assert await runner.cancel("counting")
            assert runner.waiting() == []
            assert runner.request(WANTED), "what is being cancelled does not do it"
        else:
            runner.stop()

    runner = Runner(tools, [counting(2, cancel)])
    runner.request(WANTED)
    await asyncio.wait_for(runner.work(), 60)
    assert [run.state for run in await history(tools)] == ["interrupted", "cancelled"]


async def test_what_is_in_front_of_one_that_a_person_waits_for_gives_way_no_longer(tools: Tools) -> None:
    """Who waits for a pass asks how it is going: that is no use of the library that the one before it has to spare."""
    asked: list[bool] = []

    def busy(is_asked: bool) -> str | None:
        asked.append(is_asked)
        if not is_asked:
            assert runner.request(Wanted("other", is_asked=True))
        return None if is_asked else "Somebody is using the library."

    runner = Runner(tools, [counting(2), replace(counting(1), name="other")], Manners(busy, over=lambda: None))
    run = await asyncio.wait_for(runner.run(WANTED), 30)
    assert (run.state, asked) == (RunState.DONE, [False, True, True])


async def test_requests_run_one_after_the_other_those_of_people_first(tools: Tools) -> None:
    order: list[str] = []

    def named(name: str) -> Pass:
        async def note(number: int) -> None:
            order.append(name)
            if len(order) == 3:
                runner.stop()

        return replace(counting(1, note), name=name)

    runner = Runner(tools, [named("a"), named("b"), named("c")])
    assert runner.request(Wanted("a"))
    assert runner.request(Wanted("b"))
    assert runner.request(Wanted("c", is_asked=True))
    assert not runner.request(Wanted("a"))
    assert [each.name for each in runner.waiting()] == ["c", "a", "b"]
    await asyncio.wait_for(runner.work(), 60)
    assert order == ["c", "a", "b"]


async def test_what_waits_can_be_cancelled_and_what_is_not_known_is_refused(tools: Tools) -> None:
    runner = Runner(tools, [counting(1)])
    runner.request(WANTED)
    assert await runner.cancel("counting")
    assert runner.waiting() == []
    assert not await runner.cancel("counting")
    with pytest.raises(UnknownPass, match="there are counting"):
        runner.request(Wanted("counter"))


async def test_a_dry_run_is_told_to_be_one_and_is_no_success(tools: Tools) -> None:
    dry: list[bool] = []

    async def begin(tools: Tools) -> Progress:
        dry.append(tools.is_dry)
        return Progress({}, 0, 0, is_over=True)

    each = replace(counting(1), begin=begin)
    run = await Runner(tools, [each]).run(Wanted("counting", is_dry=True))
    assert (dry, run.is_dry, run.state) == ([True], True, RunState.DONE)
    async with tools.bench.database.read() as connection:
        assert await runs.last_times(connection, RunState.DONE) == {}


async def test_so_many_runs_are_remembered(both_tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.passes.runs.KEPT", 3)
    async with both_tools.bench.database.write() as connection:
        for _ in range(4):
            now = utc_now()
            run = await runs.open_run(connection, "counting", "x", Progress(), now, is_asked=False, is_dry=False)
            await runs.save(connection, replace(run, state=RunState.DONE, ended_at=now))
    last = await Runner(both_tools, [counting(1)]).run(WANTED)
    async with both_tools.bench.database.read() as connection:
        found = await runs.history(connection, "counting", 1000)
    assert len(found) == 3
    assert found[0].id == last.id
