"""``pictallion scan``."""

from __future__ import annotations

import json

import click

from daemon.cli.ask_daemon import DaemonUnreachable, ask_for_scan
from daemon.cli.settings import load


@click.command
@click.argument("root", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def scan(ctx: click.Context, root: str | None, as_json: bool) -> None:
    """Ask the running daemon to compare ROOT, or every root, with what it knows.

    It does so by itself at every start, when the system reports changes, and every [intake] rescan_interval.
    """
    names = ask_for_scan(load(ctx, require_folders=False).settings, root)
    if names is None:
        raise DaemonUnreachable("The daemon is not running. Start it with `pictallion run`: it scans at every start.")
    click.echo(json.dumps({"roots": names}) if as_json else f"Scanning: {', '.join(names)}")
