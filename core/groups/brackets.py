"""Which pictures are the frames of one exposure bracket?

Cameras that bracket say so in every frame (EXIF 2.32, ExposureMode 2) but number them in ways of their own; a bracket
is a run of such frames, one straight after the other, in which no exposure comes twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.groups.facts import GroupFacts
from core.groups.names import read_name

PAUSE = timedelta(seconds=2)
"""The longest time between the end of one frame and the beginning of the next."""

EXPOSURES_BETWEEN = 2
"""Exposure times that may pass from the beginning of one frame to that of the next: long ones are followed by a dark
frame of the same length that the camera subtracts."""

LONGEST_EXPOSURE = 60.0
"""Seconds; what is claimed beyond counts as this."""


def brackets(facts: Sequence[GroupFacts]) -> list[list[GroupFacts]]:
    """The brackets among some files, each with all files of its frames (RAW and JPEG), in the order of the frames."""
    found = []
    for run in runs(facts):
        bracket: list[list[GroupFacts]] = []
        for frame in run:
            if bracket and _begins_anew(bracket, frame):
                found.append(bracket)
                bracket = []
            bracket.append(frame)
        found.append(bracket)
    return [[fact for frame in bracket for fact in frame] for bracket in found if _is_bracket(bracket)]


def runs(facts: Sequence[GroupFacts]) -> list[list[list[GroupFacts]]]:
    """Frames that were taken one straight after the other with one camera, as lists of the files of each frame."""
    frames: defaultdict[tuple[str, str, str], list[GroupFacts]] = defaultdict(list)
    for fact in facts:
        if fact.is_bracketed and fact.taken is not None and fact.camera is not None:
            for directory, family in {(place.directory, read_name(place.filename).family) for place in fact.places}:
                frames[fact.camera, directory, family].append(fact)
    found: list[list[list[GroupFacts]]] = []
    before: tuple[str, str] | None = None
    for (camera, directory, _), frame in sorted(frames.items(), key=lambda item: (item[0][:2], _order(item[1]))):
        frame.sort(key=lambda fact: (fact.kind, fact.name, fact.asset_id))
        if before == (camera, directory) and follows(found[-1][-1][0], frame[0]):
            found[-1].append(frame)
        else:
            found.append([frame])
        before = camera, directory
    return found


def follows(one: GroupFacts, other: GroupFacts) -> bool:
    """Whether ``other`` began so soon after ``one`` that they may be of one bracket. Both know when they were taken."""
    assert one.taken is not None
    assert other.taken is not None
    return abs(other.taken - one.taken) <= reach(one)


def reach(fact: GroupFacts) -> timedelta:
    """How long after this frame the next one may begin."""
    exposure = min(max(fact.exposure_time or 0.0, 0.0), LONGEST_EXPOSURE)
    return PAUSE + timedelta(seconds=EXPOSURES_BETWEEN * exposure)


LONGEST_REACH = PAUSE + timedelta(seconds=EXPOSURES_BETWEEN * LONGEST_EXPOSURE)


def _order(frame: list[GroupFacts]) -> tuple[datetime, int, str]:
    return min((fact.taken or datetime.max, fact.sequence_number or 0, fact.name) for fact in frame)


def _begins_anew(bracket: list[list[GroupFacts]], frame: list[GroupFacts]) -> bool:
    exposures = {fact.exposure for before in bracket for fact in before}
    last, now = bracket[-1][0].sequence_number, frame[0].sequence_number
    return frame[0].exposure in exposures or (last is not None and now is not None and now <= last)


def _is_bracket(bracket: list[list[GroupFacts]]) -> bool:
    return len(bracket) > 1 and None not in {fact.exposure for frame in bracket for fact in frame}
