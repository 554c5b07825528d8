"""``pictallion backup``: make, list and restore backups of the database."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from core.backup.archive import read_manifest
from core.backup.create import create_backup
from core.backup.kept import backups
from core.backup.restore import restore_backup
from core.config import Settings
from core.db.tables import utc_now
from core.errors import AlreadyRunning, BackupFailed, PictallionError
from core.library.free_space import bytes_to_leave
from core.library.placing import replace_sidecar
from core.pipeline.holders import become_daemon, living
from core.rebuild import Report, finish_restore
from daemon.cli.settings import load
from daemon.logs import configure_logs
from daemon.workshop import in_hand, layout_of, open_bench

#: What a backup is called that somebody asked for; it stays until somebody removes it.
_BY_HAND = "by-hand"

#: How many files are named that a restored database does not explain; the audit names them all.
_SHOWN = 20


@click.group("backup")
def backup() -> None:
    """Make, list and restore backups of the database. Photos are not in them: their files are what they are."""


@backup.command("create")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def create(ctx: click.Context, as_json: bool) -> None:
    """Back the database up now, whether the daemon runs or not. The backup stays until you remove it."""
    loaded = load(ctx, require_folders=False)
    settings = loaded.settings
    folder = settings.backup_folder
    to_leave = bytes_to_leave(settings.library.data_dir, settings.intake.min_free)
    made, manifest = asyncio.run(
        create_backup(settings.database_url, folder, loaded.file, utc_now(), to_leave, _BY_HAND)
    )
    if as_json:
        told = {"file": str(made.path), "bytes": made.size, "rows": manifest.rows}
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        click.echo(f"{made.path} ({made.size / 2**20:.1f} MiB, {sum(manifest.rows.values())} rows)")


@backup.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_backups(ctx: click.Context, as_json: bool) -> None:
    """Show the backups there are, newest first."""
    found = backups(load(ctx, require_folders=False).settings.backup_folder)
    if as_json:
        rows = [
            {"name": one.path.name, "path": str(one.path), "madeAt": one.made_at, "why": one.label, "bytes": one.size}
            for one in found
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return
    table = Table(Column("backup", overflow="fold"), "made", "ago", "why", "MiB")
    for one in found:
        minutes = max(0, int((utc_now() - one.made_at).total_seconds()) // 60)
        ago = f"{minutes} min" if minutes < 60 else f"{minutes / 60:.0f} h"
        made = f"{one.made_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(Text(one.path.name), made, ago, one.label or "by night", f"{one.size / 2**20:.1f}")
    Console().print(table if found else "There is no backup yet; `pictallion backup create` makes one.")


@backup.command("restore")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def restore(ctx: click.Context, name: str, yes: bool) -> None:
    """Put the backup NAME (from `pictallion backup list`, or a path) in the place of the database.

    What the database is now is backed up first. The daemon must not run. Photos are not touched. Those of the library
    that came after the backup are found by their files and taken into it, with what their sidecars tell; what else
    happened since, the audit tells.
    """
    loaded = load(ctx, require_folders=False)
    settings = loaded.settings
    folder = settings.backup_folder
    path = folder / name if (folder / name).exists() else Path(name)
    if not path.is_file():
        raise BackupFailed(f"There is no backup {name}; `pictallion backup list` shows those there are.")
    manifest = read_manifest(path)
    if not yes:
        told = f"{manifest.rows.get('media_assets', 0)} photos of {manifest.made_at.astimezone():%Y-%m-%d %H:%M}"
        click.confirm(f"Replace the database by {path.name} ({told})?", abort=True)
    layout = layout_of(settings)
    layout.create()
    with become_daemon(layout.locks):
        if living(layout.locks):
            raise AlreadyRunning("An import or a pass is running on this library; wait until it is done.")
        to_leave = bytes_to_leave(settings.library.data_dir, settings.intake.min_free)
        # whoever is killed from here on leaves word that the library is not all in the database yet
        replace_sidecar(manifest.made_at.isoformat().encode(), layout.restoring)
        try:
            restoring = restore_backup(settings.database_url, path, folder, loaded.file, utc_now(), to_leave)
            _, safety = asyncio.run(restoring)
        except PictallionError:
            layout.restoring.unlink()
            raise
        click.echo(f"The database is that of {path.name}.")
        if safety is not None:
            click.echo(f"What it was before is in {safety}.")
        configure_logs(settings, level="warning")
        report = asyncio.run(_take_back(settings))
    for warning in report.warnings[:_SHOWN]:
        click.echo(warning)
    if report.photos:
        click.echo(f"{report.photos} photos that came after the backup were taken into it from their files.")
    if report.unexplained:
        click.echo(
            f"{len(report.unexplained)} files of the library are not what the backup knows of them; they were left "
            "alone, and `pictallion audit` lists them:"
        )
        for sentence in report.unexplained[:_SHOWN]:
            click.echo(f"  {sentence}")
    click.echo("Its configuration is in the backup as config.toml; yours was left alone.")


async def _take_back(settings: Settings) -> Report:
    """What is not in the restored database is taken into it."""
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip
    bar = progress.add_task("Looking for photos that came later", total=None)
    async with open_bench(settings) as bench:
        with progress:
            report = await finish_restore(
                bench, in_hand(settings), lambda done, total: progress.update(bar, completed=done, total=total)
            )
    return report or Report()
