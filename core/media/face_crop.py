"""Which part of a picture shows a face?

The rule is the contract's (behaviour §9). This module is named by the main process, so what needs pixel libraries is
imported where it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.media.facts import Box, Format

if TYPE_CHECKING:
    from core.media.resize import Pixels

CROP_EDGE = 200
"""Edge of the crop in pixels."""

CROP_QUALITY = 85
"""JPEG quality 0–100."""

PADDING = 1.2
"""The square is so many times the longer side of the box."""

TOO_LARGE = 0.9
"""Where that is more than the image has: share of the image's shorter side."""

DARK = 40.0
"""Mean brightness 0–255 below which more of the surroundings is shown: half the image's shorter side."""

SOURCE_LONGEST = 4096
"""Pixels of the longest side that the picture is decoded to: a face of a fortieth of it still fills half the crop."""


@dataclass(frozen=True)
class Square:
    """A square within an image, in its pixels."""

    left: int
    top: int
    side: int


def square_around(box: Box, width: int, height: int) -> Square:
    """The square that shows the face in ``box``, within an image of ``width`` × ``height`` pixels."""
    side = PADDING * max(box.width, box.height)
    shorter = min(width, height)
    return _within(box, TOO_LARGE * shorter if side > shorter else side, width, height)


def wider_square(box: Box, width: int, height: int) -> Square:
    """Half the image's shorter side around the face, for faces in the dark."""
    return _within(box, min(width, height) / 2, width, height)


def _within(box: Box, side: float, width: int, height: int) -> Square:
    edge = max(1, round(side))
    left = round(box.x + box.width / 2 - edge / 2)
    top = round(box.y + box.height / 2 - edge / 2)
    return Square(max(0, min(left, width - edge)), max(0, min(top, height - edge)), edge)


def render_face_crop(path: Path, media_format: Format, box: Box) -> bytes:
    """A JPEG of :data:`CROP_EDGE` pixels of the face in ``box``, given in pixels of the full-size upright image.

    Runs in a worker. Raises :class:`core.errors.Undecodable`.
    """
    from core.media.decode import decode
    from core.media.thumbnails import square_thumbnail

    decoded = decode(str(path), media_format, SOURCE_LONGEST)
    scale = decoded.rgb.shape[1] / decoded.full_width

    def cut(square: Square) -> Pixels:
        left, top = round(square.left * scale), round(square.top * scale)
        side = max(1, round(square.side * scale))
        return decoded.rgb[top : top + side, left : left + side]

    face = cut(square_around(box, decoded.full_width, decoded.full_height))
    if float(face.mean()) < DARK:
        face = cut(wider_square(box, decoded.full_width, decoded.full_height))
    return square_thumbnail(face, CROP_EDGE, CROP_QUALITY)
