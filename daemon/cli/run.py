"""``pictallion run``."""

from __future__ import annotations

import click

from daemon.cli.settings import load
from daemon.logs import configure_logs


@click.command
@click.pass_context
def run(ctx: click.Context) -> None:
    """Watch the folders and serve the API until stopped."""
    loaded = load(ctx)
    configure_logs(loaded.settings)
    import uvloop

    from daemon.run import run_daemon

    settings = loaded.settings
    server = settings.server
    click.echo(f"Put photos into   {', '.join(str(watch.path) for watch in settings.watch)}")
    silver = settings.library.data_dir / "media" / "silver"
    click.echo(f"Look at them at   http://{server.host}:{server.port} or in {silver}")
    click.echo("Stop with         Ctrl-C")
    uvloop.run(run_daemon(settings, loaded.file))
