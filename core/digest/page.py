"""A digest as a page of text."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from core.digest.gather import Digest

_WAITING = {
    "uploadConflicts": "uploads that look like photos in the library",
    "unnamedFaces": "faces without a name",
    "suggestedFaces": "faces of which it is known whose they may be",
    "faceGroups": "people whom nobody has named",
    "duplicates": "pictures that are there more than once",
    "bursts": "bursts that nothing was chosen from",
    "occasions": "trips and parties that were found",
}


def subject(digest: Digest) -> str:
    """One line."""
    trouble = f", {len(digest.troubles)} to look at" if digest.troubles else ""
    return f"Pictallion: {digest.taken_in} new photos{trouble}"


def page(digest: Digest, zone: str) -> str:
    """All of it, with times of the wall clock in ``zone``, an IANA name."""
    return "\n".join(_lines(digest, ZoneInfo(zone))) + "\n"


def _lines(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    yield f"From {digest.since.astimezone(zone):%Y-%m-%d %H:%M} to {digest.until.astimezone(zone):%Y-%m-%d %H:%M}"
    yield ""
    yield f"{digest.taken_in} photos were taken in, {digest.described} described, {digest.changed} changed."
    waiting = [f"  {count} {_WAITING.get(kind, kind)}" for kind, count in digest.waiting.items() if count]
    if waiting:
        yield from ("", "Waiting for you:", *waiting)
    if digest.troubles:
        yield from ("", "To look at:", *(f"  {trouble.sentence}" for trouble in digest.troubles))
    if digest.passes:
        yield from ("", "What ran:")
        for run in digest.passes:
            yield f"  {run.name}: {run.state} in {run.seconds:.0f} s" + (f": {run.reason}" if run.reason else "")
    if not digest.troubles:
        yield from ("", "All is well.")
