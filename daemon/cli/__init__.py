"""The command line.

Each command is one module and is imported when it is called: worker processes import this one too.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from core.errors import PictallionError
from daemon.cli.settings import CliContext

#: Where the commands are.
_COMMANDS = {
    "ai": "daemon.cli.ai:ai",
    "audit": "daemon.cli.audit:audit_command",
    "backup": "daemon.cli.backup:backup",
    "config": "daemon.cli.config:config",
    "damage": "daemon.cli.damage:damage",
    "digest": "daemon.cli.digest:digest_command",
    "explain": "daemon.cli.explain:explain",
    "import": "daemon.cli.import_files:import_files",
    "pass": "daemon.cli.passes:passes",
    "quarantine": "daemon.cli.quarantine:quarantine",
    "rebuild": "daemon.cli.rebuild:rebuild_command",
    "retry": "daemon.cli.quarantine:retry",
    "roots": "daemon.cli.roots:roots",
    "run": "daemon.cli.run:run",
    "scan": "daemon.cli.scan:scan",
    "status": "daemon.cli.status:status",
    "token": "daemon.cli.token:token",
    "version": "daemon.cli.version:version",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration file; by default ./config.toml, then the XDG place, then built-in defaults.",
)
@click.pass_context
def pictallion(ctx: click.Context, config_file: Path | None) -> None:
    """Takes the photos your phones sync home, keeps them safe and makes them findable."""
    ctx.obj = CliContext(config_file)


def main() -> None:
    """The ``pictallion`` command. What goes wrong on purpose is one message and an exit code."""
    try:
        pictallion(prog_name="pictallion")
    except PictallionError as error:
        click.echo(f"pictallion: {error}", err=True)
        sys.exit(error.exit_code)
