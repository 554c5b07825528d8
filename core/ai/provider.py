"""What does every provider of descriptions get, and what does it answer?"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from core.media.facts import Box, CaptureTime, Kind, Quality, Tagging
from core.places import Place

MAX_TAGS = 8
"""Tags in one answer (contract, behaviour §16)."""

MAX_SHORT_DESCRIPTION = 99
"""Characters: the contract says fewer than 100."""


class CameraSettings(msgspec.Struct, frozen=True):
    """How the camera was set, as far as it said.

    ``aperture`` is the f-number, ``exposure_time`` in seconds, ``focal_length_35mm`` in millimetres on film, ``lens``
    its name as it is shown, ``subject_distance`` in metres, ``subject_distance_range`` EXIF's number.
    """

    lens: str | None = None
    aperture: float | None = None
    exposure_time: float | None = None
    iso: int | None = None
    focal_length_35mm: float | None = None
    flash_fired: bool = False
    subject_distance: float | None = None
    subject_distance_range: int | None = None


class DetectedEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An occasion that the picture seems to show (``holiday``, "Christmas Day"). ``confidence`` 0–1."""

    event_type: str
    event_name: str
    confidence: float


class PhotoFacts(msgspec.Struct, frozen=True):
    """What has been measured of a picture, and may be told to a provider.

    ``width`` and ``height`` are pixels after orientation, ``latitude`` and ``longitude`` decimal degrees, ``duration``
    seconds (videos only). ``camera`` is make and model as they are shown, ``description`` what the file says of itself.
    ``largest_face`` is the height of the largest face over the shorter side of the picture, ``event`` what its day is.
    """

    kind: Kind
    mime_type: str
    width: int
    height: int
    original_filename: str
    face_count: int = 0
    captured: CaptureTime | None = None
    latitude: float | None = None
    longitude: float | None = None
    place: Place | None = None
    camera: str | None = None
    tagging: Tagging | None = None
    quality: Quality | None = None
    duration: float | None = None
    largest_face: float = 0.0
    settings: CameraSettings = CameraSettings()
    description: str | None = None
    event: DetectedEvent | None = None


class DetectedObject(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Something in the picture: ``confidence`` 0–1, ``bounding_box`` x, y, width, height in oriented pixels."""

    name: str
    confidence: float
    bounding_box: tuple[int, int, int, int] | None = None


class Coordinates(msgspec.Struct, frozen=True):
    """A position in decimal degrees."""

    latitude: float
    longitude: float


class Confidences(msgspec.Struct, frozen=True):
    """How sure a provider is of each part of its answer, 0–1; 0 where it gave none."""

    tags: float = 0.0
    description: float = 0.0
    objects: float = 0.0
    faces: float = 0.0
    events: float = 0.0
    place: float = 0.0


class Description(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A provider's answer, in the shape of the contract's ``metadata.ai``.

    At most :data:`MAX_TAGS` ``ai_tags``; ``short_description`` is never empty and has at most
    :data:`MAX_SHORT_DESCRIPTION` characters; ``file_description`` is two or three words in PascalCase for file names
    (``BeachInNice``), ``UnknownImage`` if there is nothing to say. ``gps_coordinates`` are a guess from the picture,
    never the camera's. ``provider`` and ``version`` tell who answered, so that it can be redone when either changes.
    """

    ai_tags: tuple[str, ...]
    short_description: str
    long_description: str
    file_description: str
    detected_objects: tuple[DetectedObject, ...]
    detected_events: tuple[DetectedEvent, ...]
    ai_confidence_scores: Confidences
    provider: str
    version: str
    place_name: str | None = None
    gps_coordinates: Coordinates | None = None


class Relation(msgspec.Struct, frozen=True):
    """What somebody is (``parent``) to somebody: ``to`` is a name where that person is in the picture too."""

    kind: str
    to: str | None = None


class KnownPerson(msgspec.Struct, frozen=True):
    """Somebody whose face in the picture has a name.

    ``age`` are full years when it was taken, 0 for an infant, ``None`` where it is not known; ``box`` is the face in
    oriented pixels of the original.
    """

    name: str
    age: int | None = None
    relations: tuple[Relation, ...] = ()
    box: Box | None = None


class Question(msgspec.Struct, frozen=True):
    """What is asked about one picture.

    ``asset_id`` is by whom it is decided whether the picture may leave this machine. ``preview`` is a JPEG of it, for
    those who look at pixels.
    """

    asset_id: str
    facts: PhotoFacts
    preview: Path
    people: tuple[KnownPerson, ...] = ()


class Usage(msgspec.Struct, frozen=True):
    """What an answer has cost: requests over the network, and the tokens that the provider counted in each way."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out
        )


class Answered(msgspec.Struct, frozen=True):
    """A description, and what it was made by.

    ``prompt_version`` is a short hash of the prompts that were sent, empty where there are none.
    """

    description: Description
    model: str
    prompt_version: str
    usage: Usage


class Provider(Protocol):
    """Someone who describes pictures.

    ``name`` is what the settings call it; ``model`` names what the answers depend on: the model, or the wording.
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def describe(self, question: Question) -> Answered:
        """Describe one picture.

        Raises:
            ProviderUnavailable: it does not answer now; the photo keeps what it has and is asked about later.
            ProviderMisconfigured: it will not answer until a person changes something.
            PhotoProtected: the picture must not be shown to it.
            AnswerUnusable: what it answers about this picture cannot be understood.
        """
        ...
