"""How sure is it that two pictures are of one burst? The score of contract/behaviour.md, section 6, 0–1."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from posixpath import splitext

import msgspec

WITHIN = 10.0
"""Seconds between the picture that opens a burst and every other one of it."""

ALIKE = 0.95
"""Score from which two pictures are of one burst."""

LOOKS_ALIKE_BITS = 12
"""Bits of 64 in which the perceptual hashes of two frames that surely show one thing may differ: 98 of 100 pairs of a
view held by hand, with other exposure and blur (``python -m bench bursts``)."""

LOOKS_DIFFERENT_BITS = 18
"""Bits of 64 from which on two pictures surely show different things: of the pairs of one view one in 500 was so far
apart, of those of two views 96 in 100 were."""

_LOOKS_ALIKE = 0.3
"""What likeness to the eye adds; the contract asks for it as evidence without a number. With the time, it is enough."""

_LOOKS_DIFFERENT = 0.5
"""All that two pictures can come to that show different things, whatever clock, name and size say: the camera was
turned away, and goes on counting."""

_TIMES = ((5.0, 0.4), (30.0, 0.2), (60.0, 0.1))
_SIZES = ((0.95, 0.3), (0.85, 0.1))
_SAME_SETTING = 0.05
_MAX_NUMBER_GAP = 3
_MIN_NAME, _COMMON_SHARE = 8, 0.8


class Frame(msgspec.Struct, frozen=True, dict=True):
    """A picture as the rules see it.

    ``taken`` is the wall clock, zone-less; ``is_dated`` says that the picture tells it, and not only when its file was
    written or taken in. ``settings`` are camera, ISO, focal length and aperture, ``None`` where not
    known. ``perceptual_hash`` is its 64 bits as a number, ``None`` where there is nothing to see. Quality as in
    :class:`core.media.facts.Quality`; ``faces`` how many were found. ``group`` is the asset group that the camera's own
    identifier has made of a burst.
    """

    id: str
    filename: str
    taken: datetime
    created_at: datetime
    file_size: int
    file_hash: str
    settings: tuple[str | None, ...] = ()
    perceptual_hash: int | None = None
    sharpness: float | None = None
    clipped: float = 0.0
    faces: int = 0
    subject_sharpness: float | None = None
    face_sharpness: float | None = None
    group: str | None = None
    is_dated: bool = True

    @cached_property
    def named(self) -> tuple[str, int | None]:
        """The name without its trailing number, and that number."""
        stem = splitext(self.filename)[0].lower()
        base = stem.rstrip("0123456789")
        if base == stem:
            return base, None
        return base[:-1] if base.endswith(("-", "_")) else base, int(stem[len(base) :][-18:])


def likeness(one: Frame, other: Frame) -> float:
    """0–1, the same both ways round; 1 for equal content, and for what the camera itself calls one burst."""
    if one.file_hash == other.file_hash or (one.group is not None and one.group == other.group):
        return 1.0
    apart = abs(one.taken - other.taken).total_seconds()
    score = 0.0
    if one.is_dated and other.is_dated:  # files are copied many at a time, which says nothing of when they were taken
        for limit, worth in _TIMES:
            if apart <= limit:
                score = worth
                break
    score += _names(one, other) + _sizes(one.file_size, other.file_size)
    for mine, theirs in zip(one.settings, other.settings, strict=False):
        if mine is not None and mine == theirs:
            score += _SAME_SETTING
    if one.perceptual_hash is not None and other.perceptual_hash is not None:
        bits = (one.perceptual_hash ^ other.perceptual_hash).bit_count()
        if bits >= LOOKS_DIFFERENT_BITS:
            return min(_LOOKS_DIFFERENT, round(score, 9))
        score += _LOOKS_ALIKE * (bits <= LOOKS_ALIKE_BITS)
    score = round(score, 9)  # 0.4 + 0.1 is meant to be 0.5
    if apart <= WITHIN and score >= 0.5:
        score += 0.45
    elif apart <= 30 and score >= 0.8:
        score += 0.15
    return min(1.0, round(score, 9))


def _names(one: Frame, other: Frame) -> float:
    (base, number), (other_base, other_number) = one.named, other.named
    is_numbered = number is not None and other_number is not None and base == other_base
    if is_numbered and abs((number or 0) - (other_number or 0)) <= _MAX_NUMBER_GAP:
        return 0.4
    if min(len(base), len(other_base)) > _MIN_NAME:
        common = next(
            (place for place, (a, b) in enumerate(zip(base, other_base, strict=False)) if a != b),
            min(len(base), len(other_base)),
        )
        if common >= _COMMON_SHARE * min(len(base), len(other_base)):
            return 0.2
    return 0.0


def _sizes(one: int, other: int) -> float:
    mean = (one + other) / 2
    ratio = 1 - abs(one - other) / mean if mean else 0.0
    for limit, worth in _SIZES:
        if ratio > limit:
            return worth
    return 0.0
