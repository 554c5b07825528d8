"""A face that was found in the upright picture is the same face in the stored one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from core.library.face_regions import stored_region, stored_size, upright_box
from core.library.sidecar_facts import FaceRegion
from core.media.facts import Box

UPRIGHT_WIDTH, UPRIGHT_HEIGHT = 24, 16


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture as every viewer does: Pillow is the referee."""
    picture = Image.fromarray(stored)
    picture.getexif()[0x0112] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(0, UPRIGHT_WIDTH - 1).flatmap(lambda x: st.tuples(st.just(x), st.integers(1, UPRIGHT_WIDTH - x))),
    st.integers(0, UPRIGHT_HEIGHT - 1).flatmap(lambda y: st.tuples(st.just(y), st.integers(1, UPRIGHT_HEIGHT - y))),
)
def test_a_region_painted_into_the_stored_picture_shows_where_the_face_was_found(
    orientation: int, across: tuple[int, int], down: tuple[int, int]
) -> None:
    box = Box(x=across[0], y=down[0], width=across[1], height=down[1])
    region = stored_region(box, UPRIGHT_WIDTH, UPRIGHT_HEIGHT, orientation)
    width, height = stored_size(UPRIGHT_WIDTH, UPRIGHT_HEIGHT, orientation)

    stored = np.zeros((height, width), np.uint8)
    left, right = round((region.x - region.width / 2) * width), round((region.x + region.width / 2) * width)
    top, bottom = round((region.y - region.height / 2) * height), round((region.y + region.height / 2) * height)
    stored[top:bottom, left:right] = 255

    expected = np.zeros((UPRIGHT_HEIGHT, UPRIGHT_WIDTH), np.uint8)
    expected[box.y : box.y + box.height, box.x : box.x + box.width] = 255
    assert np.array_equal(upright(stored, orientation), expected)


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    region = stored_region(Box(x=-10, y=50, width=60, height=100), 100, 100, 1, "Anna")
    assert region == FaceRegion(x=0.25, y=0.75, width=0.5, height=0.5, name="Anna")


def test_an_orientation_that_does_not_exist_turns_nothing() -> None:
    box = Box(x=1, y=2, width=3, height=4)
    assert stored_region(box, 10, 20, 0) == stored_region(box, 10, 20, 9) == stored_region(box, 10, 20, 1)
    assert stored_size(10, 20, 0) == (10, 20)


def test_a_picture_without_pixels_has_no_regions() -> None:
    with pytest.raises(ValueError, match="0 × 20 pixels"):
        stored_region(Box(x=0, y=0, width=1, height=1), 0, 20, 1)


@given(st.integers(1, 8), st.integers(0, 300), st.integers(0, 200), st.integers(1, 100), st.integers(1, 100))
def test_a_region_leads_back_to_the_box_it_was_made_of(
    orientation: int, x: int, y: int, width: int, height: int
) -> None:
    box = Box(x=x, y=y, width=width, height=height)
    assert upright_box(stored_region(box, 400, 300, orientation), 400, 300, orientation) == box
