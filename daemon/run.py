"""The daemon: puts the house together, lets it live, and takes it apart in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
import uvicorn

from api.app import create_app
from api.context import AccessRules, ApiContext, Describing, RootReport, RootScan
from core.access.own_secret import leave_own_secret
from core.compute.tasks import prepare_cache
from core.config import Settings
from core.errors import WorkerLost
from core.feed import Feed
from core.library.export import remove_old_exports
from core.library.free_space import bytes_to_leave
from core.media.source_file import shown
from core.passes.all import PASSES
from core.passes.backlog import BACKLOG
from core.passes.due import check_names
from core.passes.runner import Runner
from core.passes.runs import Run
from core.passes.shape import Tools
from core.pipeline.dispatcher import Dispatcher
from core.pipeline.holders import become_daemon
from core.pipeline.ledger import Entry, Fate
from core.pipeline.receive import upload_root
from core.pipeline.recovery import recover, sweep
from core.pipeline.resolve import settle_expired
from core.pipeline.roots import IMPORT, Mode, Root
from core.pipeline.states import State
from core.pipeline.workbench import Workbench
from core.places.nominatim import Geocoder
from core.rebuild import finish_restore
from daemon.announcing import Progress, announce_fate, announce_outcome, announce_run
from daemon.connections import KeptConnection
from daemon.describing import Describer, describing
from daemon.intake.root import RootIntake
from daemon.intake.watching import Watching, WatchState
from daemon.memory import GIVE_BACK_SECONDS, Leftovers, limit_arenas, spare_what_lasts
from daemon.night import Consideration, NightWatch
from daemon.notify import notify
from daemon.schedule import Schedule
from daemon.sidecars import LOOK_SECONDS, SidecarKeeper, keeping_sidecars
from daemon.workshop import in_hand, layout_of, open_bench, roots_of

log = structlog.get_logger()

#: A file in hand may take this long to finish after we were asked to stop; then its worker is stopped and the file is
#: taken up again at the next start. systemd's and launchd's patience is longer, a person's is not. [s]
GRACE_SECONDS = 7.0

#: How long a scan may go on after we were asked to stop. [s]
INTAKE_GRACE_SECONDS = 1.0

#: Threads that wait for file systems, made when they are needed. A share that does not answer holds one or two of them
#: for as long as it is away, and several shares of one server go away together; what works must not run short of them.
THREADS = 64

#: How often it is looked for what an import that was killed has left. [s]
RECOVERY_SECONDS = 60.0

#: How often what has waited for a person for a day is settled. [s]
TIDY_SECONDS = 3600.0


async def run_daemon(settings: Settings, config_file: Path | None) -> None:
    """Runs until SIGINT or SIGTERM; ``config_file`` is where the settings were read.

    Raises :class:`core.errors.AlreadyRunning` and the errors of the database.
    """
    # what a lease sends whose file is opened by a writer, see core.media.source_file
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "waits"))
    limit_arenas()
    check_names(settings.night, PASSES)
    layout = layout_of(settings)
    layout.create()
    with become_daemon(layout.locks):
        async with open_bench(settings) as bench:
            # before anything half done is cleared away: it may be what the restored database does not know yet
            report = await finish_restore(bench, in_hand(settings), lambda _done, _all: None)
            if report is not None:
                found, left = report.photos, len(report.unexplained)
                log.warning("a restore that was interrupted is finished", photos=found, unexplained=left)
            await recover(bench.database, bench.layout, bench.holder)
            await sweep(bench.database, bench.layout)
            await _live(settings, config_file, bench)
        # a thread may still be copying gigabytes from a slow share or listing a dead one; the interpreter would wait
        # for it, a person would not. The lock is held to the last moment.
        logging.shutdown()
        os._exit(0)


async def _live(settings: Settings, config_file: Path | None, bench: Workbench) -> None:
    """Lives until a signal."""
    watched = roots_of(settings)
    intakes: dict[str, RootIntake] = {}
    feed = Feed()
    keeper = SidecarKeeper(bench, {root.name: root for root in watched})

    def on_fate(entry: Entry, fate: Fate) -> None:
        announce_fate(feed, entry, fate)
        if fate.state is State.DONE:
            describer.wake()
        if entry.path.lower().endswith(".xmp"):
            keeper.request_look()
        # what was gone when it was read may be there again by now
        if fate.state in (State.WAITING, State.MISSING) and entry.root in intakes:
            intakes[entry.root].hint(entry.path)

    beside = (upload_root(bench), Root(IMPORT, "/", Mode.COPY, is_watched=False))
    roots = {root.name: root for root in (*watched, *beside)}
    min_free = bytes_to_leave(bench.layout.data_dir, settings.intake.min_free)
    dispatcher = Dispatcher(bench, roots, in_hand(settings), min_free, on_fate)
    describer = Describer(
        bench,
        hands=lambda provider: settings.ai.openai_concurrency if provider == "openai" else 1,
        most_attempts=settings.ai.max_attempts,
        quiet=settings.ai.quiet_hours,
        is_busy=lambda: not dispatcher.is_idle,
        on_outcome=lambda waiting, outcome: announce_outcome(feed, waiting, outcome),
    )
    for root in watched:
        intakes[root.name] = RootIntake(root, bench.database, settings.intake.settle_seconds, dispatcher.wake)

    def request_scan(name: str | None) -> list[str]:
        keeper.request_look()
        return _request_scans(intakes, name)

    schedule = Schedule()
    schedule.every("look for edited sidecars", min(LOOK_SECONDS, settings.intake.rescan_interval), keeper.request_look)
    watching = Watching(intakes, settings.intake.rescan_interval, schedule)
    use = _Use()
    zone = bench.home_zone or "UTC"
    consideration = Consideration(
        settings.night, zone, lambda: dispatcher.is_idle or dispatcher.paused_reason is not None, lambda: use.requests
    )

    def on_run(run: Run) -> None:
        announce_run(feed, run)
        if run.name == BACKLOG.name:
            describer.wake()

    runner = Runner(Tools(bench, settings, config_file), PASSES, consideration.manners, on_run)
    NightWatch(settings.night, bench.database, runner, consideration).schedule(schedule, zone)
    context = ApiContext(
        bench=bench,
        request_scan=request_scan,
        wake=dispatcher.wake,
        frontend_dir=settings.server.frontend_dir,
        min_free=min_free,
        paused=lambda: dispatcher.paused_reason,
        roots=lambda: [_report_of(intake, watching.state(name)) for name, intake in intakes.items()],
        passes=runner,
        feed=feed,
        access=_access_rules(settings, bench.layout.locks),
        geocoder=_geocoder(settings, bench),
        describing=Describing(lambda: describer.doing, describer.wake, describer.changed),
    )
    progress = Progress(
        feed,
        bench.database,
        lambda: {report.name: report.trouble for report in context.roots()},
        lambda: describer.doing,
    )
    with _stop_signals() as stop:
        async with (
            _serving(settings, context, use),
            _passing(runner),
            _working(dispatcher),
            _watching(watching, intakes.values()),
            _scheduling(schedule, bench, dispatcher, use),
            keeping_sidecars(keeper),
            describing(describer),
        ):
            beside_it = [asyncio.create_task(_prepare(bench)), asyncio.create_task(progress.run())]
            spare_what_lasts()
            notify("READY=1", f"STATUS=Watching {len(watched)} folders")
            log.info(
                "ready", url=f"http://{settings.server.host}:{settings.server.port}", roots=[r.name for r in watched]
            )
            await stop.wait()
            notify("STOPPING=1")
            log.info("stopping")
            for task in beside_it:
                task.cancel()


def _access_rules(settings: Settings, locks: Path) -> AccessRules:
    server = settings.server
    # a page of a stranger could give itself a name that points here; it knows no token, and what is open to everybody
    # on the network is open to it in any case
    is_private = not server.auth.enabled and not server.is_open
    return AccessRules(
        needs_token=server.auth.enabled,
        hosts=frozenset(server.allowed_hosts) if is_private else None,
        origins=frozenset(server.cors_origins),
        session_lifetime=timedelta(seconds=server.auth.session_lifetime),
        own_secret=leave_own_secret(locks) if server.auth.enabled else None,
        requests_per_minute=server.requests_per_minute,
        unlimited=server.unlimited,
    )


def _geocoder(settings: Settings, bench: Workbench) -> Geocoder | None:
    places = settings.places
    if not places.enabled:
        return None
    roots = {root.name: root.is_local_only for root in roots_of(settings)}
    return Geocoder(bench.database, places.url, places.language, roots)


def _report_of(intake: RootIntake, watch: WatchState) -> RootReport:
    root, last, scan, refused = intake.root, intake.last_scan, None, None
    if last is not None:
        found, refused = last.found, last.found.refused
        scan = RootScan(last.at, round(last.seconds, 3), found.seen, found.new, found.gone, found.moved)
    return RootReport(
        name=root.name,
        path=shown(root.path),
        mode=root.mode,
        trouble=intake.frozen_reason or refused,
        last_scan=scan,
        method=watch.method,
        method_reason=watch.reason,
        hint_seconds=watch.hint_seconds,
        overflows=watch.overflows,
        filesystem=watch.filesystem,
    )


async def _prepare(bench: Workbench) -> None:
    """Prepares networks and gazetteer at the very first start, so that the first photo need not wait for it."""
    if any(bench.layout.cache.iterdir()):
        return
    try:
        await bench.compute.run(prepare_cache, str(bench.layout.cache))
    except WorkerLost as error:
        log.warning("networks could not be prepared ahead; the first photo will", reason=str(error))


def _request_scans(intakes: dict[str, RootIntake], name: str | None) -> list[str]:
    asked = [intake for intake in intakes.values() if name in (None, intake.root.name)]
    for intake in asked:
        intake.request_scan()
    return [intake.root.name for intake in asked]


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def _working(dispatcher: Dispatcher) -> AsyncIterator[None]:
    """Lets the dispatcher work; at the end the files in hand are finished, or given up after the grace."""
    task = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        dispatcher.stop()
        done, _ = await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not done:
            log.warning("files in hand are not finished; they are taken up again at the next start")
            await dispatcher.give_up()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def _passing(runner: Runner) -> AsyncIterator[None]:
    """Lets passes run; at the end the slice in hand is finished, or given up after the grace."""
    task = asyncio.create_task(runner.work())
    try:
        yield
    finally:
        runner.stop()
        done, _ = await asyncio.wait({task}, timeout=GRACE_SECONDS)
        if not done:
            log.warning("a slice of a pass is not finished; it is done again after the next start")


@asynccontextmanager
async def _watching(watching: Watching, intakes: Iterable[RootIntake]) -> AsyncIterator[None]:
    """Hints, scans at start and on schedule, until the block ends."""
    await watching.start()
    tasks = [asyncio.create_task(intake.run()) for intake in intakes]
    try:
        yield
    finally:
        await watching.stop()
        for intake in intakes:
            intake.stop()
        # not cancelled: that could leave a transaction open, which the files in hand would wait for
        await asyncio.wait(tasks, timeout=INTAKE_GRACE_SECONDS)


@asynccontextmanager
async def _scheduling(schedule: Schedule, bench: Workbench, dispatcher: Dispatcher, use: _Use) -> AsyncIterator[None]:
    """Lets happen, while the block runs, what happens at intervals."""

    async def take_over() -> None:
        """What imports that ended had queued and did not get to."""
        await recover(bench.database, bench.layout, bench.holder)
        dispatcher.wake()

    async def tidy_up() -> None:
        """Conflicts that nobody decides, and archives that nobody fetches any more."""
        await settle_expired(bench)
        await asyncio.to_thread(remove_old_exports, bench.layout)

    leftovers = Leftovers(lambda: dispatcher.is_idle, lambda: use.requests)
    schedule.every("give memory back", GIVE_BACK_SECONDS, leftovers.look)
    schedule.every("take over from imports", RECOVERY_SECONDS, take_over)
    schedule.every("tidy up", TIDY_SECONDS, tidy_up)
    schedule.start()
    try:
        yield
    finally:
        await schedule.stop()


class _Use:
    """How much the API is used: the number of requests so far."""

    def __init__(self) -> None:
        self._server: uvicorn.Server | None = None

    def count(self, server: uvicorn.Server) -> None:
        """Counts those of this server from now on."""
        self._server = server

    @property
    def requests(self) -> int:
        return 0 if self._server is None else self._server.server_state.total_requests


class _Server(uvicorn.Server):
    """uvicorn, leaving the signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving(settings: Settings, context: ApiContext, use: _Use) -> AsyncIterator[None]:
    """Serves the API; when the block begins, it answers."""
    server = _Server(
        uvicorn.Config(
            create_app(context),
            host=settings.server.host,
            port=settings.server.port,
            log_config=None,
            access_log=False,
            http=KeptConnection,
            timeout_graceful_shutdown=1,
        )
    )
    use.count(server)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has a flag and no event
            await asyncio.sleep(0.01)
        if task.done():
            await task
        yield
    finally:
        context.feed.close()
        server.should_exit = True
        await task
