"""What happened lately, on one page."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.context import ApiContext
from core.db.tables import utc_now
from core.digest.gather import Digest, gather


@get("/api/daemon/digest", tags=["Daemon"])
async def get_digest(
    context: NamedDependency[ApiContext],
    hours: Annotated[int, QueryParameter(ge=1, le=8784, description="how many hours back from now")] = 24,
) -> Digest:
    """What was taken in, described and changed, what waits for a person, what is wrong, and how the passes went.

    Digests of nights before are in the history of the pass ``digest``.
    """
    now = utc_now()
    async with context.bench.database.read() as connection:
        return await gather(connection, context.bench.layout.locks, now - timedelta(hours=hours), now)
