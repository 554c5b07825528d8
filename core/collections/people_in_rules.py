"""Which rules name a person, and what do they say once that person has become another?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Text, cast, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.rules import SAVED_SEARCH
from core.db.tables import Collection

_PEOPLE: Final = "peopleIds"


async def replace_person(connection: AsyncConnection, source_id: str, target_id: str) -> None:
    """Has the rules, and the kept searches, that name the source name the target, in the caller's transaction."""
    names_source = cast(Collection.smart_rules, Text).contains(source_id, autoescape=True)
    statement = select(Collection.id, Collection.smart_rules).where(names_source).order_by(Collection.id)
    for row in (await connection.execute(statement.with_for_update())).all():
        rules = rules_with(row.smart_rules, source_id, target_id)
        await connection.execute(update(Collection).where(Collection.id == row.id).values(smart_rules=rules))


def rules_with(stored: Any, source_id: str, target_id: str) -> Any:
    """Stored rules of either dialect that name the target in place of the source, once where they name both; what is
    no rule stays as it is.
    """
    if isinstance(stored, list):
        return [_rule(one, source_id, target_id) for one in stored]
    if not isinstance(stored, Mapping):
        return stored
    replaced = dict(stored)
    if "rules" in stored:
        replaced["rules"] = rules_with(stored["rules"], source_id, target_id)
    search = stored.get(SAVED_SEARCH)
    if isinstance(search, Mapping) and isinstance(filters := search.get("filters"), Mapping) and _PEOPLE in filters:
        people = _people(filters[_PEOPLE], source_id, target_id)
        replaced[SAVED_SEARCH] = {**search, "filters": {**filters, _PEOPLE: people}}
    return replaced


def _rule(rule: Any, source_id: str, target_id: str) -> Any:
    if not isinstance(rule, Mapping) or rule.get("field") != _PEOPLE:
        return rule
    return {**rule, "value": _people(rule.get("value"), source_id, target_id)}


def _people(value: Any, source_id: str, target_id: str) -> Any:
    if not isinstance(value, list):
        return target_id if value == source_id else value
    return [target_id if one == source_id else one for one in value if one != source_id or target_id not in value]
