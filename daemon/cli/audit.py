"""``pictallion audit``."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.audit import Listed, Report, Source, audit
from core.config import Settings
from core.config.quantities import parse_duration
from core.db.engine import Database
from core.pipeline import watch_roots
from core.pipeline.holders import daemon_is_running, living
from core.pipeline.roots import IMPORT, UPLOAD, Mode, Root
from core.pipeline.sighted import Known
from core.pipeline.states import State
from daemon.cli.catalogue import open_catalogue
from daemon.cli.settings import load
from daemon.intake.changes import counts_as_gone
from daemon.intake.rules import Rules
from daemon.intake.scanner import walk_folders
from daemon.workshop import layout_of, roots_of

#: How many of each kind are printed; ``--json`` has them all.
_SHOWN = 20

#: An import's or an upload's file is needed until it was taken.
_TO_DO = frozenset({State.WAITING, State.QUEUED, State.FAILED})

_KINDS = {
    "unexplained_files": "Files that nothing explains",
    "missing_files": "Files that are missing",
    "hash_mismatches": "Files whose bytes are not those that were stored",
    "stray_temporary": "Temporary files that were left behind",
}


@click.command("audit")
@click.option("--verify", "read_back", is_flag=True, help="Read every original back and compare its hash.")
@click.option(
    "--time-limit", help='Stop reading back after this long, such as "30m"; the next time goes on from there.'
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def audit_command(ctx: click.Context, read_back: bool, time_limit: str | None, as_json: bool) -> None:
    """Account for every file: roots, ledger, library and database. Reads, never repairs.

    Exit code 0 only if everything is explained.
    """
    try:
        seconds = None if time_limit is None else parse_duration(time_limit)
    except ValueError as error:
        raise click.BadParameter(f"{time_limit} {error}", param_hint="--time-limit") from error
    settings = load(ctx, require_folders=False).settings
    report = asyncio.run(_audit(settings, read_back, seconds))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report, read_back)
    sys.exit(0 if report.is_explained else 1)


async def _audit(settings: Settings, read_back: bool, seconds: float | None) -> Report:
    layout = layout_of(settings)
    async with open_catalogue(settings) as database:
        sources = await _sources(settings, database)
        is_busy = layout.locks.is_dir() and (daemon_is_running(layout.locks) or bool(living(layout.locks)))
        return await audit(database, layout, sources, is_busy=is_busy, read_back=read_back, seconds=seconds)


async def _sources(settings: Settings, database: Database) -> list[Source]:
    async with database.read() as connection:
        remembered = await watch_roots.all_remembered(connection)
    layout = layout_of(settings)
    sources = []
    for root in roots_of(settings):
        known = remembered.get(root.name)
        trouble = known.frozen_reason if known is not None else None
        if not os.path.isdir(root.path):  # noqa: PTH112 - text with surrogates
            trouble = f"{root.path} is not there."
        sources.append(Source(root, lambda root=root: _files(root), _needs(root.mode), trouble))  # type: ignore[misc]
    uploads = Root(UPLOAD, str(layout.temp), Mode.MOVE, is_watched=False)
    sources.append(Source(uploads, None, lambda entry: entry.state in _TO_DO and entry.media_asset_id is None))
    imports = Root(IMPORT, os.sep, Mode.COPY, is_watched=False)
    sources.append(Source(imports, None, lambda entry: entry.state in _TO_DO and entry.media_asset_id is None))
    return sources


def _needs(mode: Mode) -> Callable[[Known], bool]:
    return lambda entry: counts_as_gone(mode, entry)


def _files(root: Root) -> Iterator[Listed]:
    for folder in walk_folders(root.path, rules=Rules(root.include, root.exclude)):
        # elsewhere than in mode "reference" nothing of ours is written; what has such a name is another library's
        temporary = folder.temporary if root.mode is Mode.REFERENCE else ()
        yield Listed([sighting.path for sighting in folder.sightings or ()], temporary)


def _print(report: Report, read_back: bool) -> None:
    console = Console()
    table = Table("state", "files", title="Files ever seen")
    for state, count in report.fates.items():
        if count:
            table.add_row(state, str(count))
    table.add_row("all", str(report.seen))
    console.print(table)
    for name, reason in report.unavailable_roots.items():
        console.print(Text(f"{name} could not be compared: {reason}"))
    for kind, title in _KINDS.items():
        found: list[str] = getattr(report, kind)
        if not found:
            continue
        console.print(Text(f"{title}: {len(found)}", style="bold"))
        for path in found[:_SHOWN]:
            console.print(Text(f"  {path}"))
        if len(found) > _SHOWN:
            console.print(f"  … and {len(found) - _SHOWN} more (--json lists them all)")
    if read_back:
        rest = "" if report.is_complete else "; the next --verify goes on from here"
        console.print(f"{report.verified} files were read back{rest}.")
    console.print("Everything is explained." if report.is_explained else "Not everything is explained.")
