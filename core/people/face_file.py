"""The faces of a library in a file that a worker can compare: those without a name, in the order of their turn, first.

Beside the embeddings lie what is known of each face, and what was found so far: of which group each face is, by the row
that opened it, and how sure the group is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from core.db.engine import Database
from core.db.in_batches import BATCH
from core.db.tables import Face, FileVersion, Person
from core.media.clock import day_of
from core.people.embeddings import read_embeddings
from core.people.likeness import LENGTH
from core.people.refused import Said, dismissed_groups, refused_names
from core.people.suggesting import Known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.people.likeness import Vectors

FREE: Final = -1
"""The group of a face that is in none yet."""

SURE: Final = -2
"""The group of a face that is surely somebody's: it is no unnamed person's."""

_AT_ONCE: Final = 5_000
"""Faces whose embeddings are read before they are written: 13 MB of JSON."""

_VECTOR: Final = 4 * LENGTH

_version = aliased(FileVersion)
IS_VISIBLE: Final = (_version.archived_at.is_(None), Face.ignored.is_(False))


class _Read(msgspec.Struct, frozen=True, gc=False):
    """Not a row of the database: of tens of thousands of those, the garbage collector would let nobody have a turn."""

    id: str
    person_id: str | None
    confidence: int
    captured_at: str | None
    birthdate: datetime | None


class _Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A face; ``whose`` is a place in the list of people, and so are those whom it is not."""

    id: str
    whose: int | None
    day: date | None
    not_theirs: tuple[int, ...] = ()
    dismissed: tuple[str, ...] = ()


class Rows(msgspec.Struct, frozen=True, gc=False):
    """What is known of all faces, in the order of the file."""

    people: list[Known]
    faces: list[_Row]


class FaceFile(msgspec.Struct, frozen=True):
    """Where the file is: the first ``unnamed`` of ``faces`` rows are of faces without a name."""

    path: str
    unnamed: int
    faces: int

    def is_there(self) -> bool:
        """Whether all of it is as it was written."""
        sizes = {"": self.faces * _VECTOR, ".groups": 4 * self.unnamed, ".confidences": self.unnamed}
        try:
            return all(Path(self.path + end).stat().st_size == size for end, size in sizes.items()) and bool(
                Path(self.path + ".json").stat().st_size
            )
        except FileNotFoundError:
            return False

    def discard(self) -> None:
        """Removes it; it is written when it is needed."""
        for end in ("", ".groups", ".confidences", ".json"):
            Path(self.path + end).unlink(missing_ok=True)

    def rows(self) -> Rows:
        """What is known of the faces."""
        return _decode(Path(self.path + ".json").read_bytes())

    def vectors(self) -> Vectors:
        """The embeddings, read from the file as they are needed: faces × 128."""
        vectors: Vectors = self._mapped("", "float32", (self.faces, LENGTH), "r")
        return vectors

    def groups(self) -> NDArray[np.int32]:
        """For each face without a name the row that opened its group, :data:`FREE` or :data:`SURE`; can be changed."""
        groups: NDArray[np.int32] = self._mapped(".groups", "int32", (self.unnamed,), "r+")
        return groups

    def confidences(self) -> NDArray[np.uint8]:
        """For each row that opened a group of several how sure that is, 0–100; can be changed."""
        confidences: NDArray[np.uint8] = self._mapped(".confidences", "uint8", (self.unnamed,), "r+")
        return confidences

    def _mapped(self, end: str, kind: str, shape: tuple[int, ...], mode: Any) -> Any:
        import numpy as np

        # an empty file cannot be mapped
        return np.memmap(self.path + end, kind, mode, shape=shape) if shape[0] else np.empty(shape, kind)


_decode = msgspec.json.Decoder(Rows).decode


async def count_faces(database: Database) -> tuple[int, int]:
    """How many visible faces have no name, and how many have one; those that are ignored do not count."""
    counts = func.count().filter(Face.person_id.is_(None)), func.count().filter(Face.person_id.is_not(None))
    async with database.read() as connection:
        statement = select(*counts).select_from(Face).join(_version, _version.id == Face.photo_id)
        row = (await connection.execute(statement.where(*IS_VISIBLE))).one()
    return row[0], row[1]


async def write_faces(database: Database, path: Path) -> FaceFile:
    """Writes all faces that have an embedding and are visible, and what people have said of them.

    Those without a name come first, the surest of them before the others.
    """
    statement = (
        select(Face.id, Face.person_id, Face.confidence, _version.captured_at, Person.birthdate)
        .join(_version, _version.id == Face.photo_id)
        .outerjoin(Person, Person.id == Face.person_id)
        .where(*IS_VISIBLE)
        # sorted by the database: fifty thousand rows would keep everybody else in this process waiting meanwhile
        .order_by(Face.person_id.is_not(None), Face.confidence.desc(), Face.id)
    )
    rows: list[_Read] = []
    async with database.read() as connection:
        stream = await connection.stream(statement, execution_options={"yield_per": BATCH})
        async for batch in stream.partitions():
            rows += [_Read(*row) for row in batch]
        refused, dismissed = await refused_names(connection), await dismissed_groups(connection)
    found: list[_Read] = []
    with await asyncio.to_thread(path.open, "wb") as file:
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            read = await read_embeddings(database, [row.id for row in some])
            known = [row for row in some if read.get(row.id) is not None]
            await asyncio.to_thread(_append, file, known, read)
            found += known
    return await asyncio.to_thread(_describe, str(path), found, refused, dismissed)


def _append(file: BinaryIO, rows: Sequence[_Read], read: Mapping[str, bytes | None]) -> None:
    file.write(b"".join(read[row.id] or b"" for row in rows))


def _describe(path: str, rows: Sequence[_Read], refused: Said, dismissed: Said) -> FaceFile:
    born = {row.person_id: row.birthdate for row in rows if row.person_id is not None}
    people = [Known(person_id, None if day is None else day.date()) for person_id, day in sorted(born.items())]
    place = {person.person_id: number for number, person in enumerate(people)}
    faces = [
        _Row(
            row.id,
            None if row.person_id is None else place[row.person_id],
            day_of(row.captured_at),
            tuple(sorted(place[one] for one in refused.get(row.id, ()) if one in place)),
            tuple(sorted(dismissed.get(row.id, ()))),
        )
        for row in rows
    ]
    unnamed = sum(face.whose is None for face in faces)
    file = FaceFile(path, unnamed, len(faces))
    Path(path + ".groups").write_bytes(FREE.to_bytes(4, "little", signed=True) * unnamed)
    Path(path + ".confidences").write_bytes(bytes(unnamed))
    Path(path + ".json").write_bytes(msgspec.json.encode(Rows(people, faces)))
    return file
