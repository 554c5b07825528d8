"""Is one picture made of the other: smaller, compressed again, cut, turned, mirrored, tinted, written on?

Hashes only suspect. What confirms is the picture itself: local features (SIFT, Lowe, "Distinctive image features from
scale-invariant keypoints", IJCV 60, 2004) tell how one lies on the other, RANSAC (Fischler and Bolles, CACM 24, 1981)
drops those that do not agree, and then the one, moved onto the other, has to match it nearly everywhere. Another shot
of the same scene has the same features, but not the same picture: something moved, if only the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.media.fingerprint import turned
from core.media.resize import Pixels, shrink_to

WORKING_SIZE = 512
"""Longest side in pixels at which features are looked for."""

_FEATURES = 500
_CONTRAST = 0.02
"""Half of OpenCV's threshold for a feature: soft pictures have few."""

_COMPARED_SIZE = 256
"""Longest side in pixels at which pictures are compared once one lies on the other."""

_RATIO = 0.8
"""Lowe's: the nearest descriptor has to be this much nearer than the second."""

_FEWEST_MATCHES = 8
_REPROJECTION = 3.0
"""Pixels by which a feature may miss its place and still agree."""

_WINDOW = 13
"""Edge in pixels of the window around each pixel in which the two are compared."""

_TEXTURE = 8.0
"""Deviation of luminance (0–255) in a window below which there is too little to compare."""

_ALIKE = 0.75
"""Correlation of two windows from which they show the same; noise and compression take the rest."""

_AGREEING = 0.82
"""Share of the windows that have to be alike. Of pictures with ten changes each nine in ten copies reach 0.95, with a
caption 0.86. Frames of films half a second apart reach 0.5 to 0.9; some reach more, see :data:`_WHOLE`."""

_WHOLE = 0.995
"""Share from which a picture is wholly shown by the other. A copy is, or has been cut; of two shots each shows
something at its edge that the other does not, as no hand is that steady."""

_CUT = 0.97
"""Share of a picture up to which one says that it was cut. Between the two it was rather the camera that moved."""

_TURNED = 5.0
"""Degrees from which a picture has been turned: nobody holds a camera so differently for the very same picture."""

_TURNED_SHOWN = 0.6
"""Share of one of them that a turned copy has to show: turning cuts the corners."""

_LEAST_SHOWN = 0.15
"""Share of the larger that a cut copy has to show."""

Affine = NDArray[np.float64]


_RECOLOURED = 8.0
"""Distance of the mean colours (a* and b* of CIELAB) from which a copy is said to have other colours."""


class How(StrEnum):
    """What was done to a picture to make the other of it."""

    #: nothing that one sees: compressed again, another size, colours, a caption
    SAME = "same"
    CUT = "cut"
    TURNED = "turned"


class Copy(msgspec.Struct, frozen=True):
    """Two pictures are one. ``similarity``: the share of what both show that is the same, 0–1."""

    how: How
    similarity: float
    is_recoloured: bool = False


@dataclass(frozen=True)
class Features:
    """A picture as it is compared. ``luminance`` H × W, at most :data:`WORKING_SIZE`; ``colour`` the means of a* and
    b*; one row of ``points`` (x, y) and ``descriptors`` (128) for each feature."""

    luminance: Pixels
    colour: NDArray[np.float32]
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]


@dataclass(frozen=True)
class _Placed:
    """How well the one lies on the other.

    ``covered`` and ``shown``: the share of the other that the one covers, and of the one that the other shows, 0–1.
    ``matrix`` (2 × 3): where a pixel (x, y) of the one lies on the other.
    """

    agreement: float
    covered: float
    shown: float
    matrix: Affine


def features_of(rgb: Pixels) -> Features:
    """What is compared of an H × W × 3 RGB picture. About 35 ms."""
    small = shrink_to(rgb, WORKING_SIZE)
    luminance = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    colour = np.array(cv2.mean(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))[1:3], np.float32)
    found = cv2.SIFT.create(nfeatures=_FEATURES, contrastThreshold=_CONTRAST).detectAndCompute(luminance, None)
    keypoints, descriptors = found
    if descriptors is None:
        return Features(luminance, colour, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    return Features(luminance, colour, points, descriptors.astype(np.float32, copy=False))


def copy_of(one: Features, other: Features, orientation: int | None = None) -> Copy | None:
    """Whether one of two pictures was made of the other, and how; the order of the two hardly matters.

    ``orientation`` is how the one has to be turned to look like the other, where hashes suspect one (see
    :func:`core.media.fingerprint.turned`): then no features need to be matched.
    """
    is_recoloured = bool(np.abs(one.colour - other.colour).max() > _RECOLOURED)
    if orientation is not None:
        agreement = _placed_by_size(turned(one.luminance, orientation), other.luminance).agreement
        if agreement >= _AGREEING:
            return Copy(How.SAME if orientation == 0 else How.TURNED, agreement, is_recoloured)
    best: Copy | None = None
    for mirrored in (False, True):
        matrix = _matrix(one, other, mirrored)
        placed = None if matrix is None else _placed(one.luminance, other.luminance, matrix)
        how = None if placed is None else _how(placed)
        if placed is not None and how is not None and (best is None or placed.agreement > best.similarity):
            best = Copy(how, placed.agreement, is_recoloured)
    return best


def _how(placed: _Placed) -> How | None:
    if placed.agreement < _AGREEING:
        return None
    least, most = sorted((placed.covered, placed.shown))
    linear = placed.matrix[:, :2]
    left, _, right = np.linalg.svd(linear)
    turn = left @ right
    is_mirrored = float(np.linalg.det(linear)) < 0
    degrees = float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))
    if abs(degrees - 90 * round(degrees / 90)) > _TURNED:
        return How.TURNED if most >= _TURNED_SHOWN and least >= _LEAST_SHOWN else None
    if least >= _WHOLE:
        return How.TURNED if is_mirrored or round(degrees / 90) else How.SAME
    return How.CUT if most >= _WHOLE and _LEAST_SHOWN <= least <= _CUT else None


def _matrix(one: Features, other: Features, mirrored: bool) -> Affine | None:
    if min(len(one.points), len(other.points)) < _FEWEST_MATCHES:
        return None
    points, descriptors = one.points, one.descriptors
    if mirrored:
        points = np.array([one.luminance.shape[1] - 1, 0], np.float32) + points * np.array([-1, 1], np.float32)
        descriptors = _mirrored(descriptors)
    nearest = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, other.descriptors, k=2)
    found = [pair[0] for pair in nearest if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(found) < _FEWEST_MATCHES:
        return None
    here = points[[match.queryIdx for match in found]]
    there = other.points[[match.trainIdx for match in found]]
    found_matrix, agreeing = cv2.estimateAffine2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION, maxIters=2000, confidence=0.999
    )
    if found_matrix is None or int(agreeing.sum()) < _FEWEST_MATCHES:
        return None
    matrix: Affine = found_matrix.astype(np.float64)
    if mirrored:
        matrix = matrix @ np.array([[-1, 0, one.luminance.shape[1] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return matrix


def _mirrored(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The descriptors that the mirrored picture would have: 4 × 4 cells of 8 directions, each across the axis."""
    cells = descriptors.reshape(-1, 4, 4, 8)[:, ::-1]
    return np.ascontiguousarray(cells[..., (8 - np.arange(8)) % 8].reshape(-1, 128))


def _placed_by_size(one: Pixels, other: Pixels) -> _Placed:
    """The one (luminance, H × W) stretched over the whole of the other."""
    height, width = one.shape
    other_height, other_width = other.shape
    across, down = other_width / width, other_height / height
    matrix = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]], np.float64)
    placed = _placed(one, other, matrix)
    assert placed is not None, "a picture that is stretched over another covers it"
    return placed


def _placed(one: Pixels, other: Pixels, matrix: Affine) -> _Placed | None:
    """Lays the one on the other and compares them where both are; ``None`` where they hardly meet."""
    height, width = other.shape
    scale = min(1.0, _COMPARED_SIZE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    there = cv2.resize(other, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    moved = np.vstack([matrix, [0, 0, 1]])
    # a pixel's centre is at half of it
    shrunk = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1]], np.float64) @ moved
    grown = float(np.sqrt(abs(np.linalg.det(shrunk[:2, :2]))))
    if not 1e-2 < grown < 1e2:
        return None
    # a picture that gets smaller is averaged first; warping takes single pixels
    before = min(1.0, 2 * grown)
    smaller = one if before == 1.0 else cv2.resize(one, None, fx=before, fy=before, interpolation=cv2.INTER_AREA)
    factors = np.array([one.shape[1] / smaller.shape[1], one.shape[0] / smaller.shape[0]])
    back = np.diag([*factors, 1.0])
    back[:2, 2] = (factors - 1) / 2
    warp = (shrunk @ back)[:2]
    here = cv2.warpAffine(smaller, warp, size, flags=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.warpAffine(np.full(smaller.shape, 255, np.uint8), warp, size, flags=cv2.INTER_NEAREST) == 255
    covered = float(mask.mean())
    area = grown**2 * one.shape[0] * one.shape[1]
    shown = min(1.0, float(mask.sum()) / area)
    return _Placed(_agreement(here, there, mask), covered, shown, matrix)


def _agreement(here: NDArray[np.float32], there: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    weight = cv2.boxFilter(mask.astype(np.float32), -1, (_WINDOW, _WINDOW))
    inside = weight > 0.99

    def mean(of: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.boxFilter(of, -1, (_WINDOW, _WINDOW)).astype(np.float32, copy=False)

    mean_here, mean_there = mean(here), mean(there)
    variance_here = np.maximum(mean(here * here) - mean_here**2, 0)
    variance_there = np.maximum(mean(there * there) - mean_there**2, 0)
    covariance = mean(here * there) - mean_here * mean_there
    textured = inside & (np.maximum(variance_here, variance_there) > _TEXTURE**2)
    if not textured.any():
        return 0.0
    correlation = covariance[textured] / np.sqrt((variance_here[textured] + 1) * (variance_there[textured] + 1))
    return float((correlation > _ALIKE).mean())
