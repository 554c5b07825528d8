"""What is known of a photo once it was read and looked at, and how it is put into words."""

from __future__ import annotations

import msgspec

from core.ai.provider import Description, PhotoFacts
from core.compute.tasks import Reading
from core.media.facts import Exif, Look
from core.media.metadata import value_of
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


async def describe(bench: Workbench, item: Item, original: Original, facts: PhotoFacts) -> Description:
    """The words for a photo, from the provider that is switched on."""
    with item.stages.measure("describe"):
        return await bench.provider.describe(facts, bench.layout.rendered(original.sha256, PREVIEW))


def duration_of(reading: Reading, look: Look) -> float | None:
    """Seconds of a video: what its container says, else what the decoder counted."""
    duration = value_of(reading.identity.metadata.duration)
    return look.duration if duration is None else duration


def complete_exif(exif: Exif, look: Look) -> Exif:
    """The camera's metadata with the pixel size after orientation, which only decoding tells for sure."""
    return msgspec.structs.replace(exif, image_width=look.width, image_height=look.height)
