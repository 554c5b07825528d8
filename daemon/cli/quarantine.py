"""``pictallion retry`` and ``pictallion quarantine``: files that did not work out, and trying them again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.config import Settings
from core.db.engine import open_database
from core.db.migrate import require_current
from core.db.tables import utc_now
from core.errors import PictallionError
from core.media.source_file import shown
from core.pipeline import ledger, tally
from core.pipeline.roots import IMPORT
from core.pipeline.states import State
from daemon.cli.ask_daemon import ask_for_scan
from daemon.cli.settings import load
from daemon.workshop import roots_of


class NothingToRetry(PictallionError):
    """None of the files that were named has failed."""


@click.command
@click.argument("paths", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every file that failed or is in quarantine.")
@click.pass_context
def retry(ctx: click.Context, paths: tuple[str, ...], everything: bool) -> None:
    """Try files again now that failed or are in quarantine.

    PATHS are files, or root:path as reports name them.
    """
    _again(ctx, paths, everything, (State.FAILED, State.QUARANTINED))


@click.group
def quarantine() -> None:
    """Show the files that are not tried any more, or let them out."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_quarantine(ctx: click.Context, as_json: bool) -> None:
    """Show every file in quarantine, with the reason."""
    entries = asyncio.run(_quarantined(load(ctx, require_folders=False).settings))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(entries), indent=2).decode())
        return
    table = Table("file", "attempts", "why")
    for entry in entries:
        table.add_row(Text(f"{entry['root']}:{entry['path']}"), str(entry["attempts"]), Text(entry["reason"] or ""))
    Console().print(table)


@quarantine.command
@click.argument("paths", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every file in quarantine.")
@click.pass_context
def release(ctx: click.Context, paths: tuple[str, ...], everything: bool) -> None:
    """Let files out of quarantine: they are tried again as if they were new."""
    _again(ctx, paths, everything, (State.QUARANTINED,))


def _again(ctx: click.Context, paths: Sequence[str], everything: bool, states: Sequence[State]) -> None:
    if bool(paths) == everything:
        raise click.UsageError("Name files, or say --all.")
    settings = load(ctx, require_folders=False).settings
    named = None if everything else [_named(settings, path) for path in paths]
    count = asyncio.run(_requeue(settings, named, states))
    if not count and named:
        raise NothingToRetry(f"None of these is {' or '.join(states)}: {', '.join(paths)}. See `pictallion status`.")
    is_running = count and ask_for_scan(settings, None) is not None
    when = "now" if is_running else "when the daemon runs"
    click.echo(f"{count} files are tried again {when}." if count else "There is nothing to try again.")


def _named(settings: Settings, path: str) -> tuple[str, str]:
    """The root and the path below it that a person means."""
    roots = roots_of(settings)
    name, colon, below = path.partition(":")
    if colon and name in {IMPORT, *(root.name for root in roots)}:
        return name, below
    # not resolved: a link may be what the ledger knows
    absolute = str(Path.cwd() / path)
    for root in roots:
        if absolute.startswith(f"{root.path}/"):
            return root.name, absolute.removeprefix(f"{root.path}/")
    return IMPORT, absolute.lstrip("/")


async def _requeue(settings: Settings, named: Sequence[tuple[str, str]] | None, states: Sequence[State]) -> int:
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        async with database.write() as connection:
            return await ledger.requeue(connection, named, states, utc_now())
    finally:
        await database.close()


async def _quarantined(settings: Settings) -> list[dict[str, Any]]:
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        async with database.read() as connection:
            return [entry | {"path": shown(entry["path"])} for entry in await tally.quarantined(connection)]
    finally:
        await database.close()
