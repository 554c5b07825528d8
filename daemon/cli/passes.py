"""``pictallion pass``: what runs at night, how it went, and running it now."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from core.config import LoadedSettings, Settings
from core.config.quantities import parse_duration
from core.db.engine import Database
from core.db.tables import utc_now
from core.digest.gather import Digest
from core.digest.page import page
from core.errors import UnknownPass
from core.passes import runs
from core.passes.all import PASSES
from core.passes.due import check_names
from core.passes.runner import Runner, Wanted, refuse_useless_limit
from core.passes.runs import UNFINISHED, Run, RunState
from core.passes.shape import Pass, Tools
from core.passes.told import KnownPass, pass_run_of
from core.pipeline.holders import daemon_is_running
from daemon.cli.ask_daemon import DaemonUnreachable, ask_for_queued_passes, ask_to_cancel_pass, ask_to_run_pass
from daemon.cli.catalogue import open_catalogue, with_catalogue
from daemon.cli.settings import load
from daemon.logs import configure_logs
from daemon.workshop import home_zone_of, layout_of, open_bench

#: How soon it is looked again how a run in the daemon is going: soon at first, most take no second. [s]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


@click.group("pass")
def passes() -> None:
    """Look at, run and cancel what runs at night."""


@passes.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_passes(ctx: click.Context, as_json: bool) -> None:
    """Show every pass, how often it runs and how it went."""
    settings = load(ctx, require_folders=False).settings
    check_names(settings.night, PASSES)
    listed = asyncio.run(_listed(settings))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([known for known, _ in listed]), indent=2).decode())
        return
    table = Table("pass", "what it does", "every", "last success", "last run")
    for known, run in listed:
        every = "off" if known.every is None else f"{known.every / 3600:g} h"
        good = "never" if known.last_success is None else f"{known.last_success.astimezone():%Y-%m-%d %H:%M}"
        told = "never" if run is None else _told(run)
        table.add_row(known.name, Text(known.title), every, good, Text(f"waits; {told}" if known.waiting else told))
    Console().print(table)


@passes.command("history")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def history(ctx: click.Context, name: str | None, limit: int, as_json: bool) -> None:
    """Show the last runs of the pass NAME, or of all, newest first, and what they did."""
    settings = load(ctx, require_folders=False).settings
    if name is not None:
        _known(name)

    async def read(database: Database) -> list[Run]:
        locks = layout_of(settings).locks
        async with database.read() as connection:
            return [runs.as_it_is(run, locks) for run in await runs.history(connection, name, limit)]

    found = with_catalogue(settings, read)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([pass_run_of(run) for run in found]), indent=2).decode())
        return
    table = Table("run", "pass", "began", "worked", "state", "what it did")
    for run in found:
        did = ", ".join(f"{key} {_brief(value)}" for key, value in run.progress.report.items())
        state = f"{run.state} (dry run)" if run.is_dry else run.state.value
        began = f"{run.started_at.astimezone():%Y-%m-%d %H:%M}"
        told = Text("\n".join(filter(None, [run.reason, did])))
        table.add_row(str(run.id), run.name, began, f"{run.seconds:.1f} s", state, told)
    Console().print(table)


@passes.command("run")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only look what there would be to do; nothing is changed.")
@click.option(
    "--time-limit", help='Only verify: end after so much work, such as "10m"; the next run goes on from there.'
)
@click.option("--no-wait", is_flag=True, help="With a running daemon: return at once.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object.")
@click.pass_context
def run_pass(
    ctx: click.Context, name: str, dry_run: bool, time_limit: str | None, no_wait: bool, as_json: bool
) -> None:
    """Run the pass NAME now: in the daemon if one runs, else here.

    Exit code 1 if it fails. Whoever interrupts this lets a run in the daemon go on; one that runs here goes on with the
    next start of the daemon or of this command.
    """
    try:
        seconds = None if time_limit is None else parse_duration(time_limit)
    except ValueError as error:
        raise click.BadParameter(f"{time_limit} {error}", param_hint="--time-limit") from error
    loaded = load(ctx, require_folders=False)
    settings = loaded.settings
    refuse_useless_limit(_known(name), seconds)
    wanted = Wanted(name, is_asked=True, is_dry=dry_run, time_limit=seconds)
    if no_wait and ask_to_run_pass(settings, name, dry_run=dry_run, time_limit=seconds):
        click.echo(f"{name} runs as soon as the pass before it is over.")
        return
    run = asyncio.run(_run_in_daemon(settings, wanted, is_quiet=as_json))
    if run is None:
        run = asyncio.run(_run_here(loaded, wanted))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(pass_run_of(run)), indent=2).decode())
    else:
        _print(run, home_zone_of(settings))
    sys.exit(0 if run.state is RunState.DONE else 1)


@passes.command("cancel")
@click.argument("name")
@click.pass_context
def cancel(ctx: click.Context, name: str) -> None:
    """End the pass NAME: in the daemon after the slice in hand; or so that it does not go on where it was interrupted.

    What it did stays done.
    """
    settings = load(ctx, require_folders=False).settings
    _known(name)

    async def cancel_interrupted(database: Database) -> bool:
        async with database.write() as connection:
            return await runs.cancel_interrupted(connection, name, layout_of(settings).locks, utc_now())

    if ask_to_cancel_pass(settings, name):
        click.echo(f"{name} ends.")
    elif with_catalogue(settings, cancel_interrupted):
        click.echo(f"{name} does not go on.")
    else:
        raise DaemonUnreachable(f"The daemon is not running, and {name} was not interrupted: there is nothing to end.")


def _known(name: str) -> Pass:
    known = {each.name: each for each in PASSES}
    if name not in known:
        raise UnknownPass(f"There is no pass called {name}; there are {', '.join(known)}.")
    return known[name]


async def _listed(settings: Settings) -> list[tuple[KnownPass, Run | None]]:
    async with open_catalogue(settings) as database, database.read() as connection:
        found, good = await runs.latest(connection), await runs.last_times(connection, RunState.DONE)
    locks = layout_of(settings).locks
    latest = {name: runs.as_it_is(run, locks) for name, run in found.items()}
    waiting = await asyncio.to_thread(_waiting, settings)
    night = settings.night
    return [
        (
            KnownPass(
                name=each.name,
                title=each.title,
                every=None if each.name in night.off else night.every.get(each.name, each.every),
                waiting=each.name in waiting,
                last_success=good.get(each.name),
                last_run=pass_run_of(latest[each.name]) if each.name in latest else None,
            ),
            latest.get(each.name),
        )
        for each in PASSES
    ]


def _waiting(settings: Settings) -> set[str]:
    """The passes that wait in the daemon; where it does not answer, that is told instead."""
    try:
        queued = ask_for_queued_passes(settings) or []
    except DaemonUnreachable as error:
        click.echo(f"What waits is not known. {error}", err=True)
        return set()
    return {each["name"] for each in queued if each["state"] == "waiting"}


async def _run_in_daemon(settings: Settings, wanted: Wanted, *, is_quiet: bool) -> Run | None:
    """Lets the daemon run it and waits for the end; ``None`` when no daemon runs."""
    name, dry_run = wanted.name, wanted.is_dry

    async def last(database: Database) -> Run | None:
        async with database.read() as connection:
            return next((run for run in await runs.history(connection, name, 10) if run.is_dry == dry_run), None)

    async def follow(database: Database) -> Run | None:
        before = await last(database)
        limit = wanted.time_limit
        if not await asyncio.to_thread(ask_to_run_pass, settings, name, dry_run=dry_run, time_limit=limit):
            return None
        bar = Bar(
            TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), disable=is_quiet or not sys.stderr.isatty(),
        )  # fmt: skip
        with bar:
            task = bar.add_task(name, total=None)
            for pause in _pauses():
                await asyncio.sleep(pause)
                # asked before it is looked: what is queued no more has written down how it ended
                is_queued = await asyncio.to_thread(still_queued)
                run = await last(database)
                has_moved = run is not None and run != before
                if run is not None and has_moved:
                    bar.update(task, completed=run.progress.done, total=run.progress.total)
                    if not is_queued and run.state is not RunState.RUNNING:
                        return run
                if not is_queued:
                    break
        raise _left_alone(name, is_running=daemon_is_running(locks), is_dry=dry_run)

    def still_queued() -> bool:
        try:
            queued = ask_for_queued_passes(settings) or []
        except DaemonUnreachable:
            # one that has much to do answers next time
            return daemon_is_running(locks)
        return any((each["name"], each["dryRun"]) == (name, dry_run) for each in queued)

    locks = layout_of(settings).locks
    if not (locks.is_dir() and daemon_is_running(locks)):
        return None
    async with open_catalogue(settings) as database:
        return await follow(database)


async def _run_here(loaded: LoadedSettings, wanted: Wanted) -> Run:
    settings = loaded.settings
    configure_logs(settings, level="warning")
    async with open_bench(settings) as bench:
        runner = Runner(Tools(bench, settings, loaded.file), PASSES)
        return await runner.run(wanted)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _left_alone(name: str, *, is_running: bool, is_dry: bool) -> DaemonUnreachable:
    if is_running:
        return DaemonUnreachable(
            f"{name} neither runs nor waits any more: it was cancelled before it began, or the daemon began anew. "
            f"`pictallion pass history {name}` shows what ran."
        )
    what = "Nothing was changed; it can be asked for again" if is_dry else "What was begun goes on"
    return DaemonUnreachable(
        f"The daemon ended before {name} did. {what} when the daemon runs again, or without it by the same command."
    )


def _print(run: Run, zone: str) -> None:
    console = Console()
    console.print(Text(f"{run.name}: {_told(run)}"))
    for key, value in run.progress.report.items():
        if key == "digest":
            console.print(Text("\n" + page(msgspec.convert(value, Digest), zone)))
        else:
            console.print(Text(f"  {key}: {_brief(value)}"))


def _told(run: Run) -> str:
    told = run.state.value
    if run.state in UNFINISHED and run.progress.total:
        told += f", {run.progress.done} of {run.progress.total}"
    if run.seconds_left is not None:
        told += f", {run.seconds_left:.0f} s left"
    if run.state not in UNFINISHED:
        told += f" in {run.seconds:.1f} s"
    return f"{told}: {run.reason}" if run.reason else told


def _brief(value: Any) -> str:
    return str(len(value)) if isinstance(value, list | dict) else str(value)
