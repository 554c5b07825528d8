"""What is known of a photo once it was read and looked at, and how it is put into words."""

from __future__ import annotations

import msgspec

from core.ai import builtin
from core.ai.moment import known_moment
from core.ai.provider import CameraSettings, Description, DetectedEvent, PhotoFacts, Question
from core.compute.tasks import Reading
from core.media.facts import CaptureTime, Exif, Face, Look
from core.media.metadata import Metadata, value_of
from core.people.in_photo import known_people
from core.pipeline.keep_original import Original
from core.pipeline.look import PREVIEW
from core.pipeline.workbench import Item, Workbench

SURE_FACE = 0.5
"""Confidence, 0–1, from which a face is told of in words. All faces with less, in the labelled pictures of ``bench``,
were of an ape, of newsprint and of cutlery; dlib's detector has none."""


def know(
    original_filename: str, reading: Reading, look: Look, captured: CaptureTime, event: DetectedEvent | None = None
) -> PhotoFacts:
    """Everything measured, and of what event it is, in the shape that providers of descriptions are given."""
    identity = reading.identity
    assert identity.format is not None
    return PhotoFacts(
        kind=identity.format.kind,
        mime_type=identity.format.mime_type,
        width=look.width,
        height=look.height,
        original_filename=original_filename,
        face_count=len(_sure_faces(look)),
        captured=captured,
        latitude=identity.exif.gps_latitude,
        longitude=identity.exif.gps_longitude,
        place=reading.place,
        camera=identity.exif.camera,
        tagging=look.tagging,
        quality=look.quality,
        duration=duration_of(reading, look),
        largest_face=_largest_face(look),
        settings=camera_settings(identity.metadata),
        description=identity.exif.image_description,
        event=event,
    )


def _sure_faces(look: Look) -> list[Face]:
    return [face for face in look.faces.faces if face.confidence >= SURE_FACE]


def _largest_face(look: Look) -> float:
    highest = max((face.box.height for face in _sure_faces(look)), default=0)
    return highest / max(1, min(look.width, look.height))


def camera_settings(metadata: Metadata) -> CameraSettings:
    """What a file says of how the camera was set."""
    flash = value_of(metadata.flash)
    return CameraSettings(
        lens=value_of(metadata.lens),
        aperture=value_of(metadata.aperture),
        exposure_time=value_of(metadata.exposure_time),
        iso=value_of(metadata.iso),
        focal_length_35mm=value_of(metadata.focal_length_35mm),
        flash_fired=flash is not None and bool(flash & 1),
        subject_distance=value_of(metadata.subject_distance),
        subject_distance_range=value_of(metadata.subject_distance_range),
    )


def describe(item: Item, facts: PhotoFacts) -> Description:
    """The first words for a photo. They ask nobody: what comes into the library waits for no model."""
    with item.stages.measure("describe"):
        return builtin.describe(facts)


async def question(bench: Workbench, original: Original, facts: PhotoFacts) -> Question:
    """What a provider is asked about a photo that is in the library, with the people who are known to be in it."""
    async with bench.database.read() as connection:
        people = await known_people(connection, original.asset_id, known_moment(facts.captured))
    return Question(original.asset_id, facts, bench.layout.rendered(original.sha256, PREVIEW), people)


def duration_of(reading: Reading, look: Look) -> float | None:
    """Seconds of a video: what its container says, else what the decoder counted."""
    duration = value_of(reading.identity.metadata.duration)
    return look.duration if duration is None else duration


def complete_exif(exif: Exif, look: Look) -> Exif:
    """The camera's metadata with the pixel size after orientation, which only decoding tells for sure."""
    return msgspec.structs.replace(exif, image_width=look.width, image_height=look.height)
