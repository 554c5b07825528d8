"""The watched folders: how they are doing, and believing one that was frozen."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.access import SCOPE
from api.context import ApiContext, RootReport
from api.schemas.daemon import LastScan, RootAccepted, WatchedRoot
from core.access import Scope
from core.db.tables import utc_now
from core.errors import NotFound
from core.pipeline import tally, watch_roots
from core.pipeline.states import State


@get("/api/daemon/roots", tags=["Daemon"])
async def list_roots(context: NamedDependency[ApiContext]) -> list[WatchedRoot]:
    """Every watched folder: its files by state, how changes are noticed, the last scan, and its trouble, if any."""
    async with context.bench.database.read() as connection:
        counted = await tally.counts_by_root(connection)
    return [_described(report, counted.get(report.name, {})) for report in context.roots()]


@post("/api/daemon/roots/{name:str}/accept", tags=["Daemon"], status_code=202, opt={SCOPE: Scope.ADMIN})
async def accept_root(context: NamedDependency[ApiContext], name: FromPath[str]) -> RootAccepted:
    """Believes the next scan of a frozen folder, whatever is missing in it, and asks for that scan."""
    async with context.bench.database.write() as connection:
        is_known = await watch_roots.accept(connection, name, utc_now())
    if not is_known or not context.request_scan(name):
        raise NotFound(f"No watched folder is called {name}.")
    return RootAccepted(name)


def _described(report: RootReport, counted: Mapping[State, int]) -> WatchedRoot:
    scan = report.last_scan
    return WatchedRoot(
        name=report.name,
        path=report.path,
        mode=report.mode,
        trouble=report.trouble,
        ledger={state.value: number for state, number in counted.items()},
        method=report.method,
        method_reason=report.method_reason,
        hint_seconds=report.hint_seconds,
        overflows=report.overflows,
        filesystem=report.filesystem,
        last_scan=None if scan is None else LastScan(scan.at, scan.seconds, scan.seen, scan.new, scan.gone, scan.moved),
    )
