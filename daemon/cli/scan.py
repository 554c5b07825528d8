"""``pictallion scan``."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import click

from core.config import Settings
from core.errors import PictallionError
from core.pipeline.holders import daemon_is_running
from daemon.cli.settings import load
from daemon.workshop import layout_of

#: How long the daemon may take to answer. [s]
_PATIENCE = 10.0


class DaemonUnreachable(PictallionError):
    """The daemon did not do what it was asked for."""


@click.command
@click.argument("root", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def scan(ctx: click.Context, root: str | None, as_json: bool) -> None:
    """Ask the running daemon to compare ROOT, or every root, with what it knows.

    It does so by itself at every start, when the system reports changes, and every [intake] rescan_interval.
    """
    settings = load(ctx, require_folders=False).settings
    layout = layout_of(settings)
    if not (layout.locks.is_dir() and daemon_is_running(layout.locks)):
        raise DaemonUnreachable("The daemon is not running. Start it with `pictallion run`: it scans at every start.")
    answer = _ask(settings, root)
    click.echo(json.dumps(answer) if as_json else f"Scanning: {', '.join(answer['roots'])}")


def _ask(settings: Settings, root: str | None) -> dict[str, list[str]]:
    host = "127.0.0.1" if settings.server.host in ("0.0.0.0", "::") else settings.server.host  # noqa: S104 - compared
    address = f"[{host}]" if ":" in host else host
    request = urllib.request.Request(
        f"http://{address}:{settings.server.port}/api/daemon/scan",
        data=json.dumps({"root": root} if root else {}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 - our own address
            answer: dict[str, list[str]] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        message = json.load(error).get("message", error.reason)
        raise DaemonUnreachable(f"The daemon did not scan: {message}") from error
    except OSError as error:
        raise DaemonUnreachable(f"The daemon does not answer at {request.full_url}: {error}") from error
