"""Proposals about faces without a name, on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from api.schemas.person import Id
from api.schemas.texts import Name
from core.people.crops import crop_path
from core.people.proposed import ProposalRow

MOST = 10_000
"""Faces that one request may decide on."""


class SuggestedName(Struct, rename="camel"):
    """A face, and somebody whose it may be. ``confidence`` is 0–100, and ``null`` of what was dismissed.

    ``faceCropUrl`` is below ``/api/files/``. ``suggestedAt`` is when a pass found it, ``dismissedAt`` when a person
    said that it is not theirs.
    """

    face_id: str
    photo_id: str
    face_crop_url: str
    person_id: str
    person_name: str
    confidence: int | None
    suggested_at: datetime | None
    dismissed_at: datetime | None


class SuggestedNames(Struct):
    """A page of suggestions, and how many there are."""

    suggestions: list[SuggestedName]
    total: int


class FaceAndPerson(Struct, rename="camel"):
    """A face, and whose it is or is not."""

    face_id: Id
    person_id: Id


class NamesDecided(Struct):
    """On which suggestions was decided."""

    suggestions: Annotated[list[FaceAndPerson], Meta(max_length=MOST)]


class DecidedCount(Struct):
    """``changed`` is of how many faces something else is known now."""

    changed: int


class UnnamedFace(Struct, rename="camel"):
    """A face of a group; ``confidence`` 0–100 is how sure it is that it is a face."""

    face_id: str
    photo_id: str
    face_crop_url: str
    confidence: int


class UnnamedGroup(Struct, rename="camel"):
    """Faces that look like one person's whom nobody has named yet, the surest first.

    ``confidence`` is 0–100. ``dismissedAt`` is when a person said that they are none.
    """

    id: str
    confidence: int
    created_at: datetime
    dismissed_at: datetime | None
    faces: list[UnnamedFace]


class UnnamedGroups(Struct):
    """A page of groups, newest first, and how many there are."""

    groups: list[UnnamedGroup]
    total: int


class GroupAccepted(Struct, rename="camel"):
    """Who they are: somebody known (``personId``), or somebody new (``name``). ``faceIds``: only these of them."""

    person_id: Id | None = None
    name: Name | None = None
    face_ids: Annotated[list[Id], Meta(max_length=MOST)] | None = None


class GroupNamed(Struct, rename="camel"):
    """Whose the faces of a group are now, and how many changed."""

    person_id: str
    changed: int


class _Member(Struct, rename="camel"):
    face_id: str
    photo_id: str
    box: list[float]
    confidence: int


_members = msgspec.json.Decoder(list[_Member]).decode


def suggested_name_of(row: ProposalRow) -> SuggestedName:
    """A row of :func:`core.people.proposed.list_suggested`."""
    said = row._mapping
    return SuggestedName(
        row.face_id,
        row.photo_id,
        crop_path(row.face_id, row.bounding_box),
        row.person_id,
        row.person_name,
        said.get("confidence"),
        said.get("suggested_at"),
        said.get("decided_at"),
    )


def unnamed_group_of(row: ProposalRow) -> UnnamedGroup:
    """A row of :func:`core.people.proposed.list_groups`."""
    members = sorted(_members(row.members_json), key=lambda one: (-one.confidence, one.face_id))
    faces = [
        UnnamedFace(
            one.face_id, one.photo_id, crop_path(one.face_id, [round(number) for number in one.box]), one.confidence
        )
        for one in members
    ]
    return UnnamedGroup(row.id, row.confidence, row.created_at, row.dismissed_at, faces)
