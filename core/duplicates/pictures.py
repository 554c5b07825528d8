"""Reads pictures of the library in a worker: fingerprints of them, and whether one is a copy of another."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.errors import IntakeError, Undecodable
from core.media.facts import Format, Kind

if TYPE_CHECKING:
    from core.media.copied import Copy, Features
    from core.media.resize import Pixels
    from core.media.tagger import Tagger

_KEPT_FEATURES = 64
"""Pictures whose features are kept while others are compared with them: 20 MB."""

_NEARLY_ALL = 0.99
"""Agreement from which two pictures of one size may be the same to the pixel, which costs decoding them completely."""


class Picture(msgspec.Struct, frozen=True):
    """A picture that can be looked at: its stored preview, which may be missing, and its file."""

    preview: str
    original: str
    format: Format


class Pair(msgspec.Struct, frozen=True):
    """Two pictures to compare; ``orientation`` as in :class:`core.duplicates.suspects.Suspect`."""

    one: Picture
    other: Picture
    orientation: int | None


class Confirmed(msgspec.Struct, frozen=True):
    """What comparing them showed; ``is_same_pixels``: they are equal in every pixel, whatever the files say."""

    copy: Copy
    is_same_pixels: bool


def fingerprints(pictures: Sequence[Picture], tagger: Tagger | None) -> list[bytes]:
    """The record of each picture, see :mod:`core.media.fingerprint`; empty where it cannot be decoded any more."""
    from core.media.fingerprint import fingerprint_of
    from core.media.models.shipped import ModelUnusable

    records = []
    for picture in pictures:
        try:
            records.append(fingerprint_of(_pixels(picture), tagger))
        except (Undecodable, IntakeError, ModelUnusable, OSError):
            records.append(b"")
    return records


class Seen:
    """The features of the pictures that were looked at last, ``most`` of them."""

    def __init__(self, most: int = _KEPT_FEATURES) -> None:
        self._most = most
        self._known: OrderedDict[Picture, Features | None] = OrderedDict()

    def features(self, picture: Picture) -> Features | None:
        """``None`` for a picture that cannot be decoded any more."""
        from core.media.copied import features_of

        if picture not in self._known:
            try:
                self._known[picture] = features_of(_pixels(picture))
            except (Undecodable, IntakeError, OSError):
                self._known[picture] = None
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return self._known[picture]


def confirm(pairs: Sequence[Pair], seen: Seen | None = None) -> list[Confirmed | None]:
    """Whether one of each pair is a copy of the other. Pairs of one picture are best given together."""
    from core.media.copied import How, copy_of

    seen = seen or Seen()
    found: list[Confirmed | None] = []
    for pair in pairs:
        one, other = seen.features(pair.one), seen.features(pair.other)
        copy = None if one is None or other is None else copy_of(one, other, pair.orientation)
        if copy is None:
            found.append(None)
            continue
        may_be_equal = copy.how is How.SAME and copy.similarity >= _NEARLY_ALL
        found.append(Confirmed(copy, may_be_equal and _have_same_pixels(pair.one, pair.other)))
    return found


def _pixels(picture: Picture) -> Pixels:
    """As large as fingerprints and features need it."""
    from core.media.decode import decode, decode_photo
    from core.media.perceptual_hash import WORKING_SIZE

    try:
        with Path(picture.preview).open("rb") as file:
            return decode_photo(file, WORKING_SIZE).rgb
    except FileNotFoundError:
        return decode(picture.original, picture.format, WORKING_SIZE).rgb


def _have_same_pixels(one: Picture, other: Picture) -> bool:
    digests = []
    for picture in (one, other):
        if picture.format.kind is not Kind.PHOTO:
            return False
        try:
            digests.append(_pixel_digest(picture))
        except (Undecodable, IntakeError, OSError):
            return False
    return digests[0] == digests[1]


def _pixel_digest(picture: Picture) -> tuple[tuple[int, ...], bytes]:
    """Size and SHA-256 of all pixels, upright and in sRGB."""
    from core.media.decode import MAX_PIXELS, decode

    rgb = decode(picture.original, picture.format, MAX_PIXELS).rgb
    return rgb.shape, hashlib.sha256(rgb.tobytes()).digest()
