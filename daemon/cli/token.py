"""``pictallion token``: who may use the API where a login is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import KnownToken, Scope, all_tokens, create_token, revoke_token
from core.config import Settings
from core.db.engine import open_database
from core.db.migrate import require_current
from core.errors import UnknownToken
from daemon.cli.settings import load

T = TypeVar("T")


@click.group
def token() -> None:
    """Make, list and revoke the tokens with which programs and people use the API."""


@token.command
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.label for scope in Scope]),
    default=Scope.WRITE.label,
    show_default=True,
    help="read: look at everything. write: also upload, edit and delete. admin: also change settings and folders.",
)
@click.pass_context
def create(ctx: click.Context, name: str, scope: str) -> None:
    """Make a token called NAME and print it. It is shown this once: what is stored is its hash."""
    settings = load(ctx, require_folders=False).settings
    secret = _with_database(settings, lambda connection: create_token(connection, name, Scope.named(scope)))
    click.echo(secret)
    if not settings.server.auth.enabled:
        click.echo("It is asked for once [server.auth] has enabled = true.", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_tokens(ctx: click.Context, as_json: bool) -> None:
    """Show every token: its name, what it may do, and since when there is one."""
    found: list[KnownToken] = _with_database(load(ctx, require_folders=False).settings, all_tokens)
    if as_json:
        shown = [{"name": one.name, "scope": one.scope.label, "createdAt": one.created_at} for one in found]
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
        return
    table = Table("token", "may", "since")
    for one in found:
        table.add_row(Text(one.name), one.scope.label, f"{one.created_at:%Y-%m-%d %H:%M}")
    Console().print(table)


@token.command
@click.argument("name")
@click.pass_context
def revoke(ctx: click.Context, name: str) -> None:
    """End the token NAME and all logins that were made with it, within ten seconds."""
    settings = load(ctx, require_folders=False).settings
    if not _with_database(settings, lambda connection: revoke_token(connection, name)):
        raise UnknownToken(f"There is no token called {name}; pictallion token list shows those there are.")


def _with_database(settings: Settings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    async def run() -> T:
        database = open_database(settings.database_url.render_as_string(hide_password=False))
        try:
            await require_current(database)
            async with database.write() as connection:
                return await work(connection)
        finally:
            await database.close()

    return asyncio.run(run())
