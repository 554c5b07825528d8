"""``pictallion config``: which settings are in force, and where does each come from?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from core.config import LoadedSettings
from core.passes.all import PASSES
from core.passes.due import check_names
from daemon.cli.settings import load

_COMMENT_COLUMN: Final = 44
"""Where the comments begin, unless a value is longer."""


@click.group("config")
def config() -> None:
    """Show and check the settings."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: file, settings and sources.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Print the settings in force and where each comes from. Passwords are masked."""
    loaded = load(ctx)
    if as_json:
        file = str(loaded.file) if loaded.file else None
        document = {"file": file, "settings": loaded.settings.shown(), "sources": loaded.sources}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_as_toml(loaded)))


@config.command("check")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Say "ok" if the settings can be used; otherwise list every problem and exit with code 2."""
    loaded = load(ctx)
    check_names(loaded.settings.night, PASSES)
    click.echo(f"ok: {loaded.file or 'there is no configuration file, the defaults are used'}")


def _as_toml(loaded: LoadedSettings) -> Iterator[str]:
    """Yield the lines of a configuration file that would lead to the same settings, passwords apart."""
    yield f"# {loaded.file or 'There is no configuration file.'}"
    for section, content in loaded.settings.shown().items():
        if isinstance(content, list):
            for table in content:
                yield from ("", _with_comment(f"[[{section}]]", loaded.sources[section]))
                yield from (_assignment(key, value) for key, value in table.items())
        else:
            yield from ("", f"[{section}]")
            yield from _section(section, content, loaded.sources)


def _section(section: str, content: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[str]:
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    for key, value in content.items():
        if key not in tables:
            yield _with_comment(_assignment(key, value), sources[f"{section}.{key}"])
    for key, table in tables.items():
        yield from ("", f"[{section}.{key}]")
        yield from _section(f"{section}.{key}", table, sources)


def _assignment(key: str, value: Any) -> str:
    # JSON's numbers and strings are TOML's too; what is not set is "" in the file.
    return f"{key} = {json.dumps('' if value is None else value, ensure_ascii=False)}"


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<{_COMMENT_COLUMN}}  # {comment}"
