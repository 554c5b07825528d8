"""Which source is believed, where several say something?

The one place that decides. A sidecar goes before the file, since whoever writes one cannot or will not touch the file.
What people write (words, stars, names) is taken from XMP, then IPTC, then EXIF: editors keep XMP up to date, while EXIF
has room for little and cameras fill it with their own names. What the camera measured is taken from EXIF first, which
editors copy into XMP in other words. Values that mean something only together come from one source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.media.metadata import Metadata, Precision, Refused, Said, WrittenTime


class Source(StrEnum):
    """Where in or beside a file something may be said."""

    SIDECAR = "sidecar"
    EXIF = "exif"
    MAKER_NOTE = "makernote"
    TRAILER = "trailer"
    CONTAINER = "container"
    XMP = "xmp"
    IPTC = "iptc"
    PNG = "png"
    #: what was chosen of all that the file itself says
    FILE = "file"


_MEASURED = (
    *(Source.SIDECAR, Source.EXIF, Source.MAKER_NOTE, Source.CONTAINER, Source.XMP, Source.IPTC, Source.PNG),
    *(Source.TRAILER, Source.FILE),
)
_WRITTEN = (Source.SIDECAR, Source.XMP, Source.IPTC, Source.EXIF, Source.PNG, Source.CONTAINER, Source.FILE)
_EMBEDDED = (Source.TRAILER, Source.FILE)

_ORDER: dict[str, tuple[Source, ...]] = {
    **dict.fromkeys(
        ("title", "description", "creators", "copyright", "rating", "label", "people", "regions"),
        _WRITTEN,
    ),
    "embedded_video": _EMBEDDED,
}

_TOGETHER = (
    (_WRITTEN, ("keywords", "keyword_paths")),
    (_WRITTEN, ("location", "city", "state", "country", "country_code")),
    (_MEASURED, ("position", "altitude")),
    (_MEASURED, ("x_resolution", "y_resolution", "resolution_unit")),
    (_MEASURED, ("width", "height")),
    (_MEASURED, ("make", "model")),
)
_GROUPED = frozenset(name for _, names in _TOGETHER for name in names)
_DATES = ("taken", "digitized", "changed")

YEAR_AFTER, YEAR_BEFORE = 1900, 2100
"""The contract's limits, both excluded."""

# Where clocks begin that nobody has set: Unix, Macintosh and QuickTime, FAT. For the first two the whole day, since a
# camera counts on from there, and the evening before, which is the same moment further west.
_NEVER = (datetime(1970, 1, 1), datetime(1904, 1, 1))
_FAT_EPOCH = datetime(1980, 1, 1)


def choose(found: Mapping[Source, Metadata]) -> Metadata:
    """One record of what every source says, each value with the tag that it came from.

    A date that cannot be gives way to the next source's and is told in ``refused``, after what no reader understood.
    """
    refused = [item for source in Source if source in found for item in found[source].refused]
    chosen: dict[str, Any] = {}
    for name in Metadata.__struct_fields__:
        if name in _GROUPED or name in _DATES or name == "refused":
            continue
        for source in _ORDER.get(name, _MEASURED):
            if source in found and (said := getattr(found[source], name)) is not None:
                chosen[name] = said
                break
    for order, names in _TOGETHER:
        for source in order:
            together = {name: getattr(found[source], name) for name in names} if source in found else {}
            if any(said is not None for said in together.values()):
                chosen |= together
                break
    for name in _DATES:
        chosen[name] = _first_possible([getattr(found[s], name) for s in _MEASURED if s in found], refused)
    return Metadata(**chosen, refused=tuple(refused))


def with_sidecar(own: Metadata, sidecar: Metadata) -> Metadata:
    """What a file says of itself, and a sidecar of it."""
    return choose({Source.FILE: own, Source.SIDECAR: sidecar})


def impossible(written: WrittenTime) -> str | None:
    """Why a date cannot be when a picture was taken, as the end of a sentence; ``None`` if it can."""
    local = written.local
    if not YEAR_AFTER < local.year < YEAR_BEFORE:
        return f"no photograph is of the year {local.year}"
    if written.precision in (Precision.YEAR, Precision.MONTH):
        return None
    for epoch in _NEVER:
        is_eve = (epoch - local).total_seconds() in range(900, 12 * 3600 + 1, 900)
        if local.date() == epoch.date() or is_eve:
            return f"a clock that nobody has set begins in {epoch.year}"
    return "a clock that nobody has set begins in 1980" if local == _FAT_EPOCH else None


def _first_possible(dates: list[Said[WrittenTime] | None], refused: list[Refused]) -> Said[WrittenTime] | None:
    for said in dates:
        if said is None:
            continue
        reason = impossible(said.value)
        if reason is None:
            return said
        refused.append(Refused(said.origin, said.value.local.isoformat(sep=" "), reason))
    return None
