"""What does a sidecar say that any program may have written?

In all the forms in which programs write the same: see :mod:`core.media.xmp_metadata`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.library.sidecar import read_sidecar
from core.library.sidecar_facts import FaceRegion, SidecarFacts
from core.media import xmp
from core.media.metadata import value_of
from core.media.written_time import written_time
from core.media.xmp_metadata import read_xmp

DATES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
_TREES = (("lr:hierarchicalSubject", "|"), ("digiKam:TagsList", "/"), ("MicrosoftPhoto:LastKeywordXMP", "/"))

_SIGNS = (
    (b"http://darktable.sf.net/", "darktable"),
    (b"http://ns.adobe.com/camera-raw-settings/1.0/", "Lightroom"),
    (b"digiKam:PickLabel", "digiKam"),
    (b"digiKam:ColorLabel", "digiKam"),
)
"""What only one program writes."""


class Packet(msgspec.Struct, frozen=True):
    """What a packet says. ``words`` are its keywords by the property that has them; ``dates`` are the capture time by
    property, wall clock and minutes east of UTC. ``is_known_to_us`` tells whether anything of ours is in it.
    """

    facts: SidecarFacts
    words: dict[str, tuple[str, ...]]
    dates: dict[str, tuple[datetime, int | None]]
    program: str
    is_known_to_us: bool


def read_any(data: bytes) -> Packet:
    """Reads a sidecar. Raises ``ValueError`` where it is no XMP."""
    said, ours, nodes = read_xmp(data), read_sidecar(data), xmp.read_packet(data)
    position, regions, taken = value_of(said.position), value_of(said.regions), value_of(said.taken)
    rating = value_of(said.rating)
    facts = msgspec.structs.replace(
        ours,
        title=value_of(said.title),
        description=value_of(said.description),
        label=value_of(said.label),
        keyword_paths=value_of(said.keyword_paths) or (),
        rating=0 if rating is None else rating,
        captured=taken.local if taken else None,
        captured_offset_minutes=taken.offset_minutes if taken else None,
        latitude=position.latitude if position else None,
        longitude=position.longitude if position else None,
        location=value_of(said.location),
        city=value_of(said.city),
        state=value_of(said.state),
        country=value_of(said.country),
        country_code=value_of(said.country_code),
        people=value_of(said.people) or (),
        faces=tuple(
            FaceRegion(each.x, each.y, each.width, each.height, each.name)
            for each in (regions.regions if regions else ())
        ),
    )
    words = {"dc:subject": xmp.texts_of(nodes, "dc:subject")}
    for name, separator in _TREES:
        words[name] = tuple(text.rpartition(separator)[2].strip() for text in xmp.texts_of(nodes, name))
    dates = {
        name: (moment.local, moment.offset_minutes)
        for name in DATES
        if (moment := written_time(xmp.text_of(nodes, name))) is not None
    }
    known = any(value is not None for value in (ours.tier, ours.sha256, ours.original_filename, ours.perceptual_hash))
    return Packet(facts, words, dates, _program(data, value_of(said.software)), known)


def _program(data: bytes, software: str | None) -> str:
    return next((name for sign, name in _SIGNS if sign in data), software or "another program")
