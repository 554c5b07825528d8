"""Everything in a database as one file, and back: SQLite's online backup, or ``pg_dump`` and ``pg_restore``."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from core.errors import BackupFailed

Counts = dict[str, int]
"""Rows by table."""


async def dump(url: URL, target: Path) -> Counts:
    """Writes the database, as it is at one moment, to the new file ``target``; returns the rows of that moment.

    Nobody who writes is kept waiting. What was written is opened and compared. Raises :class:`BackupFailed`, and
    ``OSError``; an unfinished ``target`` is then for the caller to remove.
    """
    if url.get_backend_name() == "sqlite":
        return await asyncio.to_thread(_dump_sqlite, str(url.database), target)
    return await _dump_postgresql(url, target)


async def load(url: URL, source: Path) -> None:
    """Puts what :func:`dump` wrote in the place of the database. Nobody else may have it open.

    Raises :class:`BackupFailed`; the database is as it was then.
    """
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(_load_sqlite, str(url.database), source)
    else:
        await _load_postgresql(url, source)


def _dump_sqlite(source: str, target: Path) -> Counts:
    try:
        with (
            closing(sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            # the copy is of the moment at which this began to read
            original.isolation_level = None
            original.execute("BEGIN")
            counts = _count_sqlite(original)
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        with closing(sqlite3.connect(f"{target.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            faults = [row[0] for row in copy.execute("PRAGMA quick_check(5)")]
            copied = _count_sqlite(copy)
    except sqlite3.Error as error:
        raise BackupFailed(
            f"The database {source} could not be copied: {error}. The backups before are kept."
        ) from error
    if faults != ["ok"]:
        raise BackupFailed(
            f"The database {source} is damaged: {'; '.join(faults)}. The backups before are kept; "
            "`pictallion backup list` shows them."
        )
    if copied != counts:
        raise BackupFailed(f"The copy of {source} has other rows than it; it was removed. It will be tried again.")
    return counts


def _load_sqlite(target: str, source: Path) -> None:
    path = Path(target)
    incoming = path.with_name(f".{path.name}.incoming")
    try:
        shutil.copyfile(source, incoming)
        incoming.chmod(0o600)
        _sync(incoming)
        _fold(path)
        # what belongs to the database that goes would be taken for news of the one that comes
        for suffix in ("-wal", "-shm", "-journal"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        incoming.replace(path)
        _sync(path.parent)
    except OSError as error:
        incoming.unlink(missing_ok=True)
        raise BackupFailed(f"The database {target} could not be replaced: {error.strerror}.") from error


def _fold(path: Path) -> None:
    """Puts what the write-ahead log has into the database, which a power cut may leave in its place without the log."""
    if path.exists():
        # a database that is too damaged for it is replaced all the same, and was put aside as it is
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as going:
            going.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _count_sqlite(connection: sqlite3.Connection) -> Counts:
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    tables = [row[0] for row in connection.execute(names)]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608


async def _dump_postgresql(url: URL, target: Path) -> Counts:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            snapshot = (await connection.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
            names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
            tables = list((await connection.execute(text(names))).scalars())
            counts = {}
            for name in tables:
                counted = await connection.execute(text(f'SELECT count(*) FROM "{name}"'))  # noqa: S608
                counts[name] = int(counted.scalar_one())
            await _run("pg_dump", ["--format=custom", f"--snapshot={snapshot}", f"--file={target}"], url)
    finally:
        await engine.dispose()
    listed = await _run("pg_restore", ["--list", str(target)], None)
    missing = [name for name in counts if f" TABLE DATA public {name} " not in listed]
    if missing:
        raise BackupFailed(f"The copy lacks the tables {', '.join(missing)}; it was removed. It will be tried again.")
    return counts


async def _load_postgresql(url: URL, source: Path) -> None:
    options = ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--exit-on-error", str(source)]
    await _run("pg_restore", options, url)


async def _run(program: str, options: Sequence[str], url: URL | None) -> str:
    """What a program of PostgreSQL says; the password is given to it where no other process sees it."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(
            f"{program} is not installed here, so that PostgreSQL cannot be backed up. Install the client programs of "
            "your server's version (postgresql-client), or back the server up yourself."
        )
    environment = dict(os.environ)
    if url is not None:
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None)
        options = [*options, f"--dbname={plain.render_as_string(hide_password=False)}"]
    process = await asyncio.create_subprocess_exec(
        found, *options, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise BackupFailed(f"{program} did not do it: {errors.decode(errors='replace').strip()[-500:]}")
    return output.decode(errors="replace")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
