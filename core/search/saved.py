"""Searches that are kept: smart collections whose rules were made from filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.rules import SAVED_SEARCH, read_rules
from core.db.tables import Collection, CollectionPhoto, new_id, utc_now
from core.errors import BadRequest, NotFound

LIKENESS = "perceptualHashSimilarity"
"""The filter that is looked up among all hashes before the search itself, each time anew."""

_OPEN = {"min": 0, "max": 5, "start": "", "end": "9999"}
"""What stands for the open end of a range."""


async def save_search(
    connection: AsyncConnection,
    name: str,
    description: str | None,
    filters: Mapping[str, Any],
    sort: Mapping[str, Any] | None,
) -> str:
    """Keeps a search; returns the id of its collection.

    Raises :class:`BadRequest` for more than rules may hold, and for likeness to a picture, which no rule can tell.
    """
    if filters.get(LIKENESS) is not None:
        raise BadRequest(
            f"A search for photos that look like another one cannot be saved; save it without {LIKENESS}, or look for "
            "similar photos each time."
        )
    collection_id, now = new_id(), utc_now()
    rules = {"rules": rules_of(filters), "operator": "AND", SAVED_SEARCH: {"filters": filters, "sort": sort}}
    read_rules(rules)
    values = {"id": collection_id, "name": name, "description": description, "is_smart_collection": True}
    await connection.execute(insert(Collection).values(**values, smart_rules=rules, created_at=now, updated_at=now))
    return collection_id


def rules_of(filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Boolean rules: a list becomes ``in``, a range ``between``, anything else ``equals``."""
    return [_rule(name, value) for name, value in filters.items() if value is not None and value not in ("", [])]


def _rule(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"field": name, "operator": "in", "value": value}
    if isinstance(value, Mapping) and value.keys() <= _OPEN.keys():
        lower, upper = ("min", "max") if value.keys() & {"min", "max"} else ("start", "end")
        ends = [_OPEN[end] if value.get(end) is None else value[end] for end in (lower, upper)]
        return {"field": name, "operator": "between", "value": ends}
    return {"field": name, "operator": "equals", "value": value}


async def saved_searches(connection: AsyncConnection) -> Sequence[Row[*tuple[Any, ...]]]:
    """The collections of kept searches, newest first."""
    statement = (
        select(Collection.__table__)
        .where(Collection.is_smart_collection.is_(True), Collection.smart_rules[SAVED_SEARCH].as_string().is_not(None))
        .order_by(Collection.created_at.desc(), Collection.id)
    )
    return (await connection.execute(statement)).all()


async def forget_search(connection: AsyncConnection, collection_id: str) -> str:
    """Removes a kept search and returns its name.

    Raises :class:`NotFound`, and :class:`BadRequest` for a collection that is none.
    """
    statement = select(Collection.name, Collection.smart_rules).where(Collection.id == collection_id)
    row = (await connection.execute(statement.with_for_update())).first()
    if row is None:
        raise NotFound(f"There is no saved search {collection_id}.")
    if not isinstance(row.smart_rules, dict) or SAVED_SEARCH not in row.smart_rules:
        raise BadRequest(f"{row.name} is a collection, not a saved search; remove it among the collections.")
    await connection.execute(delete(CollectionPhoto).where(CollectionPhoto.collection_id == collection_id))
    await connection.execute(delete(Collection).where(Collection.id == collection_id))
    name: str = row.name
    return name
