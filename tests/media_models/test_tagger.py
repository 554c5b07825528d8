"""A picture is tagged with what is in its middle, in everyday words, and doubt is silence."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from core.media.imagenet_groups import ANIMALS, SCENES, read_imagenet
from core.media.models.shipped import ModelUnusable
from core.media.tagger import LEAF_THRESHOLD, MODEL, Tagger, group_thresholds, load_tagger, tag_picture

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def tagger(cache_dir: Path) -> Tagger:
    return load_tagger(cache_dir)


def _drawn_clock(width: int, height: int) -> Pixels:
    """A white clock face with twelve strokes and two hands on a brown wall, in the middle."""
    image = Image.new("RGB", (width * 2, height * 2), (120, 84, 60))
    draw = ImageDraw.Draw(image)
    x, y, radius = width, height, min(width, height) * 0.8
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), (245, 245, 240), (20, 20, 20), round(radius / 14))
    for hour in range(12):
        sine, cosine = math.sin(hour * math.pi / 6), math.cos(hour * math.pi / 6)
        ends = [(x + sine * radius * share, y - cosine * radius * share) for share in (0.72, 0.86)]
        draw.line(ends, (20, 20, 20), round(radius / 20))
    for angle, length in ((5.3, 0.45), (1.05, 0.65)):
        tip = (x + math.sin(angle) * radius * length, y - math.cos(angle) * radius * length)
        draw.line([(x, y), tip], (20, 20, 20), round(radius / 16))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("width, height", [(600, 600), (2000, 400), (400, 1600)])
def test_a_clock_is_a_clock_in_every_format(tagger: Tagger, width: int, height: int) -> None:
    tagging = tag_picture(tagger, _drawn_clock(width, height))
    assert tagging.model == MODEL
    assert tagging.groups[0].name == "clock"


def test_a_flat_picture_is_nothing(tagger: Tagger) -> None:
    tagging = tag_picture(tagger, np.full((300, 400, 3), 128, dtype=np.uint8))
    assert tagging.groups == ()
    assert tagging.leaves == ()


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (224, 224), (1024, 1024)])
def test_a_picture_of_any_size_is_digested(tagger: Tagger, shape: tuple[int, int]) -> None:
    tagging = tag_picture(tagger, np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8))
    least = dict(zip(tagger.imagenet.groups, group_thresholds(tagger.imagenet.groups), strict=True))
    assert all(least[tag.name] <= tag.confidence <= 1 for tag in tagging.groups)
    assert all(LEAF_THRESHOLD <= tag.confidence <= 1 for tag in tagging.leaves)


def test_tags_come_most_likely_first_and_a_leaf_is_never_likelier_than_its_group(tagger: Tagger) -> None:
    imagenet = tagger.imagenet
    tagging = tag_picture(tagger, _drawn_clock(500, 500))
    confidences = [tag.confidence for tag in tagging.groups]
    assert confidences == sorted(confidences, reverse=True)
    said = {tag.name: tag.confidence for tag in tagging.groups}
    for leaf in tagging.leaves:
        membership = imagenet.membership[:, imagenet.classes.index(leaf.name)]
        group = imagenet.groups[int(membership.argmax())]
        assert said[group] >= leaf.confidence


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")
    with pytest.raises(ModelUnusable, match="The classifier cannot be loaded"):
        load_tagger(tmp_path / "cache")


def test_a_damaged_cached_classifier_is_built_again(tagger: Tagger, tmp_path: Path) -> None:
    load_tagger(tmp_path)
    (cached,) = tmp_path.glob("*.onnx")
    cached.write_bytes(cached.read_bytes()[:-100_000])
    picture = _drawn_clock(300, 300)
    assert tag_picture(load_tagger(tmp_path), picture) == tag_picture(tagger, picture)


def test_every_class_has_a_name_of_its_own_and_at_most_one_group() -> None:
    imagenet = read_imagenet()
    assert len(set(imagenet.classes)) == 1000
    assert imagenet.membership.shape == (len(imagenet.groups), 1000)
    assert imagenet.membership.sum(axis=0).max() == 1
    assert imagenet.membership.sum(axis=1).min() >= 1
    assert all(name == name.lower().strip() for name in imagenet.classes + imagenet.groups)


def test_scenes_are_said_at_less_than_animals_and_those_at_less_than_things() -> None:
    groups = read_imagenet().groups
    assert set(groups) >= SCENES | ANIMALS
    assert not SCENES & ANIMALS
    coast, dog, toy = group_thresholds(("coast", "dog", "toy"))
    assert 0 < coast < dog < toy < LEAF_THRESHOLD


@pytest.mark.parametrize(
    "number, name, group",
    [
        (0, "tench", "fish"),
        (151, "chihuahua", "dog"),
        (268, "mexican hairless dog", "dog"),
        (273, "dingo", "dog"),
        (281, "tabby cat", "cat"),
        (398, "abacus", "office"),
        (409, "analog clock", "clock"),
        (504, "coffee mug", "drink"),
        (537, "dog sled", "snow"),
        (609, "jeep", "car"),
        (701, "parachute", "aircraft"),
        (817, "sports car", "car"),
        (916, "website", "screenshot"),
        (920, "traffic light", "street"),
        (954, "banana", "fruit"),
        (970, "alp", "mountain"),
        (999, "toilet paper", "bathroom"),
    ],
)
def test_the_table_is_in_the_order_of_ilsvrc_2012(number: int, name: str, group: str) -> None:
    imagenet = read_imagenet()
    assert imagenet.classes[number] == name
    assert imagenet.membership[imagenet.groups.index(group), number] == 1
