"""Looks whose the faces without a name may be, and tells how many there are of each kind.

It names nobody: a name is what a person says. What a person assigned or ignored is where the comparison starts from.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from core.db.tables import Face
from core.passes.shape import Pass, Progress, Tools
from core.people.embeddings import Embeddings
from core.people.unnamed import look_again, suggestions_for_unnamed


async def begin(tools: Tools) -> Progress:
    """There is one slice: every face is compared with all that have a name."""
    return Progress({"begun": True}, 0, 1)


async def step(tools: Tools, progress: Progress) -> Progress:
    """Compares in threads; nothing is written."""
    database = tools.bench.database
    unnamed = select(func.count()).where(Face.person_id.is_(None), Face.ignored.is_(False))
    async with database.read() as connection:
        count = (await connection.execute(unnamed)).scalar_one()
    # remembered for this run alone: the next is a day away
    embeddings = Embeddings(database)
    suggested = await suggestions_for_unnamed(database, embeddings)
    sure = await look_again(database, embeddings)
    report = {
        "unnamed": count,
        "suggested": len(suggested),
        "sure": sum(len(each.face_ids) for each in sure),
        "people": len(sure),
    }
    return Progress(progress.checkpoint, 1, 1, True, report)


PEOPLE: Final = Pass("people", "Looks whose the faces without a name may be", begin, step)
