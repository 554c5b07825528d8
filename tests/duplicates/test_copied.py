"""By what pictures are found, and what confirms that one is a copy of the other: real pixels, nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from core.duplicates.fingerprinting import RECORD_SIZE
from core.duplicates.suspects import MOST_BY_HASH, find_suspects
from core.media.copied import Copy, How, copy_of, features_of
from core.media.fingerprint import ORIENTATIONS, RECORD, fingerprint_of, turned
from core.media.perceptual_hash import perceptual_hash
from core.media.resize import Pixels

ASTRONAUT = Path(__file__).parent.parent / "fixtures" / "astronaut.jpg"


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


def pixels(image: Image.Image, quality: int = 90) -> Pixels:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("RGB"))


def compared(one: Image.Image, other: Image.Image) -> Copy | None:
    return copy_of(features_of(pixels(one)), features_of(pixels(other)))


def captioned(image: Image.Image) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image)
    draw.text((10, image.height * 0.9), "Summer 2019", "white", ImageFont.load_default(30), stroke_width=2)
    return image


CHANGES: list[tuple[Callable[[Image.Image], Image.Image], How]] = [
    (lambda image: image.reduce(2), How.SAME),
    (lambda image: image.resize((400, 300)), How.SAME),
    (captioned, How.SAME),
    (ImageOps.grayscale, How.SAME),
    (lambda image: image.crop((60, 40, image.width - 50, image.height - 70)), How.CUT),
    (ImageOps.mirror, How.TURNED),
    (ImageOps.flip, How.TURNED),
    (lambda image: image.transpose(Image.Transpose.TRANSPOSE), How.TURNED),
    (lambda image: image.rotate(25, Image.Resampling.BICUBIC), How.TURNED),
    (lambda image: ImageOps.mirror(image.rotate(-12, Image.Resampling.BICUBIC)), How.TURNED),
]


@pytest.mark.parametrize(("change", "how"), CHANGES)
def test_a_copy_is_known_and_what_was_done_to_it(
    astronaut: Image.Image, change: Callable[[Image.Image], Image.Image], how: How
) -> None:
    changed = change(astronaut)
    for one, other in ((astronaut, changed), (changed, astronaut)):
        copy = compared(one, other)
        assert copy is not None
        assert (copy.how, copy.similarity > 0.82) == (how, True)
        assert copy.is_recoloured is (change is ImageOps.grayscale)


def test_two_views_of_one_scene_are_no_copies(astronaut: Image.Image) -> None:
    """The camera has moved: each shows something at its edge that the other does not."""
    width, height = astronaut.size
    left = astronaut.crop((0, 0, width - 40, height))
    right = astronaut.crop((40, 0, width, height))
    assert compared(left, right) is None
    lower = astronaut.crop((8, 10, width, height)).rotate(1)
    assert compared(astronaut.crop((0, 0, width - 8, height - 10)), lower) is None


def test_a_picture_in_which_something_changed_is_no_copy(astronaut: Image.Image) -> None:
    width, height = astronaut.size
    moved = astronaut.copy()
    moved.paste(ImageOps.mirror(astronaut.crop((width // 4, 0, width * 3 // 4, height))), (width // 4, 0))
    assert compared(astronaut, moved) is None


def test_nothing_is_like_a_picture_without_features(astronaut: Image.Image) -> None:
    empty = Image.new("RGB", (400, 300), "grey")
    assert compared(empty, empty.resize((200, 150))) is None
    assert compared(empty, astronaut) is None
    assert copy_of(features_of(pixels(empty)), features_of(pixels(astronaut)), 0) is None


def test_hashes_are_those_of_imagehash_in_every_orientation(astronaut: Image.Image) -> None:
    rgb = pixels(astronaut)
    record = np.frombuffer(fingerprint_of(rgb, None), RECORD)[0]
    assert int(record["dct"][0]) == int(perceptual_hash(rgb), 2)
    assert int(record["difference"][0]) == int(str(imagehash.dhash(Image.fromarray(rgb))), 16)
    for orientation in range(ORIENTATIONS):
        other = np.stack([turned(rgb[..., channel], orientation) for channel in range(3)], axis=-1)
        expected = np.frombuffer(fingerprint_of(other, None), RECORD)[0]
        for name in ("dct", "difference"):
            # a resampled picture is its mirror image but for the last bit of a few pixels
            assert int(np.bitwise_count(expected[name][0] ^ record[name][orientation])) <= 2
    assert not record["embedding"].any()
    assert RECORD.itemsize == RECORD_SIZE


def test_of_thousands_with_one_hash_each_has_a_few_suspects() -> None:
    records = np.zeros(3_000, RECORD)
    records["contrast"] = 0.2
    suspects = find_suspects(records, 1_000, 3_000)
    by_new = np.bincount([suspect.new for suspect in suspects])
    assert set(by_new[1_000:].tolist()) == {MOST_BY_HASH}
    assert all(suspect.other < suspect.new for suspect in suspects)
    records["contrast"] = 0.0
    assert find_suspects(records, 1_000, 3_000) == []


def test_only_what_stands_before_is_suspected_by_hash_and_by_content() -> None:
    random = np.random.default_rng(1)
    records = np.zeros(50, RECORD)
    records["contrast"] = 0.2
    for name in ("dct", "difference"):
        records[name] = random.integers(0, 2**64, (50, ORIENTATIONS), dtype=np.uint64)
    records["embedding"] = random.integers(-100, 100, records["embedding"].shape)
    assert find_suspects(records, 0, 50) == []
    # row 40 is row 7 mirrored, but for three bits; row 41 shows what row 9 shows
    records["dct"][40, 1] = records["dct"][7, 0] ^ np.uint64(0b111)
    records["embedding"][41] = records["embedding"][9] + random.integers(-20, 20, records["embedding"].shape[1])
    found = [(suspect.new, suspect.other, suspect.orientation) for suspect in find_suspects(records, 30, 50)]
    assert found == [(40, 7, 1), (41, 9, None)]
    assert find_suspects(records, 42, 50) == []
