"""Faces: where they are, whose they are, and whose they may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from api.context import ApiContext
from api.grouped_faces import grouped
from api.json_array import json_array, made_in_thread, sent
from api.known_answers import FROM_DATABASE, question_of
from api.schemas.face import (
    Assigned,
    Assignment,
    AssignmentCounts,
    Assignments,
    DetectedFaces,
    FaceCrop,
    FaceIds,
    FaceSuggestions,
    GroupedFaces,
    IgnoredCount,
    ListedFace,
    OneAssigned,
    OneAssignment,
    PhotoFace,
    SuggestedAgain,
    SuggestedFaces,
    UnignoredCount,
    encoded_suggestions,
    photo_face_of,
)
from api.schemas.face_list import encoded_faces
from api.schemas.tag import Done
from api.shared_lists import Reading, SharedLists
from core.errors import NotFound
from core.library.photos import MOST
from core.people.assigning import assign, assign_each, set_ignored
from core.people.crops import find_crop_path
from core.people.detecting import detect_faces
from core.people.embeddings import Embeddings
from core.people.faces import FaceListing, faces_of_photo
from core.people.people import PersonRow, list_people
from core.people.unnamed import look_again, suggestions_for_unnamed

_LIST = {200: ResponseSpec(list[ListedFace], generate_examples=False, description="Faces, newest first")}

_GROUPED = {200: ResponseSpec(GroupedFaces, generate_examples=False, description="Faces by person and likeness")}

_SUGGESTIONS = {200: ResponseSpec(list[FaceSuggestions], generate_examples=False, description="Faces, surest first")}


def _listed(context: ApiContext, listing: FaceListing) -> Reading:
    """What reads a list of faces."""

    async def read() -> AsyncIterator[bytes]:
        async with context.bench.database.read() as connection:
            async for chunk in encoded_faces(connection, listing):
                yield chunk

    return read


@get("/api/faces", tags=["Faces"], opt={FROM_DATABASE: True}, responses=_LIST)
async def get_faces(
    request: Request[Any, Any, Any],
    context: NamedDependency[ApiContext],
    lists: NamedDependency[SharedLists],
    include_ignored: Annotated[bool, QueryParameter(name="includeIgnored", description="also those ignored")] = True,
    person_id: Annotated[str, QueryParameter(name="personId", max_length=200, pattern=r"^[^\0]*$")] = "",
    limit: Annotated[int | None, QueryParameter(ge=0, le=MOST, description="how many; all without it")] = None,
    offset: Annotated[int, QueryParameter(ge=0, le=MOST, description="how many to leave out before that")] = 0,
) -> Stream:
    """All faces with their photos, and how old the person is on each.

    The Python branch leaves out ignored faces and stops at 100 unless asked otherwise; the client needs all of them.
    """
    listing = FaceListing.EVERY if include_ignored else FaceListing.NOT_IGNORED

    async def read() -> AsyncIterator[bytes]:
        async with context.bench.database.read() as connection:
            async for chunk in encoded_faces(connection, listing, person_id or None, limit, offset, ages=True):
                yield chunk

    return json_array(await lists.read(question_of(request), read))


@get("/api/faces/unassigned", tags=["Faces"], opt={FROM_DATABASE: True}, responses=_LIST)
async def get_unassigned_faces(
    request: Request[Any, Any, Any], context: NamedDependency[ApiContext], lists: NamedDependency[SharedLists]
) -> Stream:
    """Faces that are nobody's and not ignored."""
    return json_array(await lists.read(question_of(request), _listed(context, FaceListing.UNASSIGNED)))


@get("/api/faces/ignored", tags=["Faces"], opt={FROM_DATABASE: True}, responses=_LIST)
async def get_ignored_faces(
    request: Request[Any, Any, Any], context: NamedDependency[ApiContext], lists: NamedDependency[SharedLists]
) -> Stream:
    """Faces that a person has ignored."""
    return json_array(await lists.read(question_of(request), _listed(context, FaceListing.IGNORED)))


@get("/api/faces/grouped", tags=["Faces"], opt={FROM_DATABASE: True}, responses=_GROUPED)
async def get_grouped_faces(
    request: Request[Any, Any, Any],
    lists: NamedDependency[SharedLists],
    context: NamedDependency[ApiContext],
    embeddings: NamedDependency[Embeddings],
    similarity: Annotated[
        float | None,
        QueryParameter(name="similarityThreshold", ge=0.8, le=0.99, description="how alike; 0.9 without it"),
    ] = None,
    smallest: Annotated[
        int | None, QueryParameter(name="minGroupSize", ge=2, le=10, description="smaller groups are taken apart")
    ] = None,
) -> Stream:
    """Faces by person, and the rest by likeness, for a person to name many at once; the largest groups first."""

    async def read() -> AsyncIterator[bytes]:
        async for chunk in made_in_thread(await grouped(context.bench.database, embeddings, similarity, smallest)):
            yield chunk

    return sent(await lists.read(question_of(request), read))


@get("/api/faces/suggestions", tags=["Faces"], opt={FROM_DATABASE: True}, responses=_SUGGESTIONS)
async def get_suggestions(
    context: NamedDependency[ApiContext],
    embeddings: NamedDependency[Embeddings],
    limit: Annotated[int | None, QueryParameter(ge=1, le=200, description="how many faces; all without it")] = None,
    similarity: Annotated[
        float | None,
        QueryParameter(name="confidenceThreshold", ge=0.5, le=0.95, description="how sure; 0.75 without it"),
    ] = None,
) -> Response[bytes]:
    """Unassigned faces with the people that they may be, surest first; only faces with at least one."""
    found = await suggestions_for_unnamed(context.bench.database, embeddings, similarity, limit)
    people: Sequence[PersonRow] = []
    if found:
        async with context.bench.database.read() as connection:
            people = await list_people(connection)
    return Response(await asyncio.to_thread(encoded_suggestions, found, people), media_type=MediaType.JSON)


@get("/api/faces/photo/{photo_id:str}", tags=["Faces"], opt={FROM_DATABASE: True})
async def get_faces_of_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> list[PhotoFace]:
    """The faces of a photo, on whichever version of it they were found, with their people."""
    async with context.bench.database.read() as connection:
        return [photo_face_of(row) for row in await faces_of_photo(connection, photo_id)]


@post("/api/faces/assign", tags=["Faces"], status_code=200)
async def assign_faces(context: NamedDependency[ApiContext], data: JSONBody[Assignment]) -> Assigned:
    """Gives faces to a person, or to nobody; a face that is given to somebody is not ignored any more."""
    async with context.bench.database.write() as connection:
        return Assigned(True, await assign(connection, data.face_ids, data.person_id))


@post("/api/face-assignments", tags=["Faces"], status_code=200)
async def assign_face(context: NamedDependency[ApiContext], data: JSONBody[OneAssignment]) -> OneAssigned:
    """Gives one face to a person."""
    async with context.bench.database.write() as connection:
        await assign(connection, [data.face_id], data.person_id)
    return OneAssigned(True, data.face_id, data.person_id)


@post("/api/faces/batch-assign", tags=["Faces"], status_code=200)
async def assign_each_face(context: NamedDependency[ApiContext], data: JSONBody[Assignments]) -> AssignmentCounts:
    """Gives each face to its own person; what cannot be done is counted and does not keep the rest."""
    pairs = [(one.face_id, one.person_id) for one in data.assignments]
    async with context.bench.database.write() as connection:
        return AssignmentCounts(*await assign_each(connection, pairs))


@post("/api/faces/reprocess", tags=["Faces"], status_code=200)
async def suggest_again(
    context: NamedDependency[ApiContext], embeddings: NamedDependency[Embeddings]
) -> SuggestedAgain:
    """Compares all unassigned faces strictly; assigns nothing."""
    found = await look_again(context.bench.database, embeddings)
    async with context.bench.database.read() as connection:
        names = {row.id: row.name for row in await list_people(connection)} if found else {}
    data = [
        SuggestedFaces(one.person_id, names[one.person_id], one.confidence, list(one.face_ids))
        for one in found
        if one.person_id in names
    ]
    faces = sum(len(one.face_ids) for one in data)
    return SuggestedAgain(f"{faces} unassigned faces are surely of {len(data)} people.", len(data), data)


async def _ignore(context: ApiContext, face_ids: list[str], *, ignored: bool) -> int:
    async with context.bench.database.write() as connection:
        return await set_ignored(connection, face_ids, ignored=ignored)


async def _ignore_one(context: ApiContext, face_id: str, *, ignored: bool) -> Done:
    if not await _ignore(context, [face_id], ignored=ignored):
        raise NotFound(f"There is no face {face_id}.")
    return Done(success=True)


@post("/api/faces/{face_id:str}/ignore", tags=["Faces"], status_code=200)
async def ignore_face(context: NamedDependency[ApiContext], face_id: FromPath[str]) -> Done:
    """Leaves a face out wherever it is asked whose faces are whose."""
    return await _ignore_one(context, face_id, ignored=True)


@post("/api/faces/{face_id:str}/unignore", tags=["Faces"], status_code=200)
async def unignore_face(context: NamedDependency[ApiContext], face_id: FromPath[str]) -> Done:
    """Takes ignoring it back."""
    return await _ignore_one(context, face_id, ignored=False)


@post("/api/faces/bulk-ignore", tags=["Faces"], status_code=200)
async def ignore_faces(context: NamedDependency[ApiContext], data: JSONBody[FaceIds]) -> IgnoredCount:
    """Ignores several faces; those that there are not are not counted."""
    return IgnoredCount(True, await _ignore(context, data.face_ids, ignored=True))


@post("/api/faces/bulk-unignore", tags=["Faces"], status_code=200)
async def unignore_faces(context: NamedDependency[ApiContext], data: JSONBody[FaceIds]) -> UnignoredCount:
    """Takes ignoring several faces back."""
    return UnignoredCount(True, await _ignore(context, data.face_ids, ignored=False))


@get("/api/faces/{face_id:str}/crop", tags=["Faces"])
async def get_crop_of_face(context: NamedDependency[ApiContext], face_id: FromPath[str]) -> FaceCrop:
    """Where the picture of a face is; it is made when it is asked for."""
    async with context.bench.database.read() as connection:
        return FaceCrop(await find_crop_path(connection, face_id))


@post("/api/photos/{photo_id:str}/detect-faces", tags=["Faces"], status_code=200)
async def detect_faces_of_photo(context: NamedDependency[ApiContext], photo_id: FromPath[str]) -> DetectedFaces:
    """Looks for faces anew; one that is where one was before keeps its id, its person and what else is known of it."""
    detected = await detect_faces(context.bench, photo_id)
    async with context.bench.database.read() as connection:
        rows = {row.face_id: row for row in await faces_of_photo(connection, photo_id)}
    faces = [photo_face_of(rows[face_id]) for face_id in detected.face_ids if face_id in rows]
    return DetectedFaces(detected.original_filename, len(faces), faces)


ROUTES = [
    *(get_faces, get_unassigned_faces, get_ignored_faces, get_grouped_faces, get_suggestions, get_faces_of_photo),
    *(assign_faces, assign_face, assign_each_face, suggest_again, ignore_face, unignore_face, ignore_faces),
    *(unignore_faces, get_crop_of_face, detect_faces_of_photo),
]
