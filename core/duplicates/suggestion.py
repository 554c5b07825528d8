"""Which of two pictures that look the same is worth keeping? A suggestion with its reasons; a person decides.

The rules are those of contract/behaviour.md, section 7. The signs are weak ones, so in doubt both are kept.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath

import msgspec

from core.media.facts import Exif

EDITING_WORDS = ("edited", "modified", "copy", "version", "final", "export")
"""What people and programs put into the name of a file that was made from another one."""

EDITING_SOFTWARE = ("Photoshop", "GIMP", "Lightroom", "Capture One")
"""Programs whose name in the Software tag says that the file did not come straight from a camera."""


class Action(StrEnum):
    """What can be done about the two."""

    KEEP_EXISTING = "keep_existing"
    REPLACE_WITH_NEW = "replace_with_new"
    KEEP_BOTH = "keep_both"


class Suggestion(msgspec.Struct, frozen=True):
    """``reasoning``: one or more readable sentences."""

    action: Action
    reasoning: str


def suggest(new_filename: str, existing_filename: str, existing_exif: Exif) -> Suggestion:
    """What to do about a new file that looks like a photo in the library."""
    new_word, existing_word = _editing_word(new_filename), _editing_word(existing_filename)
    action = Action.KEEP_BOTH
    reasons = []
    if new_word and not existing_word:
        action = Action.KEEP_EXISTING
        reasons.append(f"The name of the new file says “{new_word}”: it was probably made from the existing one.")
    elif existing_word and not new_word:
        action = Action.REPLACE_WITH_NEW
        reasons.append(f"The name of the existing photo says “{existing_word}”: the new file is probably its original.")
    reasons += _signs_of_editing(existing_exif)
    return Suggestion(
        action, " ".join(reasons) or "Nothing tells which of the two is the original; please compare them."
    )


def signs_of_editing(filename: str, exif: Exif) -> int:
    """How much speaks for a photo having been made with an editor: 0 nothing, 3 everything that is asked."""
    return bool(_editing_word(filename)) + len(_signs_of_editing(exif))


def _editing_word(filename: str) -> str | None:
    stem = PurePath(filename).stem.lower()
    return next((word for word in EDITING_WORDS if word in stem), None)


def _signs_of_editing(exif: Exif) -> list[str]:
    signs = []
    taken, modified = exif.date_time_original, exif.modify_date
    # zone-less ISO 8601 sorts as text
    if taken is not None and modified is not None and modified > taken:
        signs.append(f"The existing photo was changed ({_shown(modified)}) after it was taken ({_shown(taken)}).")
    software = (exif.software or "").lower()
    program = next((program for program in EDITING_SOFTWARE if program.lower() in software), None)
    if program is not None:
        signs.append(f"The existing photo was saved by {program}.")
    return signs


def _shown(date: str) -> str:
    return date.replace("T", " ")
