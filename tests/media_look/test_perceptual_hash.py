from __future__ import annotations

import io

import imagehash
import numpy as np
import pytest
from PIL import Image

from core.media.facts import HASH_BITS
from core.media.perceptual_hash import hamming, perceptual_hash, similarity


def hash_of(image: Image.Image) -> str:
    return perceptual_hash(np.asarray(image))


def test_a_hash_is_64_characters_of_zero_and_one(astronaut: Image.Image) -> None:
    bits = hash_of(astronaut)
    assert len(bits) == HASH_BITS
    assert set(bits) == {"0", "1"}


def test_the_bits_are_imagehashs_row_by_row(astronaut: Image.Image) -> None:
    expected = imagehash.phash(astronaut).hash
    assert hash_of(astronaut) == "".join("1" if bit else "0" for row in expected for bit in row)


def test_working_from_a_smaller_picture_costs_at_most_two_bits(astronaut: Image.Image) -> None:
    large = astronaut.resize((1440, 1080), Image.Resampling.LANCZOS)
    expected = "".join("1" if bit else "0" for bit in imagehash.phash(large).hash.flatten())
    assert hamming(hash_of(large), expected) <= 2


@pytest.mark.parametrize("quality", [40, 70, 95])
def test_a_picture_that_was_encoded_again_keeps_its_hash(astronaut: Image.Image, quality: int) -> None:
    buffer = io.BytesIO()
    astronaut.save(buffer, "JPEG", quality=quality)
    assert similarity(hash_of(Image.open(buffer).convert("RGB")), hash_of(astronaut)) >= 96


@pytest.mark.parametrize("edge", [150, 300, 1000])
def test_a_picture_of_another_size_keeps_its_hash(astronaut: Image.Image, edge: int) -> None:
    assert similarity(hash_of(astronaut.resize((edge, edge))), hash_of(astronaut)) >= 96


def test_another_picture_has_another_hash(astronaut: Image.Image) -> None:
    mirrored = astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert similarity(hash_of(mirrored), hash_of(astronaut)) < 80


def test_similarity_is_the_rounded_share_of_equal_positions() -> None:
    assert similarity("0" * 64, "0" * 64) == 100
    assert similarity("0" * 64, "0" * 63 + "1") == 98
    assert similarity("0" * 64, "1" * 64) == 0


def test_hashes_of_different_lengths_have_nothing_in_common() -> None:
    assert similarity("0" * 64, "0" * 16) == 0
    assert similarity("", "") == 0
    with pytest.raises(ValueError):
        hamming("01", "0")
