"""Does a column hold a text, whatever its case? Also where the database knows the case of ASCII letters only.

SQLite's ``lower`` leaves É and Ö as they are. So a text is looked for as it is written, in small letters, in capitals
and with initial capitals, each with its accents in both of Unicode's forms; ASCII letters match in any case.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, case, false, func, or_

_SMALL: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_FEW: Final = 10


def is_one_of(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """That the column is one of the texts."""
    return func.lower(column).in_([spelling for text in texts for spelling in spellings(text)])


def has_any(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """That one of the texts is somewhere in the column."""
    found = [column.icontains(one, autoescape=True) for text in texts for one in spellings(text)]
    if len(found) < _FEW:
        return or_(false(), *found)
    # SQLite takes expressions of 1000 levels: OR has a level for each of its parts, CASE has one for all of them
    return case(*((each, 1) for each in found), else_=0) == 1


def spellings(text: str) -> list[str]:
    """How a text may be written, with ASCII letters small."""
    cased = (text, text.lower(), text.upper(), text.capitalize(), text.title())
    forms = (unicodedata.normalize(form, one) for one in cased for form in ("NFC", "NFD"))
    return list(dict.fromkeys(form.translate(_SMALL) for form in forms))
