"""Faces on the wire. What describes a face in numbers never is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.person import Id, Ids, Person, person_of
from api.schemas.photo import Photo
from api.schemas.raw_json import JsonOf
from api.schemas.timestamp import Timestamp, timestamp
from core.people.ages import age_in_photo
from core.people.crops import crop_path
from core.people.people import PersonRow
from core.people.suggesting import Suggestion

Box = Annotated[list[int], Meta(min_length=4, max_length=4)]


class FaceOnly(Struct, rename="camel", gc=False):
    """``boundingBox`` is x, y, width, height in pixels of the upright full-size picture, ``confidence`` 0–100."""

    id: str
    photo_id: str
    person_id: str | None
    bounding_box: Box
    confidence: int
    ignored: bool
    created_at: Timestamp


class ListedFace(FaceOnly, gc=False):
    """With the photo as lists show it; ``faceCropUrl`` and ``faceCrop`` are a path below ``/api/files/``."""

    face_crop_url: str
    face_crop: str
    photo: Annotated[msgspec.Raw, JsonOf(Photo)]
    age_in_photo: int | UnsetType | None = UNSET


class PhotoFace(FaceOnly):
    """A face of a photo that one looks at."""

    face_crop_url: str
    face_crop: str
    person: Person | UnsetType = UNSET
    age_in_photo: int | UnsetType = UNSET


class AssignedGroup(Struct, rename="camel"):
    """The faces of a person."""

    type: Literal["person"]
    person_id: str
    person_name: str
    faces: Annotated[msgspec.Raw, JsonOf(list[ListedFace])]


class UnassignedGroup(Struct, rename="camel"):
    """Faces that are alike, or one alone; ``avgConfidence`` 0–100 is the mean over all pairs, 0 for one alone."""

    type: Literal["similarity", "single"]
    group_id: str
    group_name: str
    avg_confidence: int
    faces: Annotated[msgspec.Raw, JsonOf(list[ListedFace])]


class GroupedFaces(Struct, rename="camel"):
    """``totalFaces`` counts ignored faces, too; they are in no group."""

    assigned_groups: list[AssignedGroup]
    unassigned_groups: list[UnassignedGroup]
    total_faces: int
    assigned_count: int
    unassigned_count: int


class SuggestedPerson(Struct, rename="camel"):
    """Somebody whose face it may be; ``representativeFace`` is where to ask for their crop, or empty."""

    person_id: str
    person_name: str
    confidence: int
    representative_face: str


class FaceSuggestions(Struct, rename="camel"):
    """At most three people, best first."""

    face_id: str
    suggestions: list[SuggestedPerson]


def encoded_suggestions(found: Sequence[tuple[str, Sequence[Suggestion]]], people: Sequence[PersonRow]) -> bytes:
    """The JSON of :class:`FaceSuggestions`, for a thread: there may be tens of thousands. Who is gone is left out."""
    known = {row.id: row for row in people}
    return msgspec.json.encode(
        [
            FaceSuggestions(
                face_id,
                [
                    SuggestedPerson(
                        one.person_id,
                        person.name,
                        one.confidence,
                        f"/api/faces/{person.cover_face_id}/crop" if person.cover_face_id else "",
                    )
                    for one in suggested
                    if (person := known.get(one.person_id)) is not None
                ],
            )
            for face_id, suggested in found
        ]
    )


class Assignment(Struct, rename="camel"):
    """These faces are this person's; ``null``: nobody's."""

    face_ids: Ids
    person_id: Id | None


class Assigned(Struct):
    """How many faces changed."""

    success: bool
    assigned: int


class OneAssignment(Struct, rename="camel"):
    """One face and whose it is."""

    face_id: Id
    person_id: Id


class OneAssigned(Struct, rename="camel"):
    """It is done."""

    success: bool
    face_id: str
    person_id: str


class PossibleAssignment(Struct, rename="camel"):
    """One face and whose it is; ``null``: nobody's."""

    face_id: Id
    person_id: Id | None


class Assignments(Struct):
    """Each face with its own person."""

    assignments: Annotated[list[PossibleAssignment], Meta(max_length=1_000_000)]


class AssignmentCounts(Struct):
    """How many were done, and of how many the face or the person is unknown."""

    success: int
    failed: int


class SuggestedFaces(Struct, rename="camel"):
    """Faces that are surely this person's; ``confidence`` is at most 95."""

    suggested_person_id: str
    suggested_person_name: str
    confidence: int
    face_ids: list[str]


class SuggestedAgain(Struct):
    """What looking again at all unassigned faces has found; nothing is assigned."""

    message: str
    suggestions: int
    data: list[SuggestedFaces]


class FaceIds(Struct, rename="camel"):
    """Some faces."""

    face_ids: Ids


class IgnoredCount(Struct):
    """How many of the faces are ignored now."""

    success: bool
    ignored: int


class UnignoredCount(Struct):
    """How many of the faces are not ignored now."""

    success: bool
    unignored: int


class FaceCrop(Struct, rename="camel"):
    """A path below ``/api/files/``."""

    crop_url: str


class DetectedFaces(Struct, rename="camel"):
    """The photo's name and the faces that were found in it, those that were known included."""

    photo: str
    faces_detected: int
    faces: list[PhotoFace]


def photo_face_of(row: Any) -> PhotoFace:
    """A row of :func:`core.people.faces.faces_of_photo`."""
    crop = crop_path(row.face_id, row.face_box)
    age = age_in_photo(row.person_birthdate, row.captured_at)
    return PhotoFace(
        id=row.face_id,
        photo_id=row.face_photo_id,
        person_id=row.face_person_id,
        bounding_box=row.face_box,
        confidence=row.face_confidence,
        ignored=row.face_ignored,
        created_at=timestamp(row.face_created_at),
        face_crop_url=crop,
        face_crop=crop,
        person=UNSET if row.face_person_id is None else person_of(row, "person_"),
        age_in_photo=UNSET if age is None else age,
    )
