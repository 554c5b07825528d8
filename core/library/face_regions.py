"""Where is a face in the picture as it is stored?

We find faces in the upright picture. The Metadata Working Group's regions (Guidelines 2.0, chapter 5.9), as digiKam and
Immich write and read them, lie in the stored one, which EXIF's orientation has yet to turn.
"""

from __future__ import annotations

from core.library.sidecar_facts import FaceRegion
from core.media.facts import Box

_TRANSPOSED = frozenset({5, 6, 7, 8})
"""Orientations (EXIF 2.32, tag 0x0112) whose stored picture lies on its side."""


def stored_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height of the stored picture from those of the upright one."""
    return (height, width) if orientation in _TRANSPOSED else (width, height)


def stored_region(box: Box, width: int, height: int, orientation: int, name: str | None = None) -> FaceRegion:
    """Return a box of the upright picture (``width`` × ``height`` pixels) as a region of the stored one.

    ``orientation`` is EXIF's, 1–8; anything else counts as 1, as viewers do. What lies outside the picture is cut off.

    Raises:
        ValueError: the picture has no pixels.
    """
    if width <= 0 or height <= 0:
        raise ValueError(f"A picture of {width} × {height} pixels has no regions.")
    left, right = (min(max(edge / width, 0.0), 1.0) for edge in (box.x, box.x + box.width))
    top, bottom = (min(max(edge / height, 0.0), 1.0) for edge in (box.y, box.y + box.height))
    x, y, wide, high = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    if orientation in _TRANSPOSED:
        wide, high = high, wide
    x, y = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }.get(orientation, (x, y))
    return FaceRegion(x=x, y=y, width=wide, height=high, name=name)


def upright_box(region: FaceRegion, width: int, height: int, orientation: int) -> Box:
    """Return a region of the stored picture as a box of the upright one (``width`` × ``height`` pixels).

    The reverse of :func:`stored_region`, but for the rounding to whole pixels.
    """
    x, y, wide, high = region.x, region.y, region.width, region.height
    x, y = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }.get(orientation, (x, y))
    if orientation in _TRANSPOSED:
        wide, high = high, wide
    return Box(
        x=round((x - wide / 2) * width),
        y=round((y - high / 2) * height),
        width=round(wide * width),
        height=round(high * height),
    )
