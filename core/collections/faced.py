"""Which photos show how many faces, and people of what age?

Faces are those of the photo, whichever of its versions they were found on. They are gathered once for all photos:
asking for those of each photo takes ten times as long.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, case, cast, extract, false, func, select, union_all
from sqlalchemy.orm import aliased

from core.db.clock_sql import is_clock
from core.db.search_sql import FACTS
from core.db.tables import Face, FileVersion, Person

Condition = ColumnElement[bool]
Comparison = Callable[[Any, Any], Any]

COMPARISONS: Final[dict[str, Comparison]] = {">=": operator.ge, "<=": operator.le, "equals": operator.eq}
"""The operators that rules have for numbers."""

_found_on = FACTS.alias("found_on")
_shown = FACTS.alias("shown")
_version, _other = aliased(FileVersion), aliased(FileVersion)

_FACED: Final = union_all(
    select(_found_on.c.id, Face.person_id)
    .join(_found_on, _found_on.c.version_id == Face.photo_id)
    .where(Face.ignored.is_(False), _found_on.c.is_shown.is_(True)),
    # faces that were found on a version which another has replaced
    select(_shown.c.id, Face.person_id)
    .join(_version, _version.id == Face.photo_id)
    .outerjoin(_found_on, _found_on.c.version_id == Face.photo_id)
    .join(_other, _other.media_asset_id == _version.media_asset_id)
    .join(_shown, _shown.c.version_id == _other.id)
    .where(
        Face.ignored.is_(False),
        func.coalesce(_found_on.c.is_shown, false()).is_(False),
        func.coalesce(_shown.c.is_shown, false()).is_(True),
    ),
).cte("faced")
"""A row for each face that nobody ignored: the photo's ``id`` among the facts, and who it is."""


def shows_faces(comparison: str, number: float) -> Condition:
    """That the number of faces compares so; raises :class:`KeyError` for none of :data:`COMPARISONS`."""
    compare = COMPARISONS[comparison]
    counted = select(_FACED.c.id).group_by(_FACED.c.id)
    if compare(0, number):
        # photos without a face are in no row
        return FACTS.c.id.not_in(counted.having(~compare(func.count(), number)))
    return FACTS.c.id.in_(counted.having(compare(func.count(), number)))


def shows_ages(comparison: str, number: float) -> Condition:
    """That the mean age in full years of the people whose birthdate is known compares so.

    Each person counts once, and whoever was not born yet does not; a photo without anybody compares with nothing.
    Raises :class:`KeyError` as :func:`shows_faces`.
    """
    them = select(_FACED.c.id, _FACED.c.person_id).distinct().subquery()
    photo = FACTS.alias("photo")
    taken = case((is_clock(photo.c.captured_at), photo.c.captured_at))
    month_and_day = cast(func.substr(taken, 6, 2), Integer) * 100 + cast(func.substr(taken, 9, 2), Integer)
    born = extract("month", Person.birthdate) * 100 + extract("day", Person.birthdate)
    years = cast(func.substr(taken, 1, 4), Integer) - extract("year", Person.birthdate)
    age = years - case((month_and_day < born, 1), else_=0)
    aged = (
        select(them.c.id)
        .join(Person, Person.id == them.c.person_id)
        .join(photo, photo.c.id == them.c.id)
        .where(Person.birthdate.is_not(None), age >= 0)
        .group_by(them.c.id)
        .having(COMPARISONS[comparison](func.avg(age), number))
    )
    return FACTS.c.id.in_(aged)
