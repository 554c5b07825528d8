"""Are two pictures that look the same two frames of one burst?

A burst is many pictures on purpose, so its frames are never reported as duplicates. The rules, their order and their
numbers are those of contract/behaviour.md, section 7; the first that applies decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from core.duplicates.burst_names import follow_each_other, name_one_second, share_a_brand_form, time_in_name
from core.media.facts import CaptureTime, Exif

LONGEST_BURST = timedelta(seconds=30)
"""Pictures further apart are no burst, whatever their names say."""

SAME_CAMERA_WITHIN = timedelta(seconds=10)
"""Pictures this close are a burst if one camera took them with the same settings."""

RAPID_SUCCESSION = timedelta(seconds=5)
"""Pictures this close are a burst, whatever took them."""


class Shot(msgspec.Struct, frozen=True):
    """What is known of one of the two pictures.

    ``uploaded_at`` has a zone. ``captured`` is ``None`` where nobody resolved it; ``exif`` is empty where the file
    has none.
    """

    filename: str
    uploaded_at: datetime
    captured: CaptureTime | None = None
    exif: Exif = Exif()


def is_burst(a: Shot, b: Shot) -> bool:
    """Whether two pictures are frames of one burst. The order of the two does not matter."""
    apart = time_between(a, b)
    if apart > LONGEST_BURST:
        return False
    return (
        name_one_second(a.filename, b.filename)
        or follow_each_other(a.filename, b.filename)
        or (apart <= SAME_CAMERA_WITHIN and _share_camera_and_settings(a.exif, b.exif))
        or apart <= RAPID_SUCCESSION
        or share_a_brand_form(a.filename, b.filename)
    )


def are_two_shots(a: Shot, b: Shot) -> bool:
    """Whether two pictures that look the same were taken one after the other, and are no copies for that reason.

    Stricter than :func:`is_burst`: a copy that kept its metadata was taken at the very same moment, so no time between
    them is no sign of a burst. And laxer: pictures that were brought in together need not be of one burst, so where
    neither metadata nor names tell a time, running numbers alone do.
    """
    apart = _measured_apart(a, b)
    if apart is not None and apart > LONGEST_BURST:
        return False
    if apart:
        return True
    return (
        name_one_second(a.filename, b.filename)
        or follow_each_other(a.filename, b.filename)
        or share_a_brand_form(a.filename, b.filename)
    )


def _measured_apart(a: Shot, b: Shot) -> timedelta | None:
    """As :func:`time_between`, to the second where one of them knows no fraction; ``None`` where nothing tells it."""
    if not (a.captured is not None and b.captured is not None and _has_metadata(a.exif) and _has_metadata(b.exif)):
        named_a, named_b = time_in_name(a.filename), time_in_name(b.filename)
        return abs(named_a - named_b) if named_a is not None and named_b is not None else None
    if not (a.captured.is_dated and b.captured.is_dated):
        return None
    if a.captured.local.microsecond and b.captured.local.microsecond:
        return _between_captures(a.captured, b.captured)
    whole = [msgspec.structs.replace(one, local=one.local.replace(microsecond=0)) for one in (a.captured, b.captured)]
    return _between_captures(*whole)


def time_between(a: Shot, b: Shot) -> timedelta:
    """How far apart two pictures are, never negative: by their capture times, if both have metadata.

    Otherwise the times in their names are compared, and where one has none, the times of their uploads: a camera's
    clock says nothing about the day on which somebody uploads a copy without metadata.
    """
    if a.captured is not None and b.captured is not None and _has_metadata(a.exif) and _has_metadata(b.exif):
        return _between_captures(a.captured, b.captured)
    named_a, named_b = time_in_name(a.filename), time_in_name(b.filename)
    if named_a is not None and named_b is not None:
        return abs(named_a - named_b)
    return abs(a.uploaded_at - b.uploaded_at)


def _has_metadata(exif: Exif) -> bool:
    """The pixel size alone is none: it is known of every picture."""
    return msgspec.structs.replace(exif, image_width=None, image_height=None) != Exif()


def _between_captures(a: CaptureTime, b: CaptureTime) -> timedelta:
    """By the moment where both offsets from UTC are known, else by the wall clock: editors drop the offset."""
    apart = a.local - b.local
    if a.offset_minutes is not None and b.offset_minutes is not None:
        apart -= timedelta(minutes=a.offset_minutes - b.offset_minutes)
    return abs(apart)


def _share_camera_and_settings(a: Exif, b: Exif) -> bool:
    if not _share(a.camera, b.camera):
        return False
    return (
        _share(a.lens, b.lens)
        or _share(a.focal_length, b.focal_length)
        or (_share(a.iso, b.iso) and _share(a.aperture, b.aperture) and _share(a.white_balance, b.white_balance))
    )


def _share(a: str | None, b: str | None) -> bool:
    """What neither of them has, they do not share."""
    return a is not None and a == b
