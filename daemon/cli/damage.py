"""``pictallion damage``: files that are not what was stored, and restoring them from a good copy."""

from __future__ import annotations

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.audit.damage import Damage, damages
from core.audit.restore import restore
from core.db.engine import Database
from core.media.source_file import shown
from daemon.cli.catalogue import with_catalogue
from daemon.cli.settings import load
from daemon.workshop import layout_of


@click.group("damage")
def damage() -> None:
    """Look at files of the library that are damaged, as `pictallion pass run verify` found, and restore them."""


@damage.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def list_damage(ctx: click.Context, as_json: bool) -> None:
    """Show every damaged file, and where a good copy of it is."""

    async def read(database: Database) -> list[Damage]:
        async with database.read() as connection:
            return await damages(connection)

    found = with_catalogue(load(ctx, require_folders=False).settings, read)
    if as_json:
        rows = [
            {
                "id": one.version_id,
                "path": shown(one.file_path),
                "kind": one.kind,
                "goodCopy": None if one.good_copy is None else shown(one.good_copy),
                "foundAt": one.found_at,
            }
            for one in found
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return
    table = Table("id", "file", "what is wrong", "good copy")
    for one in found:
        good = "none is known" if one.good_copy is None else shown(one.good_copy)
        table.add_row(one.version_id, Text(shown(one.file_path)), one.kind, Text(good))
    Console().print(table if found else "No file of the library is known to be damaged.")


@damage.command("restore")
@click.argument("version_id", metavar="ID")
@click.pass_context
def restore_file(ctx: click.Context, version_id: str) -> None:
    """Put the good copy in the place of the damaged file ID, after its bytes were compared once more."""
    settings = load(ctx, require_folders=False).settings
    layout = layout_of(settings)
    found = with_catalogue(settings, lambda database: restore(database, layout, version_id))
    click.echo(f"{shown(found.file_path)} is restored from {shown(found.good_copy or '')}.")
