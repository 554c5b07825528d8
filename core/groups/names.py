"""What does a file's name tell about the other files of the same picture?

Names are compared without regard to case and Unicode form: macOS writes ``é`` as two characters.
"""

from __future__ import annotations

import os
import re
import unicodedata

import msgspec


class Named(msgspec.Struct, frozen=True):
    """A file name taken apart.

    ``family`` is what the name of the original has in common with those of its edits, folded; ``edit`` the mark of the
    edit, empty for the original itself. ``is_motion``: the name says that picture and film are one.
    """

    family: str
    edit: str = ""
    is_motion: bool = False


# Google Photos appends the word "edited" in the language of the account, the export (Takeout) likewise; the list that
# its users have collected (google-photos-takeout-helper, "extra formats") and the same word in further languages.
_GOOGLE = (
    *("edited", "effects", "smile", "bearbeitet", "bewerkt", "modifié", "modificato", "ha editado", "editado"),
    *("editada", "editat", "edytowane", "redigerad", "redigeret", "redigert", "muokattu", "düzenlendi", "upraveno"),
    *("изменено", "отредактировано", "編集済み", "已修改", "已編輯", "편집됨"),
)

# Lightroom's IMG_1-Edit, IMG_1-Edit-2 and IMG_1-Enhanced-NR, Samsung's and Xiaomi's IMG_1_edit_58421593422, and what
# people write.
_PROGRAMS = ("edit", "edited", "enhanced", "enhanced-nr")

_EDIT = re.compile(
    "(?P<base>.+?)"
    f"(?P<edit>-(?:{'|'.join(_GOOGLE)})|[-_ ](?:{'|'.join(_PROGRAMS)})(?:[-_][0-9]+)?|~[0-9]{{1,2}})"
    # a second file of one name: IMG_1-edited(1) is the edit of IMG_1(1)
    r"(?P<copy> ?\([0-9]+\))?",
    re.DOTALL,
)

# The iPhone keeps IMG_1234 and writes what was edited as IMG_E1234.
_IPHONE_EDIT = re.compile(r"img_e(?P<rest>[0-9]{4,}.*)", re.DOTALL)

# Pixel: PXL_20240726_143025123.RAW-01.COVER, .RAW-02.ORIGINAL, .PORTRAIT-01.COVER, .MP, .RAW-01.MP.COVER, .NIGHT
_PIXEL = re.compile(r"(?P<base>pxl_[0-9]{8}_[0-9]{9})(?P<parts>(?:\.[a-z]+(?:-[0-9]+)?)+)(?P<rest>.*)", re.DOTALL)
_COVER, _ORIGINAL, _MOTION, _RAW = "cover", "original", "mp", "raw"

_MOTION_PREFIX = "mvimg_"


def read_name(filename: str) -> Named:
    """Takes a file name (with its extension, without folders) apart."""
    stem = unicodedata.normalize("NFC", os.path.splitext(filename)[0]).casefold()  # noqa: PTH122 - a name, no path
    family, edits, is_motion = stem, [], stem.startswith(_MOTION_PREFIX)
    if (pixel := _PIXEL.fullmatch(stem)) is not None:
        family, edit, is_motion = _read_pixel(pixel)
        edits += [edit] if edit else []
    while (found := _EDIT.fullmatch(family)) is not None:
        family = found["base"] + (found["copy"] or "")
        edits.insert(0, found["edit"])
    if (iphone := _IPHONE_EDIT.fullmatch(family)) is not None:
        family = f"img_{iphone['rest']}"
        edits.insert(0, "e")
    return Named(family, "".join(edits), is_motion)


def _read_pixel(name: re.Match[str]) -> tuple[str, str, bool]:
    parts = [part.partition("-")[0] for part in name["parts"].split(".")[1:]]
    processed = [part for part in parts if part not in (_COVER, _ORIGINAL, _MOTION, _RAW)]
    # the portrait is what the camera made of the original; beside a RAW, the cover is the picture itself
    is_made = _COVER in parts and bool(processed)
    return name["base"] + name["rest"], ".".join(processed) if is_made else "", _MOTION in parts
