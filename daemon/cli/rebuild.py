"""``pictallion rebuild --from-files``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL, inspect, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.config import Settings
from core.config.database_url import sqlite_url, with_async_driver
from core.db.engine import open_database
from core.db.tables import utc_now
from core.errors import AlreadyRunning, DatabaseUnreachable, PictallionError
from core.library.layout import Layout
from core.pipeline.holders import become_daemon, is_alive
from core.rebuild import Report, rebuild
from daemon.cli.settings import load
from daemon.logs import configure_logs
from daemon.workshop import in_hand, layout_of, open_bench, roots_of

#: How many sentences of each kind are printed; ``--json`` has them all.
_SHOWN = 20

_REBUILT, _UNFINISHED, _BEFORE = "rebuilt", "unfinished", "before-rebuild"


class TargetNotEmpty(PictallionError):
    """The database that was to be filled has something in it."""


@click.command("rebuild")
@click.option("--from-files", is_flag=True, required=True, help="From the library's files and sidecars alone.")
@click.option(
    "--into", "into", metavar="URL", help="Fill this empty database instead of a new file beside the old one."
)
@click.option("--replace", is_flag=True, help="Put the new database in the old one's place; the old one is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def rebuild_command(ctx: click.Context, from_files: bool, into: str | None, replace: bool, as_json: bool) -> None:
    """Make a new database from the library's files and sidecars. Photos are only read.

    Exit code 1 if a file could not be explained; then nothing is replaced.
    """
    assert from_files
    if into is not None and replace:
        raise click.UsageError("--into and --replace exclude each other.")
    settings = load(ctx).settings
    configure_logs(settings, level="warning")
    layout = layout_of(settings)
    layout.create()
    with become_daemon(layout.locks):
        _refuse_beside_others(layout)
        report = asyncio.run(_rebuild(settings, into, replace))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report)
    sys.exit(0 if report.is_explained else 1)


def _refuse_beside_others(layout: Layout) -> None:
    """Raises :class:`AlreadyRunning` while an import puts files into the library, which would be missed."""
    if any(is_alive(layout.locks, lock.stem) for lock in layout.locks.glob("*-*.lock")):
        raise AlreadyRunning(
            f"Another pictallion works on {layout.data_dir}, perhaps an import. Wait until it is done."
        )


async def _rebuild(settings: Settings, into: str | None, replace: bool) -> Report:
    configured = settings.database_url
    if into is not None or configured.get_backend_name() != "sqlite":
        url = _parsed(into) if into is not None else configured
        report = await _fill(settings, url)
        report.database = url.render_as_string(hide_password=True)
        return report
    database = Path(str(configured.database))
    unfinished = database.with_name(f"{database.name}.{_UNFINISHED}")
    # what an interrupted rebuild has left
    _remove(unfinished)
    try:
        report = await _fill(settings, sqlite_url(unfinished))
    except (OSError, SQLAlchemyError) as error:
        _remove(unfinished)
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise DatabaseUnreachable(
            f"The new database could not be written: {reason}. It was removed, and the old one is as it was."
        ) from error
    stamp = utc_now().strftime("%Y%m%dT%H%M%S")
    if database.exists() and not (replace and report.is_explained):
        target = database.with_name(f"{database.name}.{stamp}.{_REBUILT}")
    else:
        target = database
        kept = f"{database.name}.{stamp}.{_BEFORE}"
        for name in _files_of(database):
            name.rename(database.with_name(kept + name.name.removeprefix(database.name)))
    unfinished.rename(target)
    report.database = str(target)
    return report


async def _fill(settings: Settings, url: URL) -> Report:
    """Rebuilds into the database at ``url``, which has to be empty."""
    await _refuse_filled(url)
    secret = SecretStr(url.render_as_string(hide_password=False))
    there = settings.model_copy(update={"database": settings.database.model_copy(update={"url": secret})})
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    bar = progress.add_task("Rebuilding", total=None)
    async with open_bench(there) as bench:
        with progress:
            return await rebuild(
                bench,
                roots_of(settings),
                in_hand(settings),
                lambda done, total: progress.update(bar, completed=done, total=total),
            )


def _parsed(text: str) -> URL:
    try:
        return make_url(with_async_driver(SecretStr(text)).get_secret_value())
    except ValueError as error:
        raise click.BadParameter(f"the URL {error}", param_hint="--into") from error


async def _refuse_filled(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return
    database = open_database(url.render_as_string(hide_password=False))
    try:
        async with database.read() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    except (OSError, SQLAlchemyError) as error:
        name = url.render_as_string(hide_password=True)
        raise DatabaseUnreachable(f"The database {name} cannot be used: {error}. Nothing was changed.") from error
    finally:
        await database.close()
    if tables:
        raise TargetNotEmpty(
            f"The database {url.render_as_string(hide_password=True)} is not empty, and nothing was changed. Name an "
            "empty one with --into."
        )


def _files_of(database: Path) -> list[Path]:
    """A SQLite database and what a crash may have left beside it."""
    return [name for ending in ("", "-wal", "-shm") if (name := database.with_name(database.name + ending)).exists()]


def _remove(database: Path) -> None:
    for name in _files_of(database):
        name.unlink()


def _print(report: Report) -> None:
    console = Console()
    table = Table("", "count", title="Rebuilt from files")
    for name in ("photos", "bronze", "silver", "gold", "archived", "sidecars", "people", "named_faces", "groups"):
        table.add_row(name.replace("_", " "), str(getattr(report, name)))
    console.print(table)
    console.print(Text(f"The new database is {report.database}"), soft_wrap=True)
    for title, sentences in (("Not explained", report.unexplained), ("Came back in part", report.warnings)):
        if not sentences:
            continue
        console.print(Text(f"{title}: {len(sentences)}", style="bold"))
        for sentence in sentences[:_SHOWN]:
            console.print(Text(f"  {sentence}"), soft_wrap=True)
        if len(sentences) > _SHOWN:
            console.print(f"  … and {len(sentences) - _SHOWN} more (--json lists them all)")
    console.print(Text("What no file tells:", style="bold"))
    for what, why in report.not_in_files.items():
        console.print(Text(f"  {what.replace('_', ' ')}: {why}"), soft_wrap=True)
    console.print("Everything is explained." if report.is_explained else "Not everything is explained.")
