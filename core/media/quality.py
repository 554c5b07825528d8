"""How good is a picture, technically?

Everything is measured on the luminance (ITU-R BT.601, 0–255) of one fixed size, because the variance of the Laplacian
depends on the size: the same photo at twice the size looks several times blurrier.
"""

from __future__ import annotations

import cv2

from core.media.facts import Quality
from core.media.resize import Pixels, shrink_to

WORKING_SIZE = 512
"""Longest side in pixels. Smaller pictures are measured as they are."""

CLIPPED_WHITE = 253
"""Luminance 0–255 from which a pixel counts as blown out; two steps of room for JPEG's rounding."""

CLIPPED_BLACK = 2
"""Luminance 0–255 up to which a pixel counts as lost in the shadows; the same room."""


def measure_quality(rgb: Pixels) -> Quality:
    """Sharpness, brightness, contrast and clipping of an H × W × 3 RGB picture; units as in ``Quality``.

    Sharpness is the variance of the 3 × 3 Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield
    microscopy", ICPR 2000).
    """
    luminance = cv2.cvtColor(shrink_to(rgb, WORKING_SIZE), cv2.COLOR_RGB2GRAY)
    _, laplacian_deviation = cv2.meanStdDev(cv2.Laplacian(luminance, cv2.CV_16S))
    mean, deviation = cv2.meanStdDev(luminance)
    return Quality(
        sharpness=float(laplacian_deviation[0, 0] ** 2),
        brightness=float(mean[0, 0]) / 255,
        contrast=float(deviation[0, 0]) / 255,
        highlights=float((luminance >= CLIPPED_WHITE).mean()),
        shadows=float((luminance <= CLIPPED_BLACK).mean()),
    )
