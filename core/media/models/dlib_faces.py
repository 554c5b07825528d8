"""What does dlib do for faces: finding them without CenterFace, aligning them, and its network of last resort.

Importing this module imports dlib, which may be missing or not load on a machine; its callers are ready for that.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from core.media.models import dlib_resnet
from core.media.models.centerface import Detection
from core.media.models.opencv import open_network
from core.media.models.prepared import prepared
from core.media.models.shipped import ModelUnusable, read_pinned

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

LANDMARKS_SHA256 = "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888"
"""Of ``shape_predictor_5_face_landmarks.dat`` in face_recognition_models 0.3.0."""

HOG_LONGEST_SIDE = 640
"""Pixels. Upsampled once, HOG finds 97 % of the faces that CenterFace finds; not upsampled, 69 %."""

CHIP_PADDING = 0.25
"""Margin around the aligned face as a share of its size; the network was trained with it."""

EMBEDDING_TOLERANCE = 1e-4
"""Largest difference of one number between OpenCV's and dlib's embedding; measured is 5e-7, and faces of one person
differ by about 0.4 in all."""

_PREPARED_NAME = "dlib_face_recognition_resnet_v1-1.onnx"


def hog_locator() -> Callable[[NDArray[np.uint8]], list[Detection]]:
    """Returns a function that finds upright, frontal faces, surest first, from 40 pixels at :data:`HOG_LONGEST_SIDE`.

    HOG's score is a distance from a decision boundary; the logistic function brings it to 0.5–1 in the same order.
    """
    detector = dlib.get_frontal_face_detector()

    def locate(rgb: NDArray[np.uint8]) -> list[Detection]:
        height, width = rgb.shape[:2]
        scale = min(1.0, HOG_LONGEST_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
        across, down = width / size[0], height / size[1]
        rectangles, scores, _ = detector.run(small, 1, 0.0)
        return [
            Detection(
                left=rectangle.left() * across,
                top=rectangle.top() * down,
                right=(rectangle.right() + 1) * across,
                bottom=(rectangle.bottom() + 1) * down,
                score=1 / (1 + math.exp(-score)),
            )
            for rectangle, score in zip(rectangles, scores, strict=True)
        ]

    return locate


def aligner(landmarks: Path) -> Callable[[NDArray[np.uint8], Detection], NDArray[np.uint8]]:
    """Returns a function that cuts the face in a box, as dlib's HOG draws it, out upright: 150×150×3, RGB.

    ``landmarks`` is dlib's file of five landmarks. Raises :class:`ModelUnusable` when it is not that file.
    """
    read_pinned(landmarks, LANDMARKS_SHA256)
    predictor = dlib.shape_predictor(str(landmarks))

    def align(rgb: NDArray[np.uint8], box: Detection) -> NDArray[np.uint8]:
        rectangle = dlib.rectangle(round(box.left), round(box.top), round(box.right) - 1, round(box.bottom) - 1)
        shape = predictor(rgb, rectangle)
        chip: NDArray[np.uint8] = dlib.get_face_chip(rgb, shape, dlib_resnet.CHIP_SIZE, CHIP_PADDING)
        return chip

    return align


@dataclass(frozen=True)
class Embedder:
    """``embed`` turns a chip (150×150×3, RGB) into 128 numbers; where it is dlib's slow one, ``notes`` say why."""

    embed: Embed
    notes: tuple[str, ...] = ()


def embedder(resnet: Path, cache_dir: Path) -> Embedder:
    """Returns the fastest way to embed a face that gives dlib's numbers.

    ``resnet`` is dlib's file of the network, ``cache_dir`` the place for its ONNX form. That form is compared with dlib
    once, before it is kept; where it differs or cannot be kept, dlib itself embeds.
    Raises :class:`ModelUnusable` when ``resnet`` has to be read and is not that file.
    """
    try:
        path = prepared(cache_dir, _PREPARED_NAME, lambda: _convert_and_compare(resnet))
        return Embedder(_opencv_embedder(open_network(path)))
    except (OSError, cv2.error, ModelUnusable) as error:
        read_pinned(resnet, dlib_resnet.SHA256)
        return Embedder(_dlib_embedder(resnet), (f"Faces are embedded by dlib, nine times slower: {error}",))


def _convert_and_compare(resnet: Path) -> bytes:
    content = dlib_resnet.convert(resnet)
    chip = _reference_chip()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "network.onnx")
        path.write_bytes(content)
        embedding = _opencv_embedder(open_network(path))(chip)
    difference = float(np.abs(embedding - _dlib_embedder(resnet)(chip)).max())
    if not difference <= EMBEDDING_TOLERANCE:
        raise ModelUnusable(f"On this machine OpenCV's embedding of a face differs from dlib's by {difference:.2g}.")
    return content


def _reference_chip() -> NDArray[np.uint8]:
    """Any picture does that is neither flat nor symmetric and differs between its colours."""
    rows, columns, colours = np.indices((dlib_resnet.CHIP_SIZE, dlib_resnet.CHIP_SIZE, 3))
    waves = np.sin(rows / (7 + 3 * colours)) + np.cos(columns / (11 - 2 * colours) + rows / 40)
    chip: NDArray[np.uint8] = np.rint((waves + 2) / 4 * 255).astype(np.uint8)
    return chip


def _opencv_embedder(net: Any) -> Embed:
    def embed(chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        net.setInput(cv2.dnn.blobFromImage(chip))
        embedding: NDArray[np.float32] = net.forward()[0].copy()
        return embedding

    return embed


def _dlib_embedder(resnet: Path) -> Embed:
    model = dlib.face_recognition_model_v1(str(resnet))

    def embed(chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.array(model.compute_face_descriptor(chip), dtype=np.float32)

    return embed
