"""``pictallion version``."""

from __future__ import annotations

import click

from core import __version__


@click.command
def version() -> None:
    """Print the version."""
    click.echo(f"pictallion {__version__}")
