"""All rows of a long answer, without keeping everybody else waiting for as long as it takes to unpack them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

BATCH = 500
"""Rows that are unpacked before others have their turn: one or two milliseconds."""


async def all_rows(
    connection: AsyncConnection, statement: Select[*tuple[Any, ...]], parameters: Mapping[str, Any] | None = None
) -> list[Row[*tuple[Any, ...]]]:
    """What ``statement`` finds, in its order."""
    rows = await connection.stream(statement, parameters, execution_options={"yield_per": BATCH})
    return [row async for batch in rows.partitions() for row in batch]
