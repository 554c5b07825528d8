"""What do the 1000 classes of ImageNet mean in everyday words?

ImageNet tells 118 breeds of dogs apart and knows no class for a dog. The table ``imagenet_classes.txt`` gives every
class a common English name and, after a tab, the everyday group it belongs to; line *n* is class *n − 1* of ILSVRC
2012. A class without a group is no sign of anything larger than itself (a candle, an umbrella), or is what the
classifier says of pictures it does not understand (a roundworm, a ping-pong ball, an envelope). There is no class, and
so no group, for people, forests, trees or parties. What a class is called in ImageNet is not always what its pictures
show: those of dog sleds show snow, those of web sites whatever a screen shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SCENES = frozenset(
    {
        "bridge",
        "building",
        "coast",
        "document",
        "farm",
        "flowers",
        "food",
        "fruit",
        "garden",
        "harbour",
        "house",
        "lake",
        "landscape",
        "monument",
        "mountain",
        "place of worship",
        "plant",
        "screenshot",
        "shop",
        "snow",
        "street",
    }
)
"""Groups of what fills a picture, in many forms: places, plants, meals, written matter."""

ANIMALS = frozenset(
    {
        "amphibian",
        "antelope",
        "bear",
        "big cat",
        "bird",
        "butterfly",
        "camel",
        "cat",
        "dog",
        "elephant",
        "farm animal",
        "fish",
        "horse",
        "insect",
        "marine mammal",
        "marsupial",
        "monkey",
        "rabbit",
        "reptile",
        "rodent",
        "sea life",
        "small mammal",
        "snake",
        "spider",
        "wild dog",
    }
)
"""Groups of animals. Every group that is in neither set is a thing, or a sight of things."""


@dataclass(frozen=True)
class ImageNet:
    """``classes``: 1000 names in the classifier's order. ``groups``: about 80 names, in alphabetical order.

    ``membership`` is float32 [groups, classes], 1 where a class belongs to a group and 0 elsewhere: multiplied with the
    probabilities of the classes it yields those of the groups.
    """

    classes: tuple[str, ...]
    groups: tuple[str, ...]
    membership: NDArray[np.float32]


def read_imagenet() -> ImageNet:
    """Reads the table."""
    lines = files("core.media").joinpath("imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
    classes, _, of_class = zip(*(line.partition("\t") for line in lines), strict=True)
    groups = tuple(sorted(set(of_class) - {""}))
    membership = np.array([[of == group for of in of_class] for group in groups], dtype=np.float32)
    return ImageNet(classes, groups, membership)
