"""The numbers of every face, at hand: parsing 10,000 lists of 128 takes longer than all that is done with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from sqlalchemy import select

from core.db.engine import Database
from core.db.in_batches import all_rows
from core.db.json_sql import json_text
from core.db.tables import Face
from core.groups.neighbourhood import chunks
from core.people.likeness import LENGTH

if TYPE_CHECKING:
    from core.people.likeness import Vectors

MOST_REMEMBERED = 100_000
"""Faces; 512 bytes each."""

BoxedFace: TypeAlias = tuple[str, Sequence[int]]
"""A face's id and its box."""

_Key: TypeAlias = tuple[str | int, ...]

_decode = msgspec.json.Decoder(list[float] | None).decode


class Embeddings:
    """Remembers what was read: as long as a face has the same box, it is the same pixels, and its numbers are the same.

    In one event loop; what is heavy runs in threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[_Key, bytes | None] = {}

    async def of(self, faces: Sequence[BoxedFace]) -> tuple[list[int], Vectors]:
        """The places in ``faces`` of those that have an embedding, and these as rows of 128."""
        known = self._known
        keys, missing = await asyncio.to_thread(_not_in, known, faces)
        if missing:
            if len(known) + len(missing) > MOST_REMEMBERED:
                # not emptied: who asked before still reads the old one
                known = self._known = {}
                missing = await asyncio.to_thread(lambda: {str(key[0]): key for key in keys})
            read = await read_embeddings(self._database, missing)
            await asyncio.to_thread(lambda: known.update((key, read.get(one)) for one, key in missing.items()))
        return await asyncio.to_thread(lambda: _stacked([known.get(key) for key in keys]))


async def read_embeddings(database: Database, face_ids: Iterable[str]) -> dict[str, bytes | None]:
    """The embeddings of faces as bytes of 128 float32; ``None`` for a face without, or with another network's."""
    read: dict[str, bytes | None] = {}
    for chunk in chunks(face_ids):
        statement = select(Face.id, json_text(Face.embedding).label("embedding")).where(Face.id.in_(chunk))
        async with database.read() as connection:
            rows = await all_rows(connection, statement)
        read |= await asyncio.to_thread(_packed, rows)
    return read


def _not_in(known: Mapping[_Key, bytes | None], faces: Sequence[BoxedFace]) -> tuple[list[_Key], dict[str, _Key]]:
    """The keys of faces, and by the face's id those that are not known."""
    keys: list[_Key] = [(face_id, *box) for face_id, box in faces]
    return keys, {str(key[0]): key for key in keys if key not in known}


def _packed(rows: Sequence[Any]) -> dict[str, bytes | None]:
    import numpy as np

    packed: dict[str, bytes | None] = {}
    for face_id, text in rows:
        numbers = None if text is None else _decode(text)
        fits = numbers is not None and len(numbers) == LENGTH
        packed[face_id] = np.asarray(numbers, np.float32).tobytes() if fits else None
    return packed


def _stacked(packed: Sequence[bytes | None]) -> tuple[list[int], Vectors]:
    import numpy as np

    places = [place for place, one in enumerate(packed) if one is not None]
    joined = b"".join(one for one in packed if one is not None)
    return places, np.frombuffer(joined, np.float32).reshape(-1, LENGTH)
