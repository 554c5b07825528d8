"""``pictallion digest``."""

from __future__ import annotations

import click
import msgspec

from core.db.engine import Database
from core.db.tables import utc_now
from core.digest.gather import Digest, gather
from core.digest.page import page
from core.digest.told import told_until, ways
from daemon.cli.catalogue import with_catalogue
from daemon.cli.settings import load
from daemon.workshop import home_zone_of, layout_of


@click.command("digest")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a page.")
@click.pass_context
def digest_command(ctx: click.Context, as_json: bool) -> None:
    """Show what happened since the last digest was told, what waits for you and what is wrong.

    Reads, and tells nobody: the next morning's digest is the same as without.
    """
    settings = load(ctx, require_folders=False).settings

    async def read(database: Database) -> Digest:
        now = utc_now()
        async with database.read() as connection:
            told = await told_until(connection, ways(settings.digest), now)
            return await gather(connection, layout_of(settings).locks, min(told.values()), now)

    digest = with_catalogue(settings, read)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(digest), indent=2).decode())
    else:
        click.echo(page(digest, home_zone_of(settings)), nl=False)
