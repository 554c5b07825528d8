"""Smart collections: what they look like in the client, and which photos are in them now.

While one is active its photos follow from its rules at every look; what ``organize`` writes into the table of members
is the snapshot by which additions are counted, and what an inactive one goes on showing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Select, Text, cast, delete, func, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from core.collections.matching import asks_of_facets, matching
from core.collections.rules import Rules, number_of_values, read_rules
from core.collections.store import CollectionRow, add_collection, change_collection, find_collection, photos_in
from core.db.search_sql import FACTS, is_shown
from core.db.tables import Collection, CollectionPhoto, FileVersion, new_id, utc_now
from core.errors import BadRequest, NotFound
from core.library.membership import assets_in
from core.library.photos import PhotoRow, photos_in_order

log = structlog.get_logger()

_BATCH = 1_000

_DIGITS = 18
"""Of a moment in microseconds as text, with a one before it, so that texts are in the order of moments until 5138."""

_LOOKS = ("type", "icon", "color", "isActive", "lastUpdated")
"""What is kept beside the rules, for which there are no columns."""

_TOGETHER = 400
"""Values of rules in one statement; SQLite joins at most 500 counts by UNION, and parameters have their limits too."""


class SmartView(msgspec.Struct, frozen=True):
    """A smart collection as the client shows it. ``kind`` is ``auto`` or ``manual``."""

    row: CollectionRow
    kind: str
    rules: Any
    photo_count: int
    is_active: bool
    last_updated: datetime
    icon: str | None
    color: str | None


class KnownMembers(msgspec.Struct, frozen=True):
    """How many photos are in a smart collection, and the id of the newest of them."""

    number: int
    newest: str | None


class Organized(msgspec.Struct, frozen=True):
    """How many photos a look added to a collection."""

    id: str
    name: str
    photos_added: int


async def smart_views(connection: AsyncConnection, dialect: str) -> list[SmartView]:
    """Every smart collection, newest first, with its count as it is now: two statements, however many there are."""
    statement = (
        select(Collection.__table__)
        .where(Collection.is_smart_collection.is_(True))
        .order_by(Collection.created_at.desc(), Collection.id.desc())
    )
    rows = (await connection.execute(statement)).all()
    known = await known_members(connection, dialect, rows)
    return [_view(row, known[row.id].number) for row in rows]


async def smart_view(connection: AsyncConnection, dialect: str, collection_id: str) -> SmartView:
    """One of them; raises :class:`NotFound`."""
    row = await _find(connection, collection_id)
    return _view(row, (await known_members(connection, dialect, [row]))[row.id].number)


async def known_members(
    connection: AsyncConnection, dialect: str, rows: Sequence[CollectionRow]
) -> dict[str, KnownMembers]:
    """What is in each of these smart collections: in one statement, unless they have rules without end."""
    known: dict[str, KnownMembers] = {}
    for together in _together(rows):
        parts = [_members(row, rules, dialect) for row, rules in together]
        counted = await connection.execute(union_all(*parts) if len(parts) > 1 else parts[0])
        known |= {row.id: KnownMembers(row.number, row.newest and row.newest[_DIGITS:]) for row in counted}
    return known


async def covers_of(connection: AsyncConnection, known: Mapping[str, KnownMembers]) -> dict[str, str]:
    """The file of the newest photo, by the id of the collection, of those that have photos."""
    newest = {members.newest for members in known.values()}
    statement = select(FileVersion.id, FileVersion.file_path).where(FileVersion.id.in_(newest))
    paths = {row.id: row.file_path for row in await connection.execute(statement)}
    return {key: paths[members.newest] for key, members in known.items() if members.newest in paths}


async def photos_of(connection: AsyncConnection, dialect: str, collection_id: str) -> Sequence[PhotoRow]:
    """The photos of any collection; those of an active smart one are what its rules let in now, newest first."""
    row = (await connection.execute(select(Collection.__table__).where(Collection.id == collection_id))).first()
    if row is None or not row.is_smart_collection or not is_active(row.smart_rules):
        return await photos_in(connection, collection_id)
    found = matching(_readable_rules(row), dialect).subquery()
    page = select(found.c.version_id, found.c.created_at.label("place")).subquery()
    rows: Sequence[PhotoRow] = (await connection.execute(photos_in_order(page, ascending=False))).all()
    return rows


async def put_smart(connection: AsyncConnection, dialect: str, values: Mapping[str, Any]) -> str:
    """Stores a smart collection, or changes the one of the same name; returns its id.

    ``values``: ``name`` and ``rules``; also ``description``, ``type``, ``icon`` and ``color``, of which those stay that
    are not in it. Raises :class:`BadRequest` for rules of no dialect. One that is switched off stays so, with the
    photos that it shows.
    """
    read_rules(values["rules"])
    looks = {name: values[name] for name in ("type", "icon", "color") if name in values}
    same = (
        select(Collection.id, Collection.smart_rules)
        .where(Collection.is_smart_collection.is_(True), Collection.name == values["name"])
        .order_by(Collection.created_at, Collection.id)
    )
    known = (await connection.execute(same)).first()
    active = known is None or is_active(known.smart_rules)
    smart_rules = keeping_looks(
        None if known is None else known.smart_rules, {"rules": values["rules"], **looks, "isActive": active}
    )
    columns = {name: values[name] for name in ("description",) if name in values} | {"smart_rules": smart_rules}
    if known is not None:
        row = await change_collection(connection, known.id, columns)
    else:
        plain = {"name": values["name"], "is_smart_collection": True, "is_public": False}
        row = await add_collection(connection, plain | columns)
    if active:
        await _organize(connection, dialect, row)
    collection_id: str = row.id
    return collection_id


async def change_rules(connection: AsyncConnection, collection_id: str, values: Mapping[str, Any]) -> CollectionRow:
    """Changes columns of any collection, its rules among them; what they do not tell of its looks stays.

    Raises :class:`NotFound`, and :class:`BadRequest` for rules of no dialect.
    """
    read_rules(values["smart_rules"])
    row = await find_collection(connection, collection_id)
    smart_rules = keeping_looks(row.smart_rules, values["smart_rules"])
    return await change_collection(connection, collection_id, {**values, "smart_rules": smart_rules})


def keeping_looks(stored: Any, sent: Any) -> Any:
    """Rules that were sent, with what is stored beside the old ones and not sent. ``None`` takes all of it away."""
    if sent is None or not isinstance(stored, Mapping):
        return sent
    kept = {name: stored[name] for name in _LOOKS if name in stored}
    if not kept:
        return sent
    return kept | (dict(sent) if isinstance(sent, Mapping) else {"rules": sent})


async def set_active(connection: AsyncConnection, dialect: str, collection_id: str, active: bool) -> None:
    """Switches one on, or off: then it goes on showing what is in it now. Raises :class:`NotFound`."""
    row = await _find(connection, collection_id)
    if not active:
        await _organize(connection, dialect, row)
    row = await _find(connection, collection_id)
    await _store(connection, row, isActive=active)


async def organize(connection: AsyncConnection, dialect: str) -> list[Organized]:
    """Looks at all photos for every active smart collection of kind ``auto``; one with bad rules is passed over."""
    statement = select(Collection.__table__).where(Collection.is_smart_collection.is_(True)).order_by(Collection.id)
    found = []
    for row in (await connection.execute(statement)).all():
        if not is_active(row.smart_rules) or _looks(row).get("type", "auto") != "auto":
            continue
        try:
            added = await _organize(connection, dialect, row)
        except BadRequest as error:
            log.warning("a smart collection has rules that cannot be read", collection=row.name, reason=str(error))
            continue
        found.append(Organized(row.id, row.name, added))
    return found


def is_active(smart_rules: Any) -> bool:
    """Whether the photos follow from the rules at present."""
    return not isinstance(smart_rules, Mapping) or smart_rules.get("isActive", True) is not False


def last_updated(smart_rules: Any) -> datetime | None:
    """When the photos of a smart collection were last looked for, in UTC; ``None`` where no time is told."""
    last = smart_rules.get("lastUpdated") if isinstance(smart_rules, Mapping) else None
    try:
        found = datetime.fromisoformat(last) if isinstance(last, str) else None
        return None if found is None or found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None  # anybody may send rules, with anything beside them


async def _organize(connection: AsyncConnection, dialect: str, row: CollectionRow) -> int:
    """Writes the snapshot anew and returns how many photos are new in it."""
    found = matching(_rules(row), dialect).subquery()
    fitting = select(FileVersion.media_asset_id, FileVersion.id).join(found, found.c.version_id == FileVersion.id)
    wanted = {row.media_asset_id: row.id for row in await connection.execute(fitting)}
    version = aliased(FileVersion)
    members = select(version.media_asset_id, CollectionPhoto.id).join(version, version.id == CollectionPhoto.photo_id)
    of_it = CollectionPhoto.collection_id == row.id
    entries = (await connection.execute(members.where(of_it))).all()
    present = {asset for asset, _ in entries}
    gone = [entry for asset, entry in entries if asset not in wanted]
    new, now = sorted(photo for asset, photo in wanted.items() if asset not in present), utc_now()
    for start in range(0, len(gone), _BATCH):
        batch = gone[start : start + _BATCH]
        await connection.execute(delete(CollectionPhoto).where(CollectionPhoto.id.in_(batch)))
    if new:
        added = [{"id": new_id(), "collection_id": row.id, "photo_id": photo, "added_at": now} for photo in new]
        await connection.execute(insert(CollectionPhoto), added)
    await _store(connection, row, lastUpdated=now.isoformat())
    return len(new)


async def _find(connection: AsyncConnection, collection_id: str) -> CollectionRow:
    row = await find_collection(connection, collection_id)
    if not row.is_smart_collection:
        raise NotFound(f"{row.name} is no smart collection.")
    return row


async def _store(connection: AsyncConnection, row: CollectionRow, **looks: Any) -> None:
    stored = row.smart_rules if isinstance(row.smart_rules, Mapping) else {"rules": row.smart_rules}
    values = {"smart_rules": {**stored, **looks}}
    await connection.execute(update(Collection).where(Collection.id == row.id).values(**values))


def _looks(row: CollectionRow) -> Mapping[str, Any]:
    return row.smart_rules if isinstance(row.smart_rules, Mapping) else {}


def _together(rows: Sequence[CollectionRow]) -> Iterator[list[tuple[CollectionRow, Rules]]]:
    together: list[tuple[CollectionRow, Rules]] = []
    values = 0
    for row in rows:
        rules = _readable_rules(row)
        own = max(1, number_of_values(rules))
        if together and values + own > _TOGETHER:
            yield together
            together, values = [], 0
        together.append((row, rules))
        values += own
    if together:
        yield together


def _members(row: CollectionRow, rules: Rules, dialect: str) -> Select[Any]:
    """``id`` of the collection, the ``number`` of its photos, and the ``newest``: when it came, then its id."""
    if is_active(row.smart_rules):
        found = matching(rules, dialect).subquery()
    else:
        best = select(FACTS.c.version_id, FACTS.c.created_at).join(FileVersion, FileVersion.id == FACTS.c.version_id)
        found = best.where(is_shown(), FileVersion.media_asset_id.in_(assets_in(row.id))).subquery()
    newest = cast(found.c.created_at + 10 ** (_DIGITS - 1), Text) + found.c.version_id
    if is_active(row.smart_rules) and asks_of_facets(rules):
        number = select(func.count()).select_from(found).scalar_subquery()
        order = (found.c.created_at.desc(), found.c.version_id.desc())
        first = select(newest).order_by(*order).limit(1).scalar_subquery()
        return select(literal(row.id).label("id"), number.label("number"), first.label("newest"))
    return select(literal(row.id).label("id"), func.count().label("number"), func.max(newest).label("newest"))


def _rules(row: CollectionRow) -> Rules:
    return read_rules(row.smart_rules)


def _readable_rules(row: CollectionRow) -> Rules:
    """The rules, or none, by which nothing is found: one that cannot be read keeps no other from being shown."""
    try:
        return _rules(row)
    except BadRequest as error:
        log.warning("a smart collection has rules that cannot be read", collection=row.name, reason=str(error))
        return Rules(())


def _view(row: CollectionRow, count: int) -> SmartView:
    looks = _looks(row)
    return SmartView(
        row=row,
        kind=looks.get("type") or "auto",
        rules=looks.get("rules", row.smart_rules),
        photo_count=count,
        is_active=is_active(row.smart_rules),
        last_updated=last_updated(row.smart_rules) or row.updated_at,
        icon=looks.get("icon"),
        color=looks.get("color"),
    )
