"""What do two file names tell about being of one burst? The forms are those of contract/behaviour.md, section 7.

Names are compared without their extension and without regard to case.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePath

MAX_SEQUENCE_GAP = 10
"""How far apart the running numbers of one burst may be; cameras skip some, and people delete some."""

# 20230506_070809, wherever it stands in the name.
_TIME = re.compile(r"(?<![0-9])(?P<date>(?:19|20)[0-9]{6})_(?P<time>[0-9]{6})")

# 20230506_070809_1a2b3c4d: phones give every frame of a second its own eight hex digits.
_TIME_AND_ID = re.compile(r"(?P<time>[0-9]{8}_[0-9]{6})_(?P<id>[0-9a-f]{8})")

# IMG_1234_BURST001, DSC_1234-5, IMG_1234_001, IMG1234: whatever stands before the last digits is the base.
_NUMBERED = re.compile(r"(?P<base>.*?)(?P<number>[0-9]+)", re.DOTALL)

_BRAND_FORMS = tuple(
    re.compile(form)
    for form in (
        r"img_[0-9]{4}_burst[0-9]{3}",
        r"dsc.*_burst",
        r"p[0-9]{7}_burst",
        r"_hdr",
        r"_bracket",
        r"pano_[0-9]+_[0-9]+",
    )
)


def time_in_name(filename: str) -> datetime | None:
    """The wall clock ``YYYYMMDD_HHMMSS`` anywhere in a name, zone-less; ``None`` where there is none."""
    found = _TIME.search(filename)
    if found is None:
        return None
    try:
        return datetime.strptime(found["date"] + found["time"], "%Y%m%d%H%M%S")
    except ValueError:
        return None


def name_one_second(a: str, b: str) -> bool:
    """Both are ``YYYYMMDD_HHMMSS_`` and 8 hex digits: the same time, but different digits."""
    first, second = _TIME_AND_ID.fullmatch(_stem(a)), _TIME_AND_ID.fullmatch(_stem(b))
    if first is None or second is None:
        return False
    return first["time"] == second["time"] and first["id"] != second["id"]


def follow_each_other(a: str, b: str) -> bool:
    """The same base, and running numbers 1 to ``MAX_SEQUENCE_GAP`` apart."""
    first, second = _NUMBERED.fullmatch(_stem(a)), _NUMBERED.fullmatch(_stem(b))
    if first is None or second is None or first["base"] != second["base"]:
        return False
    return 1 <= abs(int(first["number"]) - int(second["number"])) <= MAX_SEQUENCE_GAP


def share_a_brand_form(a: str, b: str) -> bool:
    """Both have the same one of the forms in which cameras mark bursts, brackets, HDR frames and panorama parts."""
    return any(form.search(_stem(a)) and form.search(_stem(b)) for form in _BRAND_FORMS)


def _stem(filename: str) -> str:
    return PurePath(filename).stem.lower()
