"""Is the database itself whole?

SQLite looks through its own file. PostgreSQL has nothing of the kind for those who are no superuser, but whoever reads
every value of every row makes the server look at every page of the tables and compare it with its checksum, where the
server keeps checksums. Indexes are compared with their tables where the owner of the database lets us (``amcheck``). On
both, every row that names another is asked whether that is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import ForeignKeyConstraint, and_, exists, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Database
from core.db.tables import Base

#: Faults that SQLite tells of its file.
_MOST = 20

#: Pages of a table that are read at a time on PostgreSQL: 32 MiB where a page has 8 KiB, and what lies beside it.
BLOCKS: Final = 4096

_CORRUPTED: Final = ("XX000", "XX001", "XX002", "58030")
"""PostgreSQL's ``internal_error``, which is what values that make no sense end in, ``data_corrupted``,
``index_corrupted`` and ``io_error`` (its manual, appendix A): what is wrong with the data, and not with the asking."""

_CORRUPTED_SQLITE: Final = (10, 11, 26)
"""The same of SQLite: ``SQLITE_IOERR``, ``SQLITE_CORRUPT``, ``SQLITE_NOTADB`` (https://sqlite.org/rescode.html)."""


class Kind(StrEnum):
    """What is looked at: SQLite's file, the rows of a table, an index of PostgreSQL, or rows that name others."""

    FILE = "file"
    ROWS = "rows"
    INDEX = "index"
    LINKS = "links"


class Part(msgspec.Struct, frozen=True):
    """Something that is looked at by itself. ``name`` is that of the table or index, quoted, or of the constraint.

    On PostgreSQL, ``size`` are the pages of a table that is read piece by piece, and ``checker`` is the function that
    looks at an index.
    """

    kind: Kind
    name: str
    size: int = 0
    checker: str = ""


class Survey(msgspec.Struct, frozen=True):
    """What of a database can be looked at, and sentences for a person about what that covers and what it does not."""

    parts: tuple[Part, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]


async def survey(database: Database) -> Survey:
    """What there is to look at, always in the same order."""
    links = tuple(Part(Kind.LINKS, str(link.name)) for link in _links())
    linked = f"{len(links)} kinds of rows that name others: whether those are there."
    if database.dialect == "sqlite":
        parts = (Part(Kind.FILE, "file"), *links)
        return Survey(parts, ("All pages of the file, and whether indexes and tables fit (quick_check).", linked), ())
    async with database.read() as connection:
        tables = await _tables(connection)
        is_summed = (await connection.execute(text("SHOW data_checksums"))).scalar_one() == "on"
        indexes, refusal = await _indexes(connection)
    checked = [f"{len(tables)} tables: every value of every row was read.", linked]
    unchecked = ["What the server had in its memory was not read from its disk again."]
    if is_summed:
        checked.append("The checksum of every page that was read from the disk.")
    else:
        unchecked.append(
            "The server keeps no checksums (data_checksums is off): a value that is another, but still makes sense, is "
            "not noticed. pg_checksums --enable turns them on while the server stands still."
        )
    if indexes:
        checked.append(f"{len(indexes)} indexes: whether they fit their tables (amcheck).")
    if refusal is not None:
        unchecked.append(refusal)
    return Survey((*tables, *indexes, *links), tuple(checked), tuple(unchecked))


async def check(database: Database, part: Part, start: int = 0) -> tuple[list[str], int | None]:
    """Looks at a part, of a table at some pages from ``start`` on; returns what is wrong, as sentences, and where the
    next look at it begins, ``None`` when it was the last.
    """
    following = start + BLOCKS if part.kind is Kind.ROWS and start + BLOCKS < part.size else None
    try:
        async with database.read() as connection:
            match part.kind:
                case Kind.FILE:
                    return await _faults_of_file(connection), None
                case Kind.ROWS:
                    await connection.execute(text(_read_rows(part, start)))
                case Kind.INDEX:
                    # each row of the table has to be in it as well
                    compare = text(f"SELECT {part.checker}(CAST(:name AS text)::regclass, true)")
                    await connection.execute(compare, {"name": part.name})
                case Kind.LINKS:
                    return await _orphans(connection, part.name), None
    except DBAPIError as error:
        if not _is_corruption(error):
            raise
        return [f"{part.name}: {_reason(error)}"], following
    return [], following


async def _faults_of_file(connection: AsyncConnection) -> list[str]:
    """What ``PRAGMA quick_check`` of SQLite (https://sqlite.org/pragma.html#pragma_quick_check) finds wrong."""
    found = list((await connection.exec_driver_sql(f"PRAGMA quick_check({_MOST})")).scalars())
    return [] if found == ["ok"] else [str(fault) for fault in found]


_TABLES: Final = text(
    "SELECT c.oid::regclass::text AS name,"
    " pg_relation_size(c.oid) / current_setting('block_size')::bigint AS pages"
    " FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1"
)

_BY_PAGES_FROM: Final = 140000
"""PostgreSQL 14 is the first that reads some pages of a table without reading all others."""


async def _tables(connection: AsyncConnection) -> list[Part]:
    version = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
    rows = await connection.execute(_TABLES)
    return [Part(Kind.ROWS, row.name, row.pages if version >= _BY_PAGES_FROM else 0) for row in rows]


def _read_rows(part: Part, start: int) -> str:
    # a row as text needs all its values, also those that are kept beside the table
    read = f"SELECT sum(octet_length((t.*)::text)) FROM {part.name} AS t"  # noqa: S608 - quoted by the server
    if part.size <= BLOCKS:
        return read
    read += f" WHERE t.ctid >= '({start},0)'::tid"
    # what was added meanwhile is behind the last page
    return read if start + BLOCKS >= part.size else f"{read} AND t.ctid < '({start + BLOCKS},0)'::tid"


_CHECKER: Final = text(
    "SELECT p.oid::regprocedure::text AS signature, n.nspname AS place,"
    " has_function_privilege(p.oid, 'EXECUTE') AS is_allowed, current_user AS me"
    " FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
    " JOIN pg_proc p ON p.pronamespace = e.extnamespace AND p.proname = 'bt_index_check'"
    " WHERE e.extname = 'amcheck' AND p.pronargs >= 2 ORDER BY p.pronargs LIMIT 1"
)
_INDEXES: Final = text(
    "SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid AND i.indisready"
    " AND c.relnamespace = current_schema()::regnamespace ORDER BY 1"
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relkind = 'i' AND a.amname != 'btree'"
    " AND c.relnamespace = current_schema()::regnamespace"
)


async def _indexes(connection: AsyncConnection) -> tuple[list[Part], str | None]:
    """The indexes that can be looked at, and a sentence about those that cannot."""
    found = (await connection.execute(_CHECKER)).first()
    if found is None:
        return [], (
            "Indexes: the extension amcheck is not in the database. Its owner can have it there, as a superuser, with "
            "CREATE EXTENSION amcheck."
        )
    if not found.is_allowed:
        return [], (
            f"Indexes: {found.me} may not use the extension amcheck. A superuser can allow it with GRANT EXECUTE ON "
            f"FUNCTION {found.signature} TO {found.me}."
        )
    quoted = found.place.replace('"', '""')
    checker = f'"{quoted}".bt_index_check'
    parts = [Part(Kind.INDEX, row.name, checker=checker) for row in await connection.execute(_INDEXES)]
    others = (await connection.execute(_OTHERS)).scalar_one()
    return (
        parts,
        f"{others} indexes that are no B-trees, of the search: amcheck cannot compare them." if others else None,
    )


def _links() -> Iterator[ForeignKeyConstraint]:
    for table in Base.metadata.sorted_tables:
        yield from sorted(table.foreign_key_constraints, key=lambda link: str(link.name))


async def _orphans(connection: AsyncConnection, name: str) -> list[str]:
    """How many rows name one that is not there."""
    link = next(link for link in _links() if link.name == name)
    child, parent = link.table, link.referred_table.alias()
    pairs = [(each.parent, parent.c[each.column.name]) for each in link.elements]
    statement = (
        select(func.count())
        .select_from(child)
        .where(*(column.is_not(None) for column, _ in pairs))
        .where(~exists(select(1).select_from(parent).where(and_(*(column == other for column, other in pairs)))))
    )
    count = (await connection.execute(statement)).scalar_one()
    if not count:
        return []
    columns = ", ".join(column.name for column, _ in pairs)
    return [f"{child.name}: the {columns} of {count} rows name no row of {link.referred_table.name}."]


def _is_corruption(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return getattr(error.orig, "sqlstate", None) in _CORRUPTED or (
        code is not None and code & 0xFF in _CORRUPTED_SQLITE
    )


def _reason(error: DBAPIError) -> str:
    """What the server says, without what it was asked."""
    said = str(error.orig).partition("\n")[0]
    return said.partition(": ")[2] or said
