"""The provider that is always there says what is known, warmly and in plain words, and nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ai import CameraSettings, Description, DetectedEvent, KnownPerson, PhotoFacts, Provider, Question
from core.ai.builtin import BuiltinProvider, describe
from core.ai.kinds import DOCUMENT, SCREENSHOT
from core.ai.provider import MAX_SHORT_DESCRIPTION, MAX_TAGS, Relation
from core.ai.wording import ALONE, SETTINGS, UNCOUNTABLE, WORN
from core.media.facts import CaptureSource, CaptureTime, Kind, Quality, Tag, Tagging
from core.media.imagenet_groups import read_imagenet
from core.places import Place

NICE = Place(
    name="Nice",
    region="Provence-Alpes-Côte d'Azur",
    country="France",
    country_code="FR",
    latitude=43.70313,
    longitude=7.26608,
    distance_km=0.9,
    population=342669,
)


def taken(
    at: str = "2023-07-15T15:20:00",
    source: CaptureSource = CaptureSource.EXIF_ORIGINAL,
    offset_minutes: int | None = 120,
) -> CaptureTime:
    return CaptureTime(local=datetime.fromisoformat(at), source=source, offset_minutes=offset_minutes)


def seen(*groups: tuple[str, float], leaves: tuple[tuple[str, float], ...] = ()) -> Tagging:
    return Tagging(
        groups=tuple(Tag(name, confidence) for name, confidence in groups),
        leaves=tuple(Tag(name, confidence) for name, confidence in leaves),
        model="test",
    )


PHOTO = PhotoFacts(
    kind=Kind.PHOTO,
    mime_type="image/jpeg",
    width=4000,
    height=3000,
    original_filename="IMG_0042.jpg",
    camera="Nikon Z6",
)


def photo(**known: object) -> PhotoFacts:
    return msgspec.structs.replace(PHOTO, **known)


def test_a_photo_of_which_much_is_known_is_told_like_in_an_album() -> None:
    description = describe(
        photo(place=NICE, captured=taken(), face_count=2, tagging=seen(("coast", 0.81), ("dog", 0.42), ("boat", 0.36)))
    )
    assert description.short_description == "Two people with a dog by the sea in Nice, July 2023"
    assert description.long_description == (
        "Two people with a dog by the sea in Nice, France, on a summer afternoon, 15 July 2023. "
        "It also seems to show a boat. Camera: Nikon Z6."
    )
    assert description.ai_tags == ("coast", "people", "dog", "boat", "Nice", "summer", "France")
    assert description.file_description == "DogInNice"
    assert description.place_name == "Nice, France"


@pytest.mark.parametrize(
    ("known", "short", "file_description"),
    [
        ({}, "Photo", "UnknownImage"),
        ({"captured": taken()}, "Photo, July 2023", "UnknownImage"),
        ({"place": NICE}, "Photo from Nice", "Nice"),
        ({"tagging": seen(("coast", 0.8)), "place": NICE}, "By the sea in Nice", "CoastInNice"),
        ({"tagging": seen(("landscape", 0.8)), "place": NICE}, "A landscape in Nice", "LandscapeInNice"),
        ({"tagging": seen(("landscape", 0.8)), "face_count": 1}, "A person in the countryside", "Landscape"),
        ({"tagging": seen(("music", 0.8)), "face_count": 1}, "A person with musical instruments", "Music"),
        ({"tagging": seen(("clothing", 0.8)), "face_count": 1}, "A person", "Person"),
        ({"tagging": seen(("clothing", 0.8))}, "Clothes", "Clothing"),
        ({"face_count": 1, "place": NICE}, "A person in Nice", "PersonInNice"),
        ({"face_count": 1, "largest_face": 0.4, "place": NICE}, "Portrait in Nice", "PortraitInNice"),
        ({"face_count": 14}, "A group of 14 people", "People"),
        ({"tagging": seen(("elephant", 0.9))}, "An elephant", "Elephant"),
        ({"tagging": seen(("flowers", 0.9))}, "Flowers", "Flowers"),
        ({"tagging": seen(leaves=(("golden retriever", 0.7),))}, "A golden retriever", "GoldenRetriever"),
        ({"kind": Kind.VIDEO, "duration": 12.0, "face_count": 3}, "Video of three people", "People"),
        ({"kind": Kind.VIDEO}, "Video", "Video"),
        ({"kind": Kind.RAW}, "Photo", "UnknownImage"),
        ({"width": 9000, "height": 2000, "tagging": seen(("lake", 0.6))}, "Panorama by a lake", "Lake"),
        ({"original_filename": "Screenshot_2023.jpg", "face_count": 3}, "Screenshot", "Screenshot"),
        ({"mime_type": "image/png", "width": 1080, "height": 2400, "camera": None}, "Screenshot", "Screenshot"),
        ({"mime_type": "image/png", "width": 1080, "height": 2400}, "Photo", "UnknownImage"),
        ({"tagging": seen(("document", 0.7)), "face_count": 1}, "Document", "Document"),
    ],
)
def test_little_knowledge_makes_a_short_but_true_sentence(
    known: dict[str, object], short: str, file_description: str
) -> None:
    description = describe(photo(**known))
    assert description.short_description == short
    assert description.file_description == file_description


def test_the_finer_class_is_a_tag_and_an_object_but_does_not_repeat_itself_in_the_sentence() -> None:
    description = describe(photo(tagging=seen(("street", 0.8), leaves=(("street sign", 0.7), ("taxi", 0.6)))))
    assert description.short_description == "A street"
    assert description.ai_tags == ("street", "street sign")
    assert [thing.name for thing in description.detected_objects] == ["street sign", "taxi"]


def test_the_finer_class_of_a_single_thing_is_said_in_its_place() -> None:
    retriever = seen(("dog", 0.95), ("toy", 0.5), leaves=(("golden retriever", 0.9),))
    assert describe(photo(tagging=retriever)).short_description == "A golden retriever"
    assert describe(photo(tagging=retriever)).ai_tags == ("dog", "toy", "golden retriever")
    assert describe(photo(tagging=retriever)).file_description == "GoldenRetriever"
    daisies = seen(("flowers", 0.95), leaves=(("daisy", 0.9),))
    assert describe(photo(tagging=daisies)).short_description == "Flowers"
    elsewhere = seen(("dog", 0.4), leaves=(("street sign", 0.6),))
    assert describe(photo(tagging=elsewhere)).short_description == "A dog"


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ("NIKON CORPORATION NIKON Z 6", "Nikon Z 6"),
        ("Canon Canon EOS 5D Mark II", "Canon EOS 5D Mark II"),
        ("OLYMPUS OPTICAL CO.,LTD C2000Z", "Olympus C2000Z"),
        ("samsung SM-G975F", "Samsung SM-G975F"),
        ("Apple iPhone 12", "Apple iPhone 12"),
        ("HTC Desire", "HTC Desire"),
    ],
)
def test_a_camera_is_called_what_people_call_it(camera: str, said: str) -> None:
    assert describe(photo(camera=camera)).long_description == f"A photo. Camera: {said}."


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"face_count": 1, "largest_face": 0.4, "place": NICE}, "A portrait in Nice, France, taken on"),
        ({"place": NICE}, "A photo from Nice, France, taken on"),
        ({"kind": Kind.VIDEO}, "A video taken on"),
        ({"original_filename": "Screenshot.png"}, "A screenshot taken on"),
        ({"tagging": seen(("coast", 0.8)), "place": NICE}, "By the sea in Nice, France, on"),
        ({"tagging": seen(("cat", 0.8))}, "A cat on"),
    ],
)
def test_the_time_is_part_of_the_sentence(known: dict[str, object], sentence: str) -> None:
    assert describe(photo(captured=taken(), **known)).long_description.startswith(sentence)


def test_every_setting_is_a_name_that_the_classifier_uses() -> None:
    imagenet = read_imagenet()
    assert {*SETTINGS, *UNCOUNTABLE, *WORN, DOCUMENT, SCREENSHOT} <= {*imagenet.groups, *imagenet.classes}
    assert set(ALONE) <= set(SETTINGS)


@pytest.mark.parametrize(
    ("captured", "latitude", "words"),
    [
        (taken("2023-07-15T15:20:00"), 43.7, "A photo taken on a summer afternoon, 15 July 2023"),
        (taken("2023-07-15T15:20:00"), -33.9, "A photo taken on a winter afternoon, 15 July 2023"),
        (taken("2023-07-15T15:20:00"), 1.3, "A photo taken on the afternoon of 15 July 2023"),
        (taken("2023-07-15T15:20:00"), None, "A photo taken on the afternoon of 15 July 2023"),
        (taken("2023-12-01T23:00:00"), None, "A photo taken at night on 1 December 2023"),
        (taken("2023-12-01T23:00:00"), 60.0, "A photo taken on a winter night, 1 December 2023"),
        (taken("2023-12-01T06:00:00"), 60.0, "A photo taken on a winter morning, 1 December 2023"),
        (taken("2023-10-01T00:00:00", CaptureSource.FILENAME), 60.0, "A photo taken on 1 October 2023"),
        (taken("2023-04-01T18:00:00", CaptureSource.CONTAINER, None), 60.0, "A photo taken on 1 April 2023"),
        (taken("2023-04-01T18:00:00", CaptureSource.CONTAINER, 60), 60.0, "A photo taken on a spring evening, 1 April"),
    ],
)
def test_season_and_time_of_day_are_said_only_where_they_are_known(
    captured: CaptureTime, latitude: float | None, words: str
) -> None:
    assert words in describe(photo(captured=captured, latitude=latitude)).long_description


def test_the_time_of_ingest_says_nothing_about_a_photo() -> None:
    assert describe(photo(captured=taken(source=CaptureSource.INGESTED))) == describe(photo())


@pytest.mark.parametrize(
    ("sharpness", "contrast", "blurry"), [(4.0, 0.2, True), (400.0, 0.2, False), (4.0, 0.01, False)]
)
def test_a_blurry_picture_is_called_so_but_not_a_blank_one(sharpness: float, contrast: float, blurry: bool) -> None:
    quality = Quality(sharpness=sharpness, brightness=0.5, contrast=contrast, highlights=0.0, shadows=0.0)
    description = describe(photo(quality=quality))
    assert ("blurry" in description.ai_tags) is blurry
    assert ("blurry" in description.long_description) is blurry


def test_a_wealth_of_tags_is_cut_to_the_eight_most_telling() -> None:
    rich = photo(
        kind=Kind.VIDEO,
        tagging=seen(("snow", 0.9), ("dog", 0.8), ("car", 0.7)),
        face_count=3,
        place=NICE,
        captured=taken("2023-01-15T23:00:00"),
    )
    assert describe(rich).ai_tags == ("video", "snow", "people", "dog", "car", "Nice", "night", "group")


def test_a_description_that_grows_too_long_loses_the_month_then_the_place_then_its_end() -> None:
    def in_a_place_called(name: str) -> str:
        place = msgspec.structs.replace(NICE, name=name)
        return describe(photo(place=place, captured=taken(), tagging=seen(("coast", 0.8)))).short_description

    assert in_a_place_called("N" * 70) == f"By the sea in {'N' * 70}, July 2023"
    assert in_a_place_called("N" * 80) == f"By the sea in {'N' * 80}"
    assert in_a_place_called("N" * 90) == "By the sea"
    endless = describe(photo(tagging=seen(("very " * 30 + "thing", 0.8)))).short_description
    assert endless == "A" + " very" * 19 + "…"


def test_numbers_that_make_no_sense_are_not_said() -> None:
    assert describe(photo(face_count=-3)) == describe(photo())
    endless = describe(photo(kind=Kind.VIDEO, duration=float("inf")))
    assert endless == describe(photo(kind=Kind.VIDEO)) == describe(photo(kind=Kind.VIDEO, duration=-1.0))


def test_many_faces_are_a_group() -> None:
    assert "group" in describe(photo(face_count=3)).ai_tags
    assert "group" not in describe(photo(face_count=2)).ai_tags


ANNA, BEN = KnownPerson("Anna", age=3), KnownPerson("Ben", age=35)


@pytest.mark.parametrize(
    ("people", "faces", "short", "file_description"),
    [
        ((ANNA,), 1, "Anna by the sea in Nice", "AnnaInNice"),
        ((ANNA, BEN), 2, "Anna and Ben by the sea in Nice", "AnnaAndBen"),
        ((ANNA, BEN), 3, "Anna, Ben and one other by the sea in Nice", "AnnaAndBen"),
        ((ANNA, BEN, KnownPerson("Cleo")), 3, "Anna, Ben and Cleo by the sea in Nice", "CoastInNice"),
        (
            (ANNA, BEN, KnownPerson("Cleo"), KnownPerson("Dan")),
            12,
            "Anna, Ben and ten others by the sea",
            "CoastInNice",
        ),
        ((KnownPerson("  "),), 1, "A person by the sea in Nice", "CoastInNice"),
        ((ANNA,), 0, "Anna by the sea in Nice", "AnnaInNice"),
    ],
)
def test_those_who_are_known_are_named(
    people: tuple[KnownPerson, ...], faces: int, short: str, file_description: str
) -> None:
    description = describe(photo(face_count=faces, place=NICE, tagging=seen(("coast", 0.8))), people)
    assert description.short_description.startswith(short)
    assert description.file_description == file_description


def test_ages_are_told_where_there_is_room() -> None:
    description = describe(photo(face_count=2, largest_face=0.2), (ANNA, KnownPerson("Baby", age=0)))
    assert description.long_description == "Anna (3) and Baby. Camera: Nikon Z6."


def test_what_people_are_to_each_other_becomes_tags() -> None:
    def related(kind: str, to: str | None = "Ben", age: int | None = 40) -> tuple[str, ...]:
        person = KnownPerson("Eva", age=age, relations=(Relation(kind, to),))
        return describe(photo(face_count=2), (person, BEN)).ai_tags[1:]

    assert related("spouse") == ("couple",)
    assert related("sibling") == ("siblings", "family")
    assert related("child", age=7) == ("family", "children")
    assert related("parent", to=None) == related("friend") == ()


def test_the_event_of_the_day_is_told() -> None:
    christmas = DetectedEvent("holiday", "Christmas Day", 1.0)
    description = describe(photo(event=christmas, captured=taken("2023-12-25T15:00:00"), face_count=2))
    assert description.short_description == "Two people, December 2023 (Christmas Day)"
    assert description.long_description.startswith("Two people on the afternoon of 25 December 2023 (Christmas Day).")
    assert "Christmas Day" in description.ai_tags
    assert description.detected_events == (christmas,)
    assert description.ai_confidence_scores.events == 1.0
    assert describe(photo(event=christmas)).file_description == "ChristmasDay"
    assert describe(photo(event=christmas)).short_description == "Photo, Christmas Day"


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (0.4, "It runs for 1 second."),
        (12.3, "It runs for 12 seconds."),
        (60.0, "It runs for 1 minute."),
        (125.0, "It runs for 2 minutes and 5 seconds."),
        (3780.0, "It runs for 1 hour and 3 minutes."),
    ],
)
def test_a_video_says_how_long_it_runs(duration: float, words: str) -> None:
    assert words in describe(photo(kind=Kind.VIDEO, duration=duration)).long_description


def test_confidence_is_that_of_the_classifier_where_it_guessed() -> None:
    scores = describe(photo(tagging=seen(("coast", 0.81), ("dog", 0.42)), face_count=1)).ai_confidence_scores
    assert (scores.tags, scores.description, scores.objects, scores.events, scores.place) == (
        0.81,
        0.81,
        0.42,
        0.0,
        0.0,
    )
    assert scores.faces > 0.5
    unknown = describe(photo()).ai_confidence_scores
    assert unknown.tags < 0.5
    assert unknown.description < 0.5


def test_the_answer_has_the_keys_of_the_contract() -> None:
    answer = msgspec.to_builtins(describe(photo(place=NICE, tagging=seen(("dog", 0.42)))))
    assert set(answer) == {
        "aiTags",
        "shortDescription",
        "longDescription",
        "fileDescription",
        "detectedObjects",
        "detectedEvents",
        "aiConfidenceScores",
        "provider",
        "version",
        "placeName",
    }
    assert answer["detectedObjects"] == ({"name": "dog", "confidence": 0.42},)
    assert set(answer["aiConfidenceScores"]) == {"tags", "description", "objects", "faces", "events", "place"}
    assert "placeName" not in msgspec.to_builtins(describe(photo()))


async def test_the_provider_answers_without_looking_at_the_preview() -> None:
    provider: Provider = BuiltinProvider()
    answered = await provider.describe(Question("asset", photo(face_count=2), Path("/nowhere")))
    answer = answered.description
    assert answer == describe(photo(face_count=2))
    assert (answer.provider, answer.version) == (provider.name, provider.model) == ("builtin", "2")
    assert (answered.model, answered.usage.requests) == (provider.model, 0)


anything = st.text(max_size=200)
numbers = st.floats(allow_nan=True, allow_infinity=True)
names = anything | st.sampled_from(["coast", "winter sport", "dog", "flowers", "document"])
tags = st.lists(st.builds(Tag, names, numbers | st.floats(0.3, 1.0)), max_size=6).map(tuple)
odd_facts = st.builds(
    PhotoFacts,
    kind=st.sampled_from(Kind),
    mime_type=st.sampled_from(["image/png", "image/jpeg", ""]),
    width=st.integers(-10, 100_000),
    height=st.integers(-10, 100_000),
    original_filename=anything,
    face_count=st.integers(-5, 1000),
    captured=st.none() | st.builds(CaptureTime, st.datetimes(), st.sampled_from(CaptureSource), st.none()),
    latitude=st.none() | numbers,
    longitude=st.none() | numbers,
    place=st.none()
    | st.builds(Place, anything, st.none(), anything, st.just("XX"), numbers, numbers, numbers, st.integers()),
    camera=st.none() | anything,
    tagging=st.none() | st.builds(Tagging, tags, tags, st.just("test")),
    quality=st.none() | st.builds(Quality, *(numbers,) * 5, st.none() | numbers, st.none() | numbers),
    duration=st.none() | numbers,
    largest_face=numbers,
    settings=st.builds(
        CameraSettings,
        lens=st.none() | anything | st.sampled_from(["iPhone 12 front camera", "EF100mm f/2.8 Macro"]),
        aperture=st.none() | numbers,
        exposure_time=st.none() | numbers,
        iso=st.none() | st.integers(),
        focal_length_35mm=st.none() | numbers,
        flash_fired=st.booleans(),
        subject_distance=st.none() | numbers,
        subject_distance_range=st.none() | st.integers(),
    ),
    description=st.none() | anything,
    event=st.none() | st.builds(DetectedEvent, anything, anything, st.floats(0, 1)),
)
odd_people = st.lists(
    st.builds(
        KnownPerson,
        name=anything,
        age=st.none() | st.integers(-5, 200),
        relations=st.lists(st.builds(Relation, anything, st.none() | anything), max_size=2).map(tuple),
    ),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(odd_facts, odd_people)
def test_odd_facts_still_give_an_answer_within_the_limits(facts: PhotoFacts, people: list[KnownPerson]) -> None:
    description = describe(facts, people)
    assert 0 < len(description.short_description) <= MAX_SHORT_DESCRIPTION
    assert description.short_description.strip()
    assert 0 < len(description.ai_tags) <= MAX_TAGS
    assert description.long_description
    assert description.file_description.isalnum()
    scores = msgspec.structs.asdict(description.ai_confidence_scores).values()
    assert all(0 <= score <= 1 for score in scores)
    assert msgspec.convert(msgspec.to_builtins(description), Description) == description
