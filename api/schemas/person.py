"""People and what they are to each other, on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.edit import Words
from api.schemas.timestamp import Timestamp, timestamp
from core.errors import BadRequest
from core.people.ages import parse_day
from core.people.crops import crop_path
from core.people.people import PersonRow
from core.people.relationships import RelationshipType

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$", max_length=200)]
Ids: TypeAlias = Annotated[list[Id], Meta(max_length=1_000_000)]
Name: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$", max_length=1_000)]


class Person(Struct, rename="camel"):
    """A person. ``birthdate`` is midnight UTC of the day.

    ``is_local_only``: photos of this person are shown to no language model beyond this machine.
    """

    id: str
    name: str
    notes: str | None
    birthdate: Timestamp | None
    face_count: int | None
    representative_face: str | None
    selected_thumbnail_face_id: str | None
    created_at: Timestamp
    is_local_only: bool


class ListedPerson(Person):
    """With live counts of faces (ignored ones included) and photos, and the path below ``/api/files/`` of a crop."""

    photo_count: int
    cover_photo: str | None


class NewPerson(Struct, rename="camel"):
    """An empty text counts as none. ``birthdate`` is ``YYYY-MM-DD`` or ISO 8601; the day counts."""

    name: Name
    notes: Words | None = None
    birthdate: Name | None = None
    is_local_only: bool = False


class PersonEdit(Struct, rename="camel"):
    """What is named is set; ``null`` clears, an empty text is passed over."""

    name: Name | UnsetType = UNSET
    notes: Words | UnsetType | None = UNSET
    birthdate: Name | UnsetType | None = UNSET
    selected_thumbnail_face_id: Id | UnsetType | None = UNSET
    is_local_only: bool | UnsetType = UNSET


class BulkPeopleEdit(Struct, rename="camel"):
    """The same for several people."""

    person_ids: Ids
    updates: PersonEdit


class BulkPeopleEdited(Struct, rename="camel"):
    """How many people there were, and a sentence for each that there was not."""

    success: bool
    updated_count: int
    errors: list[str]
    message: str


class ThumbnailChoice(Struct, rename="camel"):
    """A face of the person."""

    face_id: Id


class ThumbnailChosen(Struct, rename="camel"):
    """It is done."""

    success: bool
    message: str
    cover_photo: str | None


class Told(Struct):
    """It is done, and a sentence on what."""

    success: bool
    message: str


class Merge(Struct, rename="camel"):
    """The source goes into the target; ``keepSourceData`` fills in the birthdate and notes that it lacks."""

    source_person_id: Id
    target_person_id: Id
    keep_source_data: bool = False


class MergeDone(Struct, rename="camel"):
    """What went over."""

    success: bool
    message: str
    target_person_id: str
    merged_faces: int
    merged_relationships: int


class TopPerson(Struct, rename="camel"):
    """Somebody who is in many photos."""

    id: str
    name: str
    photo_count: int
    face_count: int


class PeopleNumbers(Struct, rename="camel"):
    """The average is over people who are in any photo."""

    total_people: int
    people_with_faces: int
    average_photos_per_person: float
    top_people: list[TopPerson]


class PhotoDay(Struct, rename="camel"):
    """When the photo was taken: ``YYYY-MM-DD`` or ISO 8601."""

    photo_date: Name


class AgeInPhoto(Struct, rename="camel"):
    """Full years; ``null`` before birth."""

    age: int | None
    person_name: str


class Relationship(Struct, rename="camel"):
    """``person1`` is the type of ``person2``; both are told in lists."""

    id: str
    person1_id: str
    person2_id: str
    relationship_type: str
    notes: str | None
    created_at: Timestamp
    person1: Person | UnsetType = UNSET
    person2: Person | UnsetType = UNSET


class NewRelationship(Struct, rename="camel"):
    """Between two different people who have none yet."""

    person1_id: Id
    person2_id: Id
    relationship_type: RelationshipType
    notes: Words | None = None


class RelationshipEdit(Struct, rename="camel"):
    """What is named is set."""

    relationship_type: RelationshipType | UnsetType = UNSET
    notes: Words | UnsetType | None = UNSET


def person_of(row: Any, prefix: str = "", person_id: str | None = None) -> Person:
    """The columns of a person that begin with ``prefix``."""

    def column(name: str) -> Any:
        return getattr(row, prefix + name)

    birthdate = column("birthdate")
    return Person(
        id=person_id or column("id"),
        name=column("name"),
        notes=column("notes"),
        birthdate=None if birthdate is None else timestamp(birthdate),
        face_count=column("face_count"),
        representative_face=column("representative_face"),
        selected_thumbnail_face_id=column("selected_thumbnail_face_id"),
        created_at=timestamp(column("created_at")),
        is_local_only=column("is_local_only"),
    )


def listed_person_of(row: PersonRow) -> ListedPerson:
    """A row of :func:`core.people.people.list_people`."""
    person = person_of(row)
    person.face_count = row.live_face_count
    cover = None if row.cover_face_id is None else crop_path(row.cover_face_id, row.cover_box)
    columns = {name: getattr(person, name) for name in person.__struct_fields__}
    return ListedPerson(**columns, photo_count=row.photo_count, cover_photo=cover)


def relationship_of(row: Any, *, people: bool = False) -> Relationship:
    """A row of :mod:`core.people.relationships`, with its people where it has their columns."""
    return Relationship(
        id=row.id,
        person1_id=row.person1_id,
        person2_id=row.person2_id,
        relationship_type=row.relationship_type,
        notes=row.notes,
        created_at=timestamp(row.created_at),
        person1=person_of(row, "person1_", row.person1_id) if people else UNSET,
        person2=person_of(row, "person2_", row.person2_id) if people else UNSET,
    )


def name_of(text: str) -> str:
    """A name without spaces around it; raises :class:`BadRequest` where nothing is left."""
    name = text.strip()
    if not name:
        raise BadRequest("A person needs a name.")
    return name


def birthdate_of(text: str | None) -> datetime | None:
    """Midnight UTC of a day; raises :class:`BadRequest` for what is none."""
    if text is None or not text.strip():
        return None
    return datetime.combine(parse_day(text, "The birthdate"), time(), UTC)


def values_of(edit: PersonEdit) -> dict[str, Any]:
    """The columns to set. Raises :class:`BadRequest`."""
    values: dict[str, Any] = {}
    for name in edit.__struct_fields__:
        value = getattr(edit, name)
        if value is UNSET or (isinstance(value, str) and not value.strip()):
            continue
        values[name] = value
    if "name" in values:
        values["name"] = name_of(values["name"])
    if "birthdate" in values:
        values["birthdate"] = birthdate_of(values["birthdate"])
    return values


def relationship_values(edit: RelationshipEdit) -> dict[str, Any]:
    """The columns to set."""
    values = {name: getattr(edit, name) for name in edit.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}
