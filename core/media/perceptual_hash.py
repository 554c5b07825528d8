"""How alike do two pictures look?

The hash is the classic 64-bit DCT hash as ``imagehash.phash`` computes it: 32 × 32 luminance, its 8 × 8 lowest
frequencies, each bit telling whether a frequency lies above their median. It survives re-encoding, resizing and mild
edits. It is kept as 64 characters, row by row, because the database column and the HTTP contract compare characters.
"""

from __future__ import annotations

import cv2
import imagehash
from PIL import Image

from core.media.resize import Pixels, shrink_to

WORKING_SIZE = 512
"""Longest side in pixels from which the hash is computed. Smaller input only saves time: see the tests for the bits."""


def perceptual_hash(rgb: Pixels) -> str:
    """The DCT hash of an H × W × 3 RGB picture as 64 characters of ``0`` and ``1``, row by row."""
    luminance = cv2.cvtColor(shrink_to(rgb, WORKING_SIZE), cv2.COLOR_RGB2GRAY)
    bits = imagehash.phash(Image.fromarray(luminance)).hash.flatten()
    return "".join("1" if bit else "0" for bit in bits)


def hamming(a: str, b: str) -> int:
    """The number of positions at which two hashes differ, 0–64. Raises ``ValueError`` when their lengths differ."""
    return sum(left != right for left, right in zip(a, b, strict=True))


def similarity(a: str, b: str) -> int:
    """Equal positions in per cent, rounded to an integer; 0 for hashes of different lengths or of none."""
    if len(a) != len(b) or not a:
        return 0
    return round(100 * (len(a) - hamming(a, b)) / len(a))
