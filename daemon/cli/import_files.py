"""``pictallion import PATH…``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from core.config import Settings
from core.db.tables import utc_now
from core.library.free_space import bytes_to_leave
from core.media.source_file import shown
from core.pipeline import ledger, sighted
from core.pipeline.dispatcher import Dispatcher
from core.pipeline.holders import daemon_is_running
from core.pipeline.ledger import Entry, Fate
from core.pipeline.recovery import recover
from core.pipeline.roots import IMPORT, Mode, Root
from core.pipeline.states import State
from core.pipeline.workbench import Workbench
from daemon.cli.settings import load
from daemon.intake.root import RootIntake
from daemon.intake.scanner import Unreadable
from daemon.logs import configure_logs
from daemon.workshop import in_hand, open_bench, roots_of

#: States after an import that make it a failure; a file that is kept, known already or no photo is none.
_UNDER_WAY = (State.WAITING, State.QUEUED, State.RUNNING)
_FAILURES = (State.FAILED, State.QUARANTINED, State.MISSING, *_UNDER_WAY)

#: How long to wait for files of watched folders that the daemon was quicker to take up. [s]
_PATIENCE_WITH_DAEMON = 60.0

#: How often the progress bar is drawn and the end is looked for. [s]
_LOOK_EVERY = 0.1


@click.command("import")
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object of counts by fate instead of a table.")
@click.pass_context
def import_files(ctx: click.Context, paths: tuple[str, ...], as_json: bool) -> None:
    """Take files and folders in now, through the same pipeline as the daemon.

    The sources are only read, unless they lie in a watched folder whose mode is "move".
    """
    settings = load(ctx).settings
    configure_logs(settings, level="warning")
    if absent := [shown(path) for path in paths if not os.path.lexists(path)]:
        raise click.BadParameter(f"there is no {', '.join(absent)}", param_hint="PATH")
    unreadable = Unreadable()
    outcome = asyncio.run(_import(settings, paths, unreadable))
    for folder, reason in unreadable.folders.items():
        click.echo(f"pictallion: {shown(folder)} could not be read: {reason}; what is in it was not taken.", err=True)
    counts = Counter(known.state for known in outcome.values())
    if as_json:
        click.echo(msgspec.json.encode({state: counts[state] for state in State}).decode())
    else:
        _print(outcome, counts)
    sys.exit(1 if unreadable.folders or any(counts[state] for state in _FAILURES) else 0)


async def _import(settings: Settings, paths: Sequence[str], unreadable: Unreadable) -> dict[str, sighted.Known]:
    """Takes the paths in; returns what the ledger then says of every file, by readable path."""
    by_root: dict[Root, list[str]] = {}
    # a link that a person names is meant; those below it are not followed
    for path in map(os.path.realpath, paths):
        root = _root_of(path, roots_of(settings))
        by_root.setdefault(root, []).append(os.path.relpath(path, root.path))
    async with open_bench(settings) as bench:
        await recover(bench.database, bench.layout, bench.holder)
        return await _take_in(settings, bench, by_root, unreadable)


def _root_of(path: str, roots: Sequence[Root]) -> Root:
    """The watched root that a path lies in, or the root of imports."""
    inside = [root for root in roots if path == root.path or path.startswith(f"{root.path}{os.sep}")]
    return inside[0] if inside else Root(IMPORT, os.sep, Mode.COPY)


async def _take_in(
    settings: Settings, bench: Workbench, by_root: Mapping[Root, Sequence[str]], unreadable: Unreadable
) -> dict[str, sighted.Known]:
    intakes: dict[str, RootIntake] = {}

    def on_fate(entry: Entry, fate: Fate) -> None:
        if fate.state is State.WAITING:
            intakes[entry.root].hint(entry.path)
        progress.advance(bar)

    roots = {root.name: root for root in by_root}
    min_free = bytes_to_leave(bench.layout.data_dir, settings.intake.min_free)
    dispatcher = Dispatcher(bench, roots, in_hand(settings), min_free, on_fate, only_held=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    bar = progress.add_task("Importing", total=None, rate="")
    seen: dict[Root, list[str]] = {}
    for root, paths in by_root.items():
        intake = RootIntake(root, bench.database, settings.intake.settle_seconds, dispatcher.wake, holder=bench.holder)
        intakes[root.name] = intake
        seen[root] = await intake.ask_for(paths, unreadable)
    work = [asyncio.create_task(intake.run()) for intake in intakes.values()]
    dispatching = asyncio.create_task(dispatcher.run())
    with _interruptible(dispatcher), progress:
        progress.update(bar, total=sum(map(len, seen.values())))
        while not dispatching.done():
            task = progress.tasks[0]
            progress.update(bar, rate=f"{task.speed:.1f}/s" if task.speed else "")
            if dispatcher.is_idle and all(intake.is_settled for intake in intakes.values()):
                dispatcher.stop()
            await asyncio.wait({dispatching}, timeout=_LOOK_EVERY)
        progress.update(bar, completed=task.total)
    for intake in intakes.values():
        intake.stop()
    await asyncio.gather(*work, return_exceptions=True)
    async with bench.database.write() as connection:
        await ledger.release(connection, bench.holder, utc_now())
    return await _outcome(bench, seen)


async def _outcome(bench: Workbench, seen: Mapping[Root, Sequence[str]]) -> dict[str, sighted.Known]:
    """What the ledger says of the files in the end; what a daemon beside us took up is waited for."""
    deadline = time.monotonic() + _PATIENCE_WITH_DAEMON
    while True:
        async with bench.database.read() as connection:
            outcome = {
                shown(root.absolute(path)): known
                for root, paths in seen.items()
                for path, known in (await sighted.known_paths(connection, root.name, paths)).items()
            }
        is_settled = not any(known.state in _UNDER_WAY for known in outcome.values())
        if is_settled or time.monotonic() > deadline or not daemon_is_running(bench.layout.locks):
            return outcome
        await asyncio.sleep(_LOOK_EVERY)


class _interruptible:  # noqa: N801 - used as a statement
    """Ctrl-C and SIGTERM finish the files in hand.

    What is left stays in the ledger for the next import or the daemon.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._dispatcher.stop)

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _print(outcome: Mapping[str, sighted.Known], counts: Counter[State]) -> None:
    console = Console()
    table = Table("fate", "files", title="Imported")
    for state in State:
        if counts[state]:
            table.add_row(state, str(counts[state]))
    console.print(table)
    for known in outcome.values():
        if known.reason is not None and known.state is not State.DUPLICATE:
            # not markup: a name may have brackets
            console.print(Text.assemble((known.state, "bold"), " ", known.reason), soft_wrap=True)
