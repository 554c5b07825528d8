"""What copies of one picture are to each other, and what a person can say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

VERSION = "2"
"""Changes when pictures are compared in another way; all are compared again then. What was decided stays."""

MISSED = f"{VERSION}, but others came since"
"""The version of a picture that was not to be seen while others were compared: it is compared again when it is back.
What was found of it before still holds."""


class Kind(StrEnum):
    """How much two copies differ, the least first. The same bytes are never kept twice, so there is no such pair."""

    #: every pixel is the same; the files say different things of it, or say it differently
    PIXELS = "pixels"
    #: compressed again, of another size, with other colours or a caption
    SAME = "same"
    #: one shows a part of the other
    CUT = "cut"
    #: mirrored, or turned by any angle
    TURNED = "turned"


class Decision(StrEnum):
    """What a person said of copies."""

    #: they are copies, and all of them stay
    KEEP = "keep"
    #: the others go to the archive
    ARCHIVE = "archive"
    NOT_DUPLICATES = "not_duplicates"


class Found(msgspec.Struct, frozen=True):
    """Two assets of which one is a copy of the other. ``similarity`` in percent, ``reason`` a sentence."""

    one: str
    other: str
    kind: Kind
    similarity: int
    reason: str


class Member(msgspec.Struct, frozen=True):
    """A copy of the keeper of its group."""

    asset_id: str
    kind: Kind
    similarity: int
    reason: str


class Group(msgspec.Struct, frozen=True):
    """A picture that is proposed to stay, why, and its copies."""

    keeper: str
    keeper_reason: str
    members: tuple[Member, ...]

    @property
    def asset_ids(self) -> list[str]:
        return [self.keeper, *(member.asset_id for member in self.members)]

    @property
    def id(self) -> str:
        return group_id(self.asset_ids)

    @property
    def kind(self) -> Kind:
        """That of the copy that differs most."""
        return max((member.kind for member in self.members), key=list(Kind).index)

    @property
    def similarity(self) -> int:
        return min(member.similarity for member in self.members)


def group_id(asset_ids: Iterable[str]) -> str:
    """The id of a group of these assets, in whatever order."""
    return f"duplicates-{hashlib.sha256(' '.join(sorted(asset_ids)).encode()).hexdigest()[:32]}"
