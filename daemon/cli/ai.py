"""``pictallion ai``: photos that a language model is to describe."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tzlocal import get_localzone_name

from core.ai.budget import Budget, DayLimits
from core.backlog import queue
from core.backlog.choosing import KEYS, parse_where, redo
from core.backlog.paused import BY_PERSON, is_paused, pause, resume
from core.backlog.runs import list_runs, undo_run
from core.backlog.states import BacklogState
from core.config import Settings
from core.db.engine import Database
from core.db.tables import utc_now
from daemon.cli.ask_daemon import ask
from daemon.cli.catalogue import with_catalogue
from daemon.cli.settings import load

#: How long the daemon may take for a whole library. [s]
_PATIENCE = 3600.0

_SHOWN = 20
_OFF = "The daemon is not running; nothing is asked."


@click.group()
def ai() -> None:
    """See how describing photos goes, ask again, or take answers back."""


@ai.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.pass_context
def show_status(ctx: click.Context, as_json: bool) -> None:
    """Show how many photos wait for a language model, who is asked, what it has cost today, and what failed."""
    settings = load(ctx, require_folders=False).settings
    report = ask(settings, "/api/daemon/ai")
    if report is None:
        report = with_catalogue(settings, lambda database: backlog_report(database, settings))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return
    console = Console()
    console.print(Text("\n".join(backlog_lines(report))))
    if report["troubles"]:
        table = Table("photo", "state", "why", title="Not described")
        for trouble in report["troubles"]:
            table.add_row(Text(trouble["name"]), trouble["state"], Text(trouble["reason"]))
        console.print(table)


@ai.command("runs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def show_runs(ctx: click.Context, as_json: bool) -> None:
    """List what was answered: each run can be taken back with `pictallion ai undo RUN`."""
    settings = load(ctx, require_folders=False).settings

    async def read(database: Database) -> list[dict[str, Any]]:
        async with database.read() as connection:
            return [_run(row._mapping) for row in await list_runs(connection, 200)]

    found = ask(settings, "/api/daemon/ai/runs")
    if found is None:
        found = with_catalogue(settings, read)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    table = Table("run", "for", "provider", "model", "prompt", "photos", "begun", "taken back")
    for run in found:
        words = (run["request"], run["provider"], run["model"], run["promptVersion"])
        undone = str(run["undoneAt"] or "")[:16]
        table.add_row(str(run["id"]), *map(Text, words), str(run["photos"]), str(run["startedAt"])[:16], undone)
    Console().print(table)


@ai.command("redo")
@click.option("--where", "conditions", multiple=True, metavar="KEY=VALUE", help=f"Which photos: {', '.join(KEYS)}.")
@click.option("--dry-run", is_flag=True, help="Count them only.")
@click.pass_context
def redo_photos(ctx: click.Context, conditions: tuple[str, ...], dry_run: bool) -> None:
    """Have photos described once more that all conditions are true of.

    What a person said of them stays. Photos that a person has confirmed (reviewed, or Gold) are left as they are.
    """
    settings = load(ctx, require_folders=False).settings
    where = parse_where(conditions)

    async def write(database: Database) -> dict[str, Any]:
        done: dict[str, Any] = msgspec.to_builtins(await redo(database, where, utc_now(), is_dry=dry_run))
        return done

    body = {"where": msgspec.to_builtins(where), "dryRun": dry_run}
    done = ask(settings, "/api/daemon/ai/redo", body, _PATIENCE)
    if done is None:
        done = with_catalogue(settings, write)
    click.echo(f"{_photos(done['photos'])} {'would be' if dry_run else 'will be'} asked about again.")
    if done["confirmed"]:
        click.echo(f"{_photos(done['confirmed'])} a person has confirmed; they are left as they are.")


@ai.command("undo")
@click.argument("run", type=int)
@click.pass_context
def undo(ctx: click.Context, run: int) -> None:
    """Take back the answers of RUN: its photos say again what they said before.

    What a person has said since, and what a later run has answered, stays.
    """
    settings = load(ctx, require_folders=False).settings

    async def write(database: Database) -> dict[str, Any]:
        done: dict[str, Any] = msgspec.to_builtins(await undo_run(database, run, utc_now()))
        return done

    done = ask(settings, "/api/daemon/ai/undo", {"run": run}, _PATIENCE)
    if done is None:
        done = with_catalogue(settings, write)
    kept = f"; {_photos(done['kept'])} say something else since, which stays" if done["kept"] else ""
    click.echo(f"{_photos(done['restored'])} say again what they said before run {run}{kept}.")


@ai.command("retry")
@click.argument("photo_ids", nargs=-1)
@click.pass_context
def retry(ctx: click.Context, photo_ids: tuple[str, ...]) -> None:
    """Try again at once what failed or is to be tried later: the photos with PHOTO_IDS, or all."""
    settings = load(ctx, require_folders=False).settings
    ids = list(photo_ids) or None

    async def write(database: Database) -> dict[str, Any]:
        async with database.write() as connection:
            return {"photos": await queue.retry(connection, ids, utc_now())}

    done = ask(settings, "/api/daemon/ai/retry", {"photoIds": ids})
    if done is None:
        done = with_catalogue(settings, write)
    click.echo(f"{_photos(done['photos'])} will be tried again.")


@ai.command("pause")
@click.pass_context
def pause_describing(ctx: click.Context) -> None:
    """Ask no language model until `pictallion ai resume`, also after a restart."""
    settings = load(ctx, require_folders=False).settings

    async def write(database: Database) -> None:
        async with database.write() as connection:
            await pause(connection, utc_now())

    if ask(settings, "/api/daemon/ai/pause", {}) is None:
        with_catalogue(settings, write)
    click.echo(BY_PERSON)


@ai.command("resume")
@click.pass_context
def resume_describing(ctx: click.Context) -> None:
    """Ask language models again."""
    settings = load(ctx, require_folders=False).settings

    async def write(database: Database) -> None:
        async with database.write() as connection:
            await resume(connection)

    if ask(settings, "/api/daemon/ai/resume", {}) is None:
        with_catalogue(settings, write)
    click.echo("Whatever waits is asked about again.")


async def backlog_report(database: Database, settings: Settings) -> dict[str, Any]:
    """What ``/api/daemon/ai`` tells, as far as the database knows it."""
    async with database.read() as connection:
        counted = await queue.counts(connection)
        first = await queue.troubles(connection, _SHOWN)
        reason = BY_PERSON if await is_paused(connection) else _OFF
    limits = DayLimits(settings.ai.budget.requests, settings.ai.budget.tokens)
    zone = ZoneInfo(settings.library.time_zone or get_localzone_name())
    spent = await Budget(database, limits, zone).spent(utc_now())
    return {
        "provider": None,
        "model": None,
        "photos": {state.value: number for state, number in counted.items()},
        "paused": reason,
        "pausedUntil": None,
        "perHour": None,
        "secondsLeft": None,
        "budget": {
            "day": spent.day,
            "requests": spent.requests,
            "tokens": spent.tokens,
            "requestsLimit": limits.requests,
            "tokensLimit": limits.tokens,
        },
        "troubles": [
            {"photoId": row.version_id, "name": row.original_filename, "state": row.state, "reason": row.reason}
            | {"attempts": row.attempts, "nextAttemptAt": row.next_attempt_at}
            for row in first
        ],
    }


def backlog_lines(report: dict[str, Any]) -> list[str]:
    """What is to be told of a report in a terminal, line by line."""
    photos = report["photos"]
    left = photos[BacklogState.WAITING] + photos[BacklogState.RUNNING] + photos[BacklogState.DEFERRED]
    lines = [
        f"Described by language models: {photos[BacklogState.DONE]}; to do: {left}, of which "
        f"{photos[BacklogState.RUNNING]} are asked about and {photos[BacklogState.DEFERRED]} put off; "
        f"failed: {photos[BacklogState.FAILED]}."
    ]
    if report["provider"]:
        lines.append(f"{report['provider']} is asked ({report['model']}).")
    if report["paused"]:
        until = f" Until {report['pausedUntil'][:16]} UTC." if report["pausedUntil"] else ""
        lines.append(f"{report['paused']}{until}")
    if report["perHour"] and left:
        lines.append(f"{report['perHour']:.0f} an hour; about {_length(report['secondsLeft'])} to go.")
    spent = report["budget"]
    if spent["requests"] or spent["requestsLimit"] or spent["tokensLimit"]:
        lines.append(
            f"Paid for on {spent['day']}: {_of(spent['requests'], spent['requestsLimit'])} requests, "
            f"{_of(spent['tokens'], spent['tokensLimit'])} tokens."
        )
    return lines


def _run(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "request": row["request"],
        "provider": row["provider"],
        "model": row["model"],
        "promptVersion": row["prompt_version"],
        "photos": row["photos"],
        "startedAt": row["started_at"],
        "lastAt": row["last_at"],
        "undoneAt": row["undone_at"],
    }


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"


def _of(count: int, limit: int) -> str:
    return f"{count} of {limit}" if limit else str(count)


def _length(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{round(seconds / 3600)} hours" if seconds < 172_800 else f"{round(seconds / 86_400)} days"
