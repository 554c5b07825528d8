"""Runs passes: one at a time, a slice at a time, giving way, going on where they stopped."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.db.tables import utc_now
from core.errors import EndlessPass, PictallionError, UnknownPass
from core.passes import runs
from core.passes.runs import Run, RunState
from core.passes.shape import Pass, Progress, Tools
from core.pipeline.holders import one_at_a_time

log = structlog.get_logger()

#: While others are busy a slice waits, looking again so often, but no longer than this: a first import takes days, and
#: a library that is used all night is backed up all the same. [s]
LOOK_SECONDS = 0.5
LONGEST_WAIT = 60.0

#: How long is waited before runs are looked for again when the database refuses. [s]
TROUBLE_PAUSE = 5.0

_OUT_OF_TIME = "Its time was over; what it did not come to is first the next time."


@dataclass(frozen=True)
class Manners:
    """When passes step back; each says why, ``None`` where they need not.

    ``busy``: others have work to do, the next slice waits a while. ``over``: the time for passes that nobody asked for
    is over, they go on another night.
    """

    busy: Callable[[bool], str | None] = lambda is_asked: None
    over: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Wanted:
    """A pass that is to run. ``is_asked``: a person wants it now. ``is_late``: it has been due for long.

    ``time_limit`` is how many seconds it may work from now; without, its own limit holds.
    """

    name: str
    is_asked: bool = False
    is_dry: bool = False
    is_late: bool = False
    time_limit: float | None = None

    def is_like(self, other: Wanted) -> bool:
        """Whether one run is enough for both."""
        return (self.name, self.is_dry) == (other.name, other.is_dry)


class Runner:
    """Runs what is requested, in that order, until :meth:`stop`.

    ``tell`` hears of every run after every slice.
    """

    def __init__(
        self,
        tools: Tools,
        passes: Sequence[Pass],
        manners: Manners | None = None,
        tell: Callable[[Run], None] = lambda run: None,
    ) -> None:
        self.passes = {each.name: each for each in passes}
        self._tools = tools
        self._manners = manners or Manners()
        self._tell = tell
        self._wanted: deque[Wanted] = deque()
        self._current: Wanted | None = None
        self._cancelled = False
        self._is_stopping = False
        self._wake = asyncio.Event()

    def request(self, wanted: Wanted) -> bool:
        """Lets a pass run as soon as its turn has come; ``False`` where it is running or waiting already.

        A dry run and one that changes something are two. One that a person asks for comes before those that nobody did,
        and gives way to nobody any more where it is running by itself; a limit holds for what is running, too. Raises
        :class:`core.errors.UnknownPass` and :class:`core.errors.EndlessPass`.
        """
        refuse_useless_limit(self._known(wanted.name), wanted.time_limit)
        if self._current is not None and wanted.is_like(self._current) and not self._cancelled:
            if wanted.is_asked:
                limit = self._current.time_limit if wanted.time_limit is None else wanted.time_limit
                self._current = replace(self._current, is_asked=True, time_limit=limit)
            return False
        waiting = next((each for each in self._wanted if wanted.is_like(each)), None)
        if waiting is not None:
            if wanted.is_asked and wanted != waiting:
                self._wanted.remove(waiting)
                self._wanted.appendleft(wanted)
            return False
        if wanted.is_asked:
            self._wanted.appendleft(wanted)
        else:
            self._wanted.append(wanted)
        self._wake.set()
        return True

    async def cancel(self, name: str) -> bool:
        """Ends a pass after the slice in hand, or before it begins or goes on; ``False`` where there is none of it.

        Its dry runs are ended as well. Raises :class:`core.errors.UnknownPass`, and the errors of a database that
        refuses.
        """
        self._known(name)
        is_running = self._current is not None and self._current.name == name
        self._cancelled = self._cancelled or is_running
        waiting = [each for each in self._wanted if each.name != name]
        was_waiting = len(waiting) < len(self._wanted)
        self._wanted = deque(waiting)
        await self.take_stock()
        async with self._tools.bench.database.write() as connection:
            locks = self._tools.bench.layout.locks
            was_interrupted = await runs.cancel_interrupted(connection, name, locks, utc_now())
        return is_running or was_waiting or was_interrupted

    async def take_stock(self) -> None:
        """Runs that processes left behind, which were killed, are running no longer: they go on another time.

        Raises the errors of a database that refuses.
        """
        async with self._tools.bench.database.write() as connection:
            for run in await runs.unfinished(connection):
                if self._is_nobodys(run):
                    log.info("a pass was left behind", name=run.name, done=run.progress.done, holder=run.holder)
                    await runs.save(connection, runs.left_behind(run))

    def _is_nobodys(self, run: Run) -> bool:
        bench = self._tools.bench
        if run.holder != bench.holder:
            return runs.is_forsaken(run, bench.layout.locks)
        # of our own one that could not be written down when it ended
        is_in_hand = self._current is not None and self._current.is_like(Wanted(run.name, is_dry=run.is_dry))
        return run.state is RunState.RUNNING and not is_in_hand

    def intervals(self) -> dict[str, float | None]:
        """How often each pass runs by itself, in seconds; ``None`` for those that do not."""
        night = self._tools.settings.night
        return {
            name: None if name in night.off else night.every.get(name, each.every) for name, each in self.passes.items()
        }

    @property
    def running(self) -> Wanted | None:
        """What is in hand; where another process runs a pass of this library, it waits for that one."""
        return self._current

    def waiting(self) -> list[Wanted]:
        """What will run when that is over, in this order."""
        return list(self._wanted)

    def stop(self) -> None:
        """Lets :meth:`work` return after the slice in hand; the run goes on another time."""
        self._is_stopping = True
        self._wake.set()

    async def work(self) -> None:
        """Takes stock, then runs what is requested until :meth:`stop`."""
        try:
            await self.take_stock()
        except (SQLAlchemyError, OSError):
            log.exception("runs that were left behind could not be written down; that is done again in an hour")
        while not self._is_stopping:
            self._wake.clear()
            if not self._wanted:
                await self._wake.wait()
                continue
            wanted = self._wanted.popleft()
            try:
                await self.run(wanted)
            except (SQLAlchemyError, OSError):
                log.exception("the run of a pass could not be written down; it goes on another time", name=wanted.name)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), TROUBLE_PAUSE)

    async def run(self, wanted: Wanted) -> Run:
        """Runs a pass to its end, or until it has to stop; returns how that was.

        An interrupted run of the pass goes on. Waits for passes that other processes run on this library. Raises
        :class:`core.errors.UnknownPass`, :class:`core.errors.EndlessPass`, and the errors of a database that refuses.
        """
        each = self._known(wanted.name)
        refuse_useless_limit(each, wanted.time_limit)
        self._current, self._cancelled = wanted, False
        try:
            async with one_at_a_time(self._tools.bench.layout.locks, "passes"):
                await self.take_stock()
                return await self._run(each, wanted)
        finally:
            self._current = None

    async def _run(self, each: Pass, wanted: Wanted) -> Run:
        tools = replace(self._tools, is_dry=wanted.is_dry)
        run = await self._opened(each)
        if run.time_limit is None and each.limit is not None:
            run = replace(run, time_limit=each.limit(tools.settings))
        try:
            if run.progress.total is None and not run.progress.checkpoint:
                run = await self._written(replace(run, progress=await each.begin(tools)))
            while not run.progress.is_over:
                run = self._limited(run)
                if (stopped := await self._stopped(run)) is not None:
                    return await self._ended(stopped)
                began = time.monotonic()
                progress = await each.step(tools, run.progress)
                worked = round(run.seconds + time.monotonic() - began, 3)
                run = await self._written(replace(run, progress=progress, seconds=worked))
                if not progress.is_over and run.time_limit is not None and run.seconds >= run.time_limit:
                    return await self._ended(replace(run, state=RunState.DONE, reason=_OUT_OF_TIME))
        except (SQLAlchemyError, OSError) as error:
            log.exception("a pass failed", name=each.name)
            return await self._ended(_failed(run, f"{type(error).__name__}: {error}"))
        except PictallionError as error:
            return await self._ended(_failed(run, str(error)))
        except Exception as error:
            log.exception("a defect in a pass", name=each.name)
            return await self._ended(_failed(run, f"This is a defect: {type(error).__name__}: {error}"))
        return await self._ended(replace(run, state=RunState.DONE))

    async def _opened(self, each: Pass) -> Run:
        """The interrupted run that goes on, or a new one; what only looks begins anew."""
        bench = self._tools.bench
        now = utc_now()
        wanted = self._current  # a person may have asked for it while it waited for its turn
        assert wanted is not None
        async with bench.database.write() as connection:
            for run in await runs.unfinished(connection, each.name):
                if not run.is_dry and not wanted.is_dry:
                    log.info("a pass goes on", name=each.name, done=run.progress.done, total=run.progress.total)
                    self._current = replace(wanted, is_asked=run.is_asked or wanted.is_asked)
                    run = replace(run, state=RunState.RUNNING, holder=bench.holder, reason=None, updated_at=now)
                    run = replace(run, is_asked=self._current.is_asked)
                    await runs.save(connection, run)
                    return run
            run = await runs.open_run(
                connection,
                each.name,
                bench.holder,
                Progress(),
                now,
                is_asked=wanted.is_asked,
                is_dry=wanted.is_dry,
            )
        log.info("a pass begins", name=each.name)
        self._tell(run)
        return run

    def _limited(self, run: Run) -> Run:
        """With the limit that a person has set since, from now on."""
        wanted = self._current
        if wanted is None or wanted.time_limit is None:
            return run
        self._current = replace(wanted, time_limit=None)
        return replace(run, time_limit=run.seconds + wanted.time_limit)

    async def _stopped(self, run: Run) -> Run | None:
        """Gives way to others; the run as it has to end now, ``None`` where it goes on."""
        deadline = time.monotonic() + LONGEST_WAIT
        while True:
            wanted = self._current  # a person may ask for it meanwhile
            assert wanted is not None
            if self._cancelled:
                return replace(run, state=RunState.CANCELLED, reason=runs.CANCELLED)
            if self._is_stopping:
                # one that only looks begins anew
                state = RunState.CANCELLED if run.is_dry else RunState.INTERRUPTED
                return replace(run, state=state, reason="Pictallion was stopped.")
            over = None if wanted.is_asked or wanted.is_late else self._manners.over()
            if over is not None:
                return replace(run, state=RunState.INTERRUPTED, reason=over)
            # nor does a pass give way to others where a person waits for one after it
            is_awaited = wanted.is_asked or any(each.is_asked for each in self._wanted)
            if self._manners.busy(is_awaited) is None or time.monotonic() >= deadline:
                return None
            await asyncio.sleep(LOOK_SECONDS)

    async def _written(self, run: Run) -> Run:
        assert self._current is not None
        # a person may have asked for it meanwhile, and is not forgotten when the process is killed
        run = replace(run, updated_at=utc_now(), is_asked=run.is_asked or self._current.is_asked)
        async with self._tools.bench.database.write() as connection:
            await runs.save(connection, run)
        self._tell(run)
        return run

    async def _ended(self, run: Run) -> Run:
        now = utc_now()
        run = replace(run, ended_at=None if run.state is RunState.INTERRUPTED else now)
        run = await self._written(run)
        told = log.warning if run.state is RunState.FAILED else log.info
        told(f"a pass is {run.state}", name=run.name, seconds=run.seconds, reason=run.reason, **run.progress.report)
        return run

    def _known(self, name: str) -> Pass:
        if name not in self.passes:
            raise UnknownPass(f"There is no pass called {name}; there are {', '.join(self.passes)}.")
        return self.passes[name]


def refuse_useless_limit(each: Pass, time_limit: float | None) -> None:
    """Raises :class:`core.errors.EndlessPass` where there is a limit for a pass that does not heed any."""
    if time_limit is not None and each.limit is None:
        raise EndlessPass(f"{each.name} always goes to its end, and takes no time limit; `pass cancel` ends it.")


def _failed(run: Run, reason: str) -> Run:
    return replace(run, state=RunState.FAILED, reason=reason)
