"""A digest as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from core.digest.gather import Digest
from core.passes.runs import UNFINISHED

#: For one of a kind, and for more.
_WAITING = {
    "uploadConflicts": (
        "upload that looks like a photo in the library",
        "uploads that look like photos in the library",
    ),
    "unnamedFaces": ("face without a name", "faces without a name"),
    "suggestedFaces": (
        "face of which it is known whose it may be",
        "faces of which it is known whose they may be",
    ),
    "faceGroups": ("person whom nobody has named", "people whom nobody has named"),
    "duplicates": ("picture that is there more than once", "pictures that are there more than once"),
    "bursts": ("burst that nothing was chosen from", "bursts that nothing was chosen from"),
    "occasions": ("trip or party that was found", "trips and parties that were found"),
}


def subject(digest: Digest) -> str:
    """One line."""
    photos = _counted(digest.taken_in, "new photo", "new photos")
    trouble = f", {len(digest.troubles)} to look at" if digest.troubles else ""
    return f"Pictallion: {photos}{trouble}"


def page(digest: Digest, zone: str) -> str:
    """All of it, with times of the wall clock in ``zone``, an IANA name."""
    return "\n".join(_lines(digest, ZoneInfo(zone))) + "\n"


def _lines(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    yield f"From {digest.since.astimezone(zone):%Y-%m-%d %H:%M} to {digest.until.astimezone(zone):%Y-%m-%d %H:%M}"
    yield ""
    taken_in = _counted(digest.taken_in, "photo was", "photos were")
    yield f"{taken_in} taken in, {digest.described} described, {digest.changed} changed."
    waiting = [
        f"  {_counted(count, *_WAITING.get(kind, (kind, kind)))}" for kind, count in digest.waiting.items() if count
    ]
    if waiting:
        yield from ("", "Waiting for you:", *waiting)
    if digest.troubles:
        yield from ("", "To look at:", *(f"  {trouble.sentence}" for trouble in digest.troubles))
    if digest.passes:
        yield from ("", "What ran:")
        for run in digest.passes:
            worked = "after" if run.state in UNFINISHED else "in"
            yield f"  {run.name}: {run.state} {worked} {run.seconds:.0f} s" + (f": {run.reason}" if run.reason else "")
    if not digest.troubles:
        yield from ("", "All is well.")


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
