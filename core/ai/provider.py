"""What does every provider of descriptions get, and what does it answer?"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from core.media.facts import CaptureTime, Kind, Quality, Tagging
from core.places import Place

MAX_TAGS = 8
"""Tags in one answer (contract, behaviour §16)."""

MAX_SHORT_DESCRIPTION = 99
"""Characters: the contract says fewer than 100."""


class PhotoFacts(msgspec.Struct, frozen=True):
    """What has been measured of a picture, and may be told to a provider.

    ``width`` and ``height`` are pixels after orientation, ``latitude`` and ``longitude`` decimal degrees, ``duration``
    seconds (videos only). ``camera`` is make and model as they are shown.
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


class DetectedObject(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Something in the picture: ``confidence`` 0–1, ``bounding_box`` x, y, width, height in oriented pixels."""

    name: str
    confidence: float
    bounding_box: tuple[int, int, int, int] | None = None


class DetectedEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An occasion that the picture seems to show (``holiday``, "Christmas Day"). ``confidence`` 0–1."""

    event_type: str
    event_name: str
    confidence: float


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


class Provider(Protocol):
    """Someone who describes pictures.

    ``name`` is what the settings call it; ``version`` names the model, or the wording, that the answers depend on.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    async def describe(self, photo: PhotoFacts, preview: Path) -> Description:
        """Describe one picture. ``preview`` is a JPEG of it, for those who look at pixels.

        Raises:
            PictallionError: the provider cannot answer now; the photo keeps what it has and is asked about later.
        """
        ...
