"""The daemon: what it is doing, and asking it for a scan."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.access import SCOPE
from api.context import ApiContext
from api.schemas.daemon import DaemonStatus, ScanAccepted, ScanRequest, Tiers
from core import __version__
from core.access import Scope
from core.backlog import queue
from core.errors import NotFound
from core.library.sidecars import failures
from core.library.statistics import totals
from core.pipeline import tally


@get("/api/daemon/status", tags=["Daemon"])
async def get_daemon_status(context: NamedDependency[ApiContext]) -> DaemonStatus:
    """Where every file is that was ever seen, and what the library holds."""
    async with context.bench.database.read() as connection:
        files = await tally.counts(connection)
        counted = await totals(connection)
        unwritten, _ = await failures(connection, limit=0)
        described = await queue.counts(connection)
    return DaemonStatus(
        version=__version__,
        photos=counted.assets,
        tiers=Tiers(counted.bronze, counted.silver, counted.gold),
        ledger={state.value: number for state, number in files.items()},
        paused=context.paused(),
        unwritten_sidecars=unwritten,
        descriptions={state.value: number for state, number in described.items()},
    )


@post("/api/daemon/scan", tags=["Daemon"], status_code=202, opt={SCOPE: Scope.ADMIN})
async def request_scan(context: NamedDependency[ApiContext], data: JSONBody[ScanRequest | None] = None) -> ScanAccepted:
    """Compares one watched folder, or all of them, with what is known. Answers at once."""
    root = data.root if data is not None else None
    roots = context.request_scan(root)
    if root is not None and not roots:
        raise NotFound(f"No watched folder is called {root}.")
    # who asks may have put something into the queue, too
    context.wake()
    return ScanAccepted(roots)
