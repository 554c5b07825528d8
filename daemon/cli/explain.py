"""``pictallion explain``."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import require_current
from core.errors import SchemaMissing
from core.media.source_file import shown
from core.pipeline import sighted, watch_roots
from core.pipeline.conflict_copies import conflict_copy
from core.pipeline.roots import IMPORT, Mode, Root
from core.pipeline.states import State
from daemon.cli.settings import load
from daemon.intake.rules import Rules, reason_to_ignore
from daemon.workshop import roots_of

_AHEAD = {
    State.WAITING: "It is taken in when it stands still.",
    State.QUEUED: "It is next in line.",
    State.RUNNING: "It is being taken in now.",
    State.DONE: "It is in the library.",
    State.DUPLICATE: "Its bytes are in the library.",
    State.IGNORED: "It is looked at again when it is written to.",
    State.CONFLICT: "It waits for your decision.",
    State.FAILED: "It is tried again.",
    State.QUARANTINED: "It is not tried again by itself; `pictallion quarantine release` does.",
    State.MISSING: "It is taken up again when it comes back.",
}

#: The states of files that are, or will be, in the library.
_WELL = frozenset({State.WAITING, State.QUEUED, State.RUNNING, State.DONE, State.DUPLICATE})


@click.command
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@click.pass_context
def explain(ctx: click.Context, paths: tuple[str, ...], as_json: bool) -> None:
    """Say what happens to each of PATHS, and why.

    Exit code 0 when all of them are, or will be, in the library.
    """
    settings = load(ctx, require_folders=False).settings
    found = asyncio.run(_explain(settings, paths))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for each in found:
            click.echo(f"{each['path']}\n  " + "\n  ".join(each["sentences"]))
    sys.exit(0 if all(each["isWell"] for each in found) else 1)


async def _explain(settings: Settings, paths: tuple[str, ...]) -> list[dict[str, Any]]:
    url = settings.database_url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return [_without_ledger(settings, path) for path in paths]
    database = open_database(url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        return [await _with_ledger(settings, database, path) for path in paths]
    except SchemaMissing:
        return [_without_ledger(settings, path) for path in paths]
    finally:
        await database.close()


def _without_ledger(settings: Settings, path: str) -> dict[str, Any]:
    absolute = _absolute(path)
    root = _root_of(settings, absolute)
    sentences, will_be_taken = _of_disk(root, absolute)
    return _answer(absolute, root, None, sentences, is_well=will_be_taken)


async def _with_ledger(settings: Settings, database: Database, path: str) -> dict[str, Any]:
    absolute = _absolute(path)
    root = _root_of(settings, absolute)
    sentences, is_well = _of_disk(root, absolute)
    name, below = (root.name, os.path.relpath(absolute, root.path)) if root else (IMPORT, absolute.lstrip("/"))
    async with database.read() as connection:
        remembered = await watch_roots.remembered(connection, name)
        known = (await sighted.known_paths(connection, name, [below])).get(below)
    if remembered is not None and remembered.frozen_reason is not None:
        sentences.insert(0, f"{name} is frozen. {remembered.frozen_reason}")
        is_well = False
    if known is not None:
        sentences += [text for text in (f"It is {known.state}.", known.reason, _AHEAD[known.state]) if text]
        is_well = known.state in _WELL
    elif is_well:
        sentences.append("It was not seen yet; the next scan finds it.")
    return _answer(absolute, root, known.state if known is not None else None, sentences, is_well=is_well)


def _answer(
    path: str, root: Root | None, state: State | None, sentences: list[str], *, is_well: bool
) -> dict[str, Any]:
    return {
        "path": shown(path),
        "root": root.name if root is not None else None,
        "state": state,
        "sentences": sentences,
        "isWell": is_well,
    }


def _absolute(path: str) -> str:
    # not resolved: a link is something of its own below a root
    return os.path.normpath(os.path.join(Path.cwd(), path))  # noqa: PTH118 - text with surrogates


def _root_of(settings: Settings, path: str) -> Root | None:
    return next((root for root in roots_of(settings) if path.startswith(f"{root.path}/")), None)


def _of_disk(root: Root | None, path: str) -> tuple[list[str], bool]:
    """What the rules and the disk say of a path, and whether they let it be taken."""
    if root is None:
        return ["It lies in no watched folder; `pictallion import` takes it."], False
    sentences = [f"It lies in {root.name}, which is watched in mode {root.mode}."]
    below = os.path.relpath(path, root.path)
    if (why := reason_to_ignore(Rules(root.include, root.exclude), root.path, below)) is not None:
        return [*sentences, f"It is passed over: it {why}."], False
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        return [*sentences, f"It cannot be looked at: {error.strerror}."], False
    if stat.S_ISDIR(mode):
        return [*sentences, "It is a folder; what is in it is looked at."], True
    if not stat.S_ISREG(mode):
        return [*sentences, "It is no regular file; links are not followed and devices not read."], False
    removed = " and removed from here" if root.mode is Mode.MOVE else ""
    copied = "It is kept where it is" if root.mode is Mode.REFERENCE else f"It is copied into the library{removed}"
    sentences.append(f"{copied} if it is a photo or video.")
    if (copy := conflict_copy(shown(os.path.basename(path)))) is not None:  # noqa: PTH119 - text with surrogates
        sentences.append(f"It is marked as a copy that {copy.program} made of {copy.of}.")
    return sentences, True
