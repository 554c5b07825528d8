"""What is known of a file when it is asked where it belongs, and what a group is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from core.media.facts import Kind


class GroupType(StrEnum):
    """What the members of a group are to each other."""

    BRACKET = "bracket"
    BURST = "burst"
    LIVE_PHOTO = "live_photo"
    MOTION_PHOTO = "motion_photo"
    RAW_JPEG = "raw_jpeg"
    EDITED = "edited"


#: A group that holds together for several reasons is called by the first of them here: the whole before its parts.
PRECEDENCE = tuple(GroupType)


class Role(StrEnum):
    """What a member is in its group."""

    PICTURE = "picture"
    FRAME = "frame"
    EDITED = "edited"
    RAW = "raw"
    VIDEO = "video"


class Place(msgspec.Struct, frozen=True):
    """Where a file was found: ``directory`` names its root and the folders below it, ``filename`` the file.

    An asset has several, in alphabetic order, where the same bytes were found again.
    """

    directory: str
    filename: str


class GroupFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """An asset as the rules see it.

    ``taken`` is the camera's or the container's wall clock with its subseconds, ``None`` where only a name or the time
    of ingest tells a date; ``offset_minutes`` east of UTC. ``content_identifier`` is Apple's for the two halves of a
    Live Photo, ``burst_identifier`` that of a burst. ``is_bracketed``: EXIF's exposure mode is "auto bracket".
    ``exposure_time`` in seconds, ``exposure`` tells the settings of two frames apart, ``exposure_bias`` in EV.
    ``sequence_number`` counts within a bracket or burst. ``duration`` in seconds, of a film. ``film_from_end`` and
    ``film_length`` in bytes: where a film begins that is embedded in the file, counted from its end.
    """

    asset_id: str
    kind: Kind
    places: tuple[Place, ...]
    taken: datetime | None = None
    offset_minutes: int | None = None
    camera: str | None = None
    duration: float | None = None
    content_identifier: str | None = None
    burst_identifier: str | None = None
    is_burst_cover: bool = False
    is_bracketed: bool = False
    exposure: str | None = None
    exposure_time: float | None = None
    exposure_bias: float | None = None
    sequence_number: int | None = None
    film_from_end: int | None = None
    film_length: int | None = None

    @property
    def name(self) -> str:
        """The name that sentences call it by."""
        return self.places[0].filename


class Link(msgspec.Struct, frozen=True):
    """Two assets belong together, and why, as a sentence."""

    type: GroupType
    one: str
    other: str
    reason: str


class Member(msgspec.Struct, frozen=True):
    """An asset in a group. ``reason`` is the sentence that ties it to another member."""

    asset_id: str
    role: Role
    reason: str


class Group(msgspec.Struct, frozen=True):
    """Assets that are one thing. ``primary`` is the asset to show; ``reason`` a sentence."""

    type: GroupType
    primary: str
    reason: str
    members: tuple[Member, ...]

    @property
    def asset_ids(self) -> frozenset[str]:
        return frozenset(member.asset_id for member in self.members)


def time_between(one: GroupFacts, other: GroupFacts) -> timedelta | None:
    """How far apart two files were taken, never negative; ``None`` where one of them does not tell.

    By the moment where both tell their offset from UTC, else by the wall clock: editors and older cameras drop it.
    """
    if one.taken is None or other.taken is None:
        return None
    apart = one.taken - other.taken
    if one.offset_minutes is not None and other.offset_minutes is not None:
        apart -= timedelta(minutes=one.offset_minutes - other.offset_minutes)
    return abs(apart)


def in_order(facts: Sequence[GroupFacts]) -> list[GroupFacts]:
    """The same facts in an order that does not depend on when they came: by name, then by id."""
    return sorted(facts, key=lambda fact: (fact.name, fact.asset_id))
