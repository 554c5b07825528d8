"""``pictallion roots``."""

from __future__ import annotations

import asyncio
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
from core.pipeline import tally, watch_roots
from core.pipeline.states import State
from daemon.cli.ask_daemon import ask_for_roots, ask_for_scan
from daemon.cli.settings import load

#: What the daemon knows of the watching of a root, by the names of its API.
_WATCHING = ("method", "methodReason", "hintSeconds", "overflows", "filesystem")


class UnknownRoot(PictallionError):
    """No watched folder has this name."""

    exit_code = 2


@click.group
def roots() -> None:
    """Show the watched folders, or believe one that was frozen."""


@roots.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_roots(ctx: click.Context, as_json: bool) -> None:
    """Show each watched folder, its files, how changes are noticed, and why nothing is changed for it, if so.

    How changes are noticed, only a running daemon knows.
    """
    settings = load(ctx, require_folders=False).settings
    report = asyncio.run(_report(settings))
    _add_watching(report, ask_for_roots(settings) or {})
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    table = Table("root", "folder", "mode", "files", "missing", "noticed by", "trouble")
    for root in report:
        counts = root["ledger"]
        missing = counts.get(State.MISSING, 0)
        table.add_row(
            root["name"],
            Text(root["path"]),
            root["mode"],
            str(sum(counts.values()) - missing),
            str(missing),
            Text(_noticed_by(root)),
            Text(root["trouble"] or ""),
        )
    Console().print(table)


def _add_watching(report: list[dict[str, Any]], live: dict[str, dict[str, Any]]) -> None:
    for root in report:
        of_daemon = live.get(root["name"], {})
        root |= {key: of_daemon.get(key) for key in _WATCHING}


def _noticed_by(root: dict[str, Any]) -> str:
    if root["method"] is None:
        return "–"
    measured = "" if root["hintSeconds"] is None else f" ({root['hintSeconds'] * 1000:.0f} ms)"
    why = "" if root["methodReason"] is None else f": {root['methodReason']}"
    lost = f"; lost some {root['overflows']} times" if root["overflows"] else ""
    return f"{root['method']}{measured}{why}{lost}"


@roots.command
@click.argument("name")
@click.pass_context
def accept(ctx: click.Context, name: str) -> None:
    """Believe the next scan of the frozen folder NAME, whatever is missing in it.

    Files that are gone become missing; they and everything known of them stay in the library.
    """
    settings = load(ctx, require_folders=False).settings
    asyncio.run(_accept(settings, name))
    if ask_for_scan(settings, name) is None:
        click.echo(f"{name} is believed with the next start of the daemon.")
    else:
        click.echo(f"{name} is scanned now.")


async def _report(settings: Settings) -> list[dict[str, Any]]:
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        async with database.read() as connection:
            remembered = await watch_roots.all_remembered(connection)
            counted = await tally.counts_by_root(connection)
    finally:
        await database.close()
    found = []
    for watch in settings.watch:
        known = remembered.get(watch.name)
        trouble = known.frozen_reason if known is not None else None
        if not watch.path.is_dir():
            trouble = "The folder is not there; nothing is changed until it is back."
        found.append(
            {
                "name": watch.name,
                "path": str(watch.path),
                "mode": watch.mode,
                "trouble": trouble,
                "frozenAt": known.frozen_at if known is not None else None,
                "ledger": counted.get(watch.name, {}),
            }
        )
    return found


async def _accept(settings: Settings, name: str) -> None:
    database = open_database(settings.database_url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        async with database.write() as connection:
            is_known = await watch_roots.accept(connection, name, utc_now())
    finally:
        await database.close()
    if not is_known:
        names = ", ".join(watch.name for watch in settings.watch)
        raise UnknownRoot(f"No watched folder called {name} was ever scanned; there are {names}.")
