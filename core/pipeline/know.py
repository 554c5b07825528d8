"""What is known of a photo once it was read and looked at, and how it is put into words."""

from __future__ import annotations

import msgspec

from core.ai import builtin
from core.ai.moment import known_moment
from core.ai.provider import Description, PhotoFacts, Question
from core.compute.tasks import Reading
from core.media.facts import Exif, Look
from core.media.metadata import value_of
from core.people.in_photo import known_people
from core.pipeline.keep_original import Original
from core.pipeline.look import PREVIEW
from core.pipeline.workbench import Item, Workbench


def know(item: Item, reading: Reading, look: Look, original: Original) -> PhotoFacts:
    """Everything measured, in the shape that providers of descriptions are given."""
    identity = reading.identity
    assert identity.format is not None
    return PhotoFacts(
        kind=identity.format.kind,
        mime_type=identity.format.mime_type,
        width=look.width,
        height=look.height,
        original_filename=item.original_filename,
        face_count=len(look.faces.faces),
        captured=original.captured,
        latitude=identity.exif.gps_latitude,
        longitude=identity.exif.gps_longitude,
        place=reading.place,
        camera=identity.exif.camera,
        tagging=look.tagging,
        quality=look.quality,
        duration=duration_of(reading, look),
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
