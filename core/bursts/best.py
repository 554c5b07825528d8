"""Which frame of a burst is worth keeping, and why?

What is measured on one frame is only compared with the others of its burst: they show the same thing, so that the
sharper one is in better focus or was held more quietly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.bursts.likeness import Frame

FACES_WEIGHT = 0.25
"""What the faces that were found count beside sharpness, which is 0–1: eyes that are open are found more often."""

NO_FACE = 0.5
"""What the sharpness of a frame counts in which no face was found, where there are some in others of the burst."""

CLIPPED_BY_FAR = 0.02
"""Share of the pixels: so much less clipped is said to be better exposed."""

SHARPER_BY_FAR = 1.1
"""Times as sharp as the next: what is said to be sharper. Below it noise decides."""


class Best(msgspec.Struct, frozen=True):
    """A frame and, as a sentence, why it is proposed."""

    frame: Frame
    reason: str


def best_of(frames: Sequence[Frame]) -> Best:
    """The best of some frames: quality first, where it was measured; then the largest file, then the newest."""
    sharpness = _sharpness(frames)
    most_faces = max(frame.faces for frame in frames)

    qualities = [
        round(share * (1 - min(1.0, frame.clipped)) + FACES_WEIGHT * frame.faces / max(1, most_faces), 3)
        for share, frame in zip(sharpness, frames, strict=True)
    ]

    def key(place: int) -> tuple[float, int, datetime, str]:
        frame = frames[place]
        return qualities[place], frame.file_size, frame.created_at, frame.id

    best = max(range(len(frames)), key=key)
    is_ahead = qualities.count(max(qualities)) == 1
    return Best(frames[best], _reason(frames, sharpness, best) if is_ahead else _by_file(frames, frames[best]))


def _sharpness(frames: Sequence[Frame]) -> list[float]:
    """0–1, of the sharpest: in the faces where there are some, else where the picture is sharpest, else of all of it.

    The first of these that is known of every frame is what they are compared by.
    """
    subject = _shares([frame.subject_sharpness for frame in frames]) or _shares([frame.sharpness for frame in frames])
    whole = subject or [0.0] * len(frames)
    in_faces = [frame.face_sharpness for frame in frames]
    sharpest = max((value for value in in_faces if value is not None), default=0.0)
    if not sharpest:
        return whole
    return [
        NO_FACE * share if value is None else value / sharpest for value, share in zip(in_faces, whole, strict=True)
    ]


def _shares(values: Sequence[float | None]) -> list[float] | None:
    """Each as a share of the largest; ``None`` where one is not known, or all are nothing."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not max(known):
        return None
    return [value / max(known) for value in known]


def _reason(frames: Sequence[Frame], sharpness: Sequence[float], best: int) -> str:
    others = [frame for place, frame in enumerate(frames) if place != best]
    frame = frames[best]
    reasons = []
    if frame.faces > max(other.faces for other in others):
        reasons.append("shows the most faces" if frame.faces > 1 else "is the only one that shows a face")
    if sharpness[best] > SHARPER_BY_FAR * max(sharpness[place] for place in range(len(frames)) if place != best):
        reasons.append("has the sharpest faces" if frame.face_sharpness is not None else "is the sharpest")
    if min(other.clipped for other in others) - frame.clipped > CLIPPED_BY_FAR:
        reasons.append("is the best exposed")
    if not reasons:
        return f"It is the best of {len(frames)} by a little, in sharpness, faces and exposure together."
    *first, last = reasons
    return f"Of {len(frames)} frames it {', '.join(first)}{' and ' if first else ''}{last}."


def _by_file(frames: Sequence[Frame], best: Frame) -> str:
    if all(other.file_size < best.file_size for other in frames if other is not best):
        return f"The {len(frames)} frames are equally good as far as was measured; it is the largest file."
    return f"The {len(frames)} frames are equally good as far as was measured; it is the newest of the largest files."
