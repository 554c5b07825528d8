"""People: who there is, what is known of them, who is one and the same, and where they are to be seen."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.context import ApiContext
from api.known_answers import FROM_DATABASE
from api.schemas.person import (
    AgeInPhoto,
    BulkPeopleEdit,
    BulkPeopleEdited,
    ListedPerson,
    Merge,
    MergeDone,
    NewPerson,
    PeopleNumbers,
    Person,
    PersonEdit,
    PhotoDay,
    ThumbnailChoice,
    ThumbnailChosen,
    Told,
    TopPerson,
    birthdate_of,
    listed_person_of,
    name_of,
    person_of,
    values_of,
)
from api.schemas.photo import Photo, photo_of
from core.errors import NotFound
from core.people.ages import age_on, parse_day
from core.people.merging import merge_people
from core.people.people import (
    add_person,
    change_people,
    change_person,
    choose_cover,
    find_person,
    list_people,
    person_row,
    photos_of_person,
    remove_person,
)
from core.people.statistics import people_statistics


@get("/api/people", tags=["People"], opt={FROM_DATABASE: True})
async def get_people(context: NamedDependency[ApiContext]) -> list[ListedPerson]:
    """Everybody, newest first. The Python branch's ``includeStats`` is not needed: the counts are always there."""
    async with context.bench.database.read() as connection:
        return [listed_person_of(row) for row in await list_people(connection)]


@post("/api/people", tags=["People"], status_code=200)
async def create_person(context: NamedDependency[ApiContext], data: JSONBody[NewPerson]) -> Person:
    """A new person; several may have one name."""
    name, birthdate = name_of(data.name), birthdate_of(data.birthdate)
    async with context.bench.database.write() as connection:
        person = await add_person(connection, name, data.notes or None, birthdate, is_local_only=data.is_local_only)
        return person_of(person)


@get("/api/people/statistics", tags=["People"], opt={FROM_DATABASE: True})
async def get_people_statistics(context: NamedDependency[ApiContext]) -> PeopleNumbers:
    """How many people there are, and who is in most photos."""
    async with context.bench.database.read() as connection:
        numbers = people_statistics(await list_people(connection))
    top = [TopPerson(row.id, row.name, row.photo_count, row.live_face_count) for row in numbers.top]
    return PeopleNumbers(numbers.total, numbers.with_faces, numbers.average_photos, top)


@post("/api/people/merge", tags=["People"], status_code=200)
async def merge(context: NamedDependency[ApiContext], data: JSONBody[Merge]) -> MergeDone:
    """Gives the source's faces, relationships and events to the target and removes the source."""
    async with context.bench.database.write() as connection:
        merged = await merge_people(
            connection, data.source_person_id, data.target_person_id, fill_in=data.keep_source_data
        )
    message = f"{merged.source_name} was merged into {merged.target_name}."
    return MergeDone(True, message, data.target_person_id, merged.faces, merged.relationships)


@post("/api/people/bulk-update", tags=["People"], status_code=200)
async def edit_people(context: NamedDependency[ApiContext], data: JSONBody[BulkPeopleEdit]) -> BulkPeopleEdited:
    """Sets the same of several people; ids that there are not are told, the others are changed."""
    wanted = list(dict.fromkeys(data.person_ids))
    async with context.bench.database.write() as connection:
        known = set(await change_people(connection, wanted, values_of(data.updates)))
    errors = [f"There is no person {person_id}." for person_id in wanted if person_id not in known]
    return BulkPeopleEdited(not errors, len(known), errors, f"{len(known)} of {len(wanted)} people were changed.")


@get("/api/people/{person_id:str}", tags=["People"])
async def get_person(context: NamedDependency[ApiContext], person_id: FromPath[str]) -> ListedPerson:
    """One person as in the list."""
    async with context.bench.database.read() as connection:
        return listed_person_of(await find_person(connection, person_id))


@put("/api/people/{person_id:str}", tags=["People"])
async def edit_person(
    context: NamedDependency[ApiContext], person_id: FromPath[str], data: JSONBody[PersonEdit]
) -> Person:
    """Sets what is named; ``null`` clears it."""
    async with context.bench.database.write() as connection:
        return person_of(await change_person(connection, person_id, values_of(data)))


@delete("/api/people/{person_id:str}", tags=["People"], status_code=200)
async def delete_person(context: NamedDependency[ApiContext], person_id: FromPath[str]) -> Told:
    """Removes a person and their relationships; their faces have no name any more, their events no person."""
    async with context.bench.database.write() as connection:
        name = await remove_person(connection, person_id)
    return Told(True, "There was no such person." if name is None else f"{name} was removed.")


@put("/api/people/{person_id:str}/thumbnail", tags=["People"])
async def choose_thumbnail(
    context: NamedDependency[ApiContext], person_id: FromPath[str], data: JSONBody[ThumbnailChoice]
) -> ThumbnailChosen:
    """Shows one of the person's faces for them."""
    async with context.bench.database.write() as connection:
        person = listed_person_of(await choose_cover(connection, person_id, data.face_id))
    return ThumbnailChosen(True, f"{person.name} is shown with this face from now on.", person.cover_photo)


@get("/api/people/{person_id:str}/photos", tags=["People"])
async def get_photos_of_person(context: NamedDependency[ApiContext], person_id: FromPath[str]) -> list[Photo]:
    """Of each asset with a face of the person the version that the gallery shows, latest capture first.

    The Python branch answers with pages; the client needs the plain list.
    """
    photos: list[Photo] = []
    async with context.bench.database.read() as connection:
        async for batch in photos_of_person(connection, person_id):
            photos += [photo_of(row) for row in batch]
    return photos


@post("/api/people/{person_id:str}/age-in-photo", tags=["People"], status_code=200)
async def tell_age(
    context: NamedDependency[ApiContext], person_id: FromPath[str], data: JSONBody[PhotoDay]
) -> AgeInPhoto:
    """How old somebody was on a day."""
    day = parse_day(data.photo_date, "The photo's date")
    async with context.bench.database.read() as connection:
        row = await person_row(connection, person_id)
    if row.birthdate is None:
        raise NotFound(f"The birthdate of {row.name} is not known.")
    return AgeInPhoto(age_on(row.birthdate.date(), day), row.name)


ROUTES = [
    *(get_people, create_person, get_people_statistics, merge, edit_people, get_person, edit_person, delete_person),
    *(choose_thumbnail, get_photos_of_person, tell_age),
]
