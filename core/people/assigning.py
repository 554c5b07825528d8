"""Whose face is it? What a person says, and taking it back; and faces that are nobody's business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.tables import Face, FileVersion, MediaAsset, Person
from core.errors import NotFound
from core.groups.neighbourhood import chunks
from core.people.refused import names_given, names_taken
from core.people.shown_names import names_changed


async def assign(connection: AsyncConnection, face_ids: Sequence[str], person_id: str | None) -> int:
    """Gives faces to a person, or with ``None`` to nobody; who is named is not ignored any more.

    That they are not whose they were is remembered: see :mod:`core.people.refused`.

    Returns how many faces changed. Raises :class:`NotFound` where the person or one of the faces is unknown, and then
    changes none.
    """
    if person_id is not None:
        known = select(Person.id).where(Person.id == person_id).with_for_update(key_share=True, read=True)
        if (await connection.execute(known)).first() is None:
            raise NotFound(f"There is no person {person_id}.")
    await _refuse_unknown(connection, face_ids)
    differs = Face.person_id.is_not(None) if person_id is None else Face.person_id.is_distinct_from(person_id)
    changed = 0
    for chunk in chunks(dict.fromkeys(face_ids)):
        renamed = (Face.id.in_(chunk), differs)
        await names_changed(connection, *renamed)
        await names_taken(connection, *renamed)
        if person_id is not None:
            await names_given(connection, chunk, person_id)
        to_change = or_(differs, Face.ignored) if person_id is not None else differs
        values = {"person_id": person_id} | ({} if person_id is None else {"ignored": False})
        done = await connection.execute(update(Face).where(Face.id.in_(chunk), to_change).values(**values))
        changed += done.rowcount
    return changed


async def assign_each(connection: AsyncConnection, pairs: Iterable[tuple[str, str | None]]) -> tuple[int, int]:
    """Gives each face to its own person; returns how many that was and how many faces or people were unknown."""
    wanted = dict(pairs)
    by_person: dict[str | None, list[str]] = {}
    await _keep_others_out(connection, wanted)
    faces = await _known_faces(connection, wanted)
    for face_id, person_id in wanted.items():
        if face_id in faces:
            by_person.setdefault(person_id, []).append(face_id)
    done = 0
    people: set[str] = set()
    for chunk in chunks(person_id for person_id in by_person if person_id is not None):
        people |= set((await connection.execute(select(Person.id).where(Person.id.in_(chunk)))).scalars())
    for person_id in sorted(by_person, key=str):
        if person_id is None or person_id in people:
            await assign(connection, by_person[person_id], person_id)
            done += len(by_person[person_id])
    return done, len(wanted) - done


async def _keep_others_out(connection: AsyncConnection, face_ids: Iterable[str]) -> None:
    """Whoever names faces on the same photos person by person waits until this transaction ends.

    Photos are taken in one order by everybody, or two would wait for each other for ever. They and not the faces are:
    what is written of a photo with them, its sidecars and what is found by its people, is shared by its faces.
    """
    photos: set[str] = set()
    for chunk in chunks(face_ids):
        with_faces = select(FileVersion.media_asset_id).join(Face, Face.photo_id == FileVersion.id)
        photos |= set((await connection.execute(with_faces.where(Face.id.in_(chunk)))).scalars())
    for chunk in chunks(sorted(photos)):
        of_these = select(MediaAsset.id).where(MediaAsset.id.in_(chunk)).order_by(MediaAsset.id)
        await connection.execute(of_these.with_for_update(key_share=True))


async def set_ignored(connection: AsyncConnection, face_ids: Iterable[str], *, ignored: bool) -> int:
    """Has faces left out of everything that asks who it may be, or not any more; returns how many there are of them."""
    done = 0
    for chunk in chunks(dict.fromkeys(face_ids)):
        # a sidecar has no region of a face that is ignored
        await names_changed(connection, Face.id.in_(chunk), Face.ignored.is_not(ignored))
        done += (await connection.execute(update(Face).where(Face.id.in_(chunk)).values(ignored=ignored))).rowcount
    return done


async def _refuse_unknown(connection: AsyncConnection, face_ids: Sequence[str]) -> None:
    unknown = set(face_ids) - await _known_faces(connection, face_ids)
    if unknown:
        raise NotFound(f"There is no face {min(unknown)}; nothing was changed.")


async def _known_faces(connection: AsyncConnection, face_ids: Iterable[str]) -> set[str]:
    known: set[str] = set()
    for chunk in chunks(face_ids):
        known |= set((await connection.execute(select(Face.id).where(Face.id.in_(chunk)))).scalars())
    return known
