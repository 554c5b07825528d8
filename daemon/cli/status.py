"""``pictallion status``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import func, select

from core.config import Settings
from core.db.engine import Database, open_database
from core.db.migrate import require_current
from core.db.tables import AssetHistory, FileVersion
from core.library.layout import Tier
from core.library.sidecars import failures
from core.passes import runs
from core.passes.runs import UNFINISHED, Run, RunState
from core.pipeline import tally, watch_roots
from core.pipeline.holders import daemon_is_running
from core.pipeline.roots import IMPORT, UPLOAD
from core.pipeline.states import State
from daemon.cli.ai import backlog_lines, backlog_report
from daemon.cli.ask_daemon import DaemonUnreachable, ask, ask_for_roots
from daemon.cli.settings import load
from daemon.workshop import layout_of

_IN_QUEUE = (State.WAITING, State.QUEUED, State.RUNNING, State.FAILED)


@click.command
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show roots, queue, tiers, failures and the last activity, whether the daemon runs or not."""
    settings = load(ctx, require_folders=False).settings
    report = asyncio.run(_report(settings))
    _add_live(report, settings)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    else:
        _print(report)


def _add_live(report: dict[str, Any], settings: Settings) -> None:
    """What only the running daemon knows: how changes of each root are noticed, who is asked to describe photos."""
    live: dict[str, dict[str, Any]] = {}
    try:
        live = ask_for_roots(settings) or {}
        report["ai"] = ask(settings, "/api/daemon/ai") or report["ai"]
    except DaemonUnreachable as error:
        report["daemon"]["trouble"] = str(error)
    for root in report["roots"]:
        if (of_daemon := live.get(root["name"])) is not None:
            root |= {key: of_daemon[key] for key in ("method", "methodReason", "overflows")}


async def _report(settings: Settings) -> dict[str, Any]:
    layout = layout_of(settings)
    running = layout.locks.is_dir() and daemon_is_running(layout.locks)
    url = settings.database_url
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return await _gather(settings, running, None)
    database = open_database(url.render_as_string(hide_password=False))
    try:
        await require_current(database)
        return await _gather(settings, running, database)
    finally:
        await database.close()


async def _gather(settings: Settings, running: bool, database: Database | None) -> dict[str, Any]:
    counted = dict.fromkeys(State, 0)
    by_root: dict[str, dict[State, int]] = {}
    tiers = dict.fromkeys(Tier, 0)
    last, troubles = None, []
    sidecars: dict[str, Any] = {"failed": 0, "troubles": []}
    remembered: dict[str, watch_roots.Remembered] = {}
    latest: dict[str, Run] = {}
    described: dict[str, Any] | None = None
    if database is not None:
        async with database.read() as connection:
            by_root = await tally.counts_by_root(connection)
            troubles = await tally.troubles(connection, limit=10)
            failed, first = await failures(connection, limit=10)
            sidecars = {"failed": failed, "troubles": [{"path": row.path, "reason": row.reason} for row in first]}
            remembered = await watch_roots.all_remembered(connection)
            locks = layout_of(settings).locks
            latest = {name: runs.as_it_is(run, locks) for name, run in (await runs.latest(connection)).items()}
            statement = select(FileVersion.tier, func.count()).where(FileVersion.archived_at.is_(None))
            tiers |= {Tier(row[0]): row[1] for row in await connection.execute(statement.group_by(FileVersion.tier))}
            newest = select(AssetHistory.timestamp, AssetHistory.details).order_by(AssetHistory.timestamp.desc())
            if (row := (await connection.execute(newest.limit(1))).first()) is not None:
                last = {"timestamp": row.timestamp, "details": row.details}
        described = await backlog_report(database, settings)
        for counts in by_root.values():
            for state, count in counts.items():
                counted[state] += count
    roots = [
        {
            "name": watch.name,
            "path": str(watch.path),
            "mode": watch.mode,
            "available": watch.path.is_dir(),
            "frozen": remembered[watch.name].frozen_reason if watch.name in remembered else None,
            "ledger": by_root.get(watch.name, {}),
        }
        for watch in settings.watch
    ]
    roots += [{"name": name, "ledger": by_root[name]} for name in (IMPORT, UPLOAD) if name in by_root]
    return {
        "daemon": {"running": running},
        "ledger": counted,
        "seen": sum(counted.values()),
        "tiers": tiers,
        "roots": roots,
        "queue": {state: counted[state] for state in _IN_QUEUE},
        "troubles": troubles,
        "sidecars": sidecars,
        "passes": [
            {
                "name": run.name,
                "state": run.state,
                "done": run.progress.done,
                "total": run.progress.total,
                "secondsLeft": run.seconds_left,
                "reason": run.reason,
                "at": run.updated_at,
            }
            for run in latest.values()
        ],
        "ai": described,
        "lastActivity": last,
    }


def _print(report: dict[str, Any]) -> None:
    console = Console()
    console.print("The daemon is running." if report["daemon"]["running"] else "The daemon is not running.")
    if (trouble := report["daemon"].get("trouble")) is not None:
        console.print(Text(trouble))
    states = [state for state in State if report["ledger"][state]]
    roots = Table(title="Roots")
    for heading in ("root", "folder", "mode", *states):
        roots.add_column(heading, overflow="fold")
    for root in report["roots"]:
        folder = root.get("path", "–") + ("" if root.get("available", True) else "  (not there)")
        counts = [str(root["ledger"].get(state, 0)) for state in states]
        roots.add_row(root["name"], Text(folder), root.get("mode", "–"), *counts)
    console.print(roots)
    for root in report["roots"]:
        if root.get("frozen"):
            console.print(Text(f"{root['name']} is frozen. {root['frozen']}"))
        if root.get("methodReason"):
            console.print(Text(f"{root['name']} is scanned, as hints cannot be relied on: {root['methodReason']}"))
    summary = Table("Library", "photos", title="Tiers")
    for tier, count in report["tiers"].items():
        summary.add_row(tier, str(count))
    console.print(summary)
    if report["troubles"]:
        troubles = Table("state", "why", title="Needs attention (newest first)")
        for trouble in report["troubles"]:
            troubles.add_row(trouble["state"], Text(trouble["reason"] or ""))
        console.print(troubles)
    if failed := report["sidecars"]["failed"]:
        first = report["sidecars"]["troubles"][0]
        told = f"{failed} sidecars could not be written and are tried again, {first['path']} first: {first['reason']}"
        console.print(Text(told))
    for run in report["passes"]:
        if (of_pass := _of_pass(run)) is not None:
            console.print(Text(of_pass))
    if report["ai"] is not None and any(report["ai"]["photos"].values()):
        console.print(Text("\n".join(backlog_lines(report["ai"]))))
    if report["lastActivity"] is not None:
        console.print(
            f"Last: {report['lastActivity']['details']} ({report['lastActivity']['timestamp']:%Y-%m-%d %H:%M})"
        )


def _of_pass(run: dict[str, Any]) -> str | None:
    """What is worth telling of a pass: that it is under way, or that it failed."""
    if run["state"] in UNFINISHED:
        left = "" if run["secondsLeft"] is None else f", {run['secondsLeft']:.0f} s left"
        return f"The pass {run['name']} is {run['state']}: {run['done']} of {run['total'] or 'unknown'}{left}."
    if run["state"] == RunState.FAILED:
        return f"The pass {run['name']} failed and is tried again next night: {run['reason']}"
    return None
