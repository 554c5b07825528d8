"""One audit, from beginning to end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.audit import library, sources, verify
from core.audit.finding import confirmed
from core.audit.report import Report
from core.audit.sources import Source
from core.db.engine import Database
from core.library.layout import Layout
from core.media.source_file import shown
from core.pipeline import tally


async def audit(
    database: Database,
    layout: Layout,
    roots: Sequence[Source],
    *,
    is_busy: bool,
    read_back: bool = False,
    seconds: float | None = None,
) -> Report:
    """Walks roots, ledger, library and database and accounts for every file.

    ``is_busy``: somebody may be working on the library; every finding is then looked into again before it is one. With
    ``read_back`` originals are read and compared with their hashes, for at most ``seconds``.
    """
    report = Report()
    for source in roots:
        name = source.root.name
        if source.trouble is not None:
            report.unavailable_roots[name] = source.trouble
            continue
        strangers, temporary = await sources.unexplained(database, layout, source)
        strangers = await confirmed(
            strangers, partial(sources.without_row, database, layout, source.root), is_busy=is_busy
        )
        report.unexplained_files += [f"{name}:{shown(path)}" for path in strangers if _exists(source, path)]
        temporary = await confirmed(temporary, partial(sources.still_temporary, source), is_busy=is_busy)
        report.stray_temporary += [f"{name}:{shown(path)}" for path in temporary]
        gone = await sources.absent(database, source)
        gone = await confirmed(gone, partial(sources.still_absent, database, source), is_busy=is_busy)
        report.missing_files += [f"{name}:{shown(path)}" for path in gone]
    lost = await library.missing(database, layout)
    report.missing_files += await confirmed(lost, partial(library.still_missing, database, layout), is_busy=is_busy)
    files, temporary = await library.unexplained(database, layout)
    report.unexplained_files += await confirmed(
        files, partial(library.still_unexplained, database, layout), is_busy=is_busy
    )
    report.stray_temporary += await confirmed(
        temporary, partial(library.still_temporary, database, layout), is_busy=is_busy
    )
    if read_back:
        report.verified, report.hash_mismatches, report.is_complete = await verify.verify(database, layout, seconds)
    async with database.read() as connection:
        report.fates = {state.value: count for state, count in (await tally.counts(connection)).items()}
        report.seen = await tally.total(connection)
    return report


def _exists(source: Source, path: str) -> bool:
    return sources.is_there(source.root, path)
