"""What do the texts of a PNG say? Keywords: PNG third edition, 11.3.3.2."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from core.media.metadata import Metadata, Refused, Said, WrittenTime
from core.media.metadata_text import clean
from core.media.written_time import is_blank_date, written_time


def png_metadata(texts: tuple[tuple[str, str], ...]) -> Metadata:
    """What (keyword, text) pairs say; of two with one keyword the first. Remarks of programs (``Comment``) are left."""
    named: dict[str, str] = {}
    for keyword, text in texts:
        if (cleaned := clean(text)) is not None:
            named.setdefault(keyword.strip().title(), cleaned)

    def said(keyword: str) -> Said[str] | None:
        return Said(named[keyword], f"png:{keyword}") if keyword in named else None

    author, created = said("Author"), said("Creation Time")
    moment = _moment(created.value) if created else None
    refused: tuple[Refused, ...] = ()
    if created and moment is None:
        reason = "it was left blank" if is_blank_date(created.value) else "it is no date"
        refused = (Refused(created.origin, created.value, reason),)
    return Metadata(
        title=said("Title"),
        description=said("Description"),
        creators=Said((author.value,), author.origin) if author else None,
        copyright=said("Copyright"),
        software=said("Software"),
        taken=Said(moment, created.origin) if created and moment else None,
        refused=refused,
    )


def _moment(text: str) -> WrittenTime | None:
    """RFC 1123, as the standard suggests, or what EXIF and ISO 8601 have."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return written_time(text)
    return written_time(moment.isoformat())
