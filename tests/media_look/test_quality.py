from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.media.quality import measure_quality


def grey(value: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((64, 64, 3), value, np.uint8)


def test_a_blurred_picture_is_less_sharp(astronaut: Image.Image) -> None:
    sharp = measure_quality(np.asarray(astronaut)).sharpness
    soft = measure_quality(np.asarray(astronaut.filter(ImageFilter.GaussianBlur(2)))).sharpness
    assert soft < sharp / 10


def test_sharpness_is_comparable_between_sizes(astronaut: Image.Image) -> None:
    reference = measure_quality(np.asarray(astronaut)).sharpness
    enlarged = astronaut.resize((1024, 1024), Image.Resampling.LANCZOS)
    assert measure_quality(np.asarray(enlarged)).sharpness == pytest.approx(reference, rel=0.35)


def test_brightness_and_contrast_are_shares_of_the_range() -> None:
    assert measure_quality(grey(255)).brightness == pytest.approx(1)
    assert measure_quality(grey(51)).brightness == pytest.approx(0.2)
    assert measure_quality(grey(51)).contrast == 0
    halves = np.concatenate([grey(0), grey(255)])
    assert measure_quality(halves).contrast == pytest.approx(0.5)


def test_clipped_pixels_are_counted() -> None:
    picture = grey(128)
    picture[:16], picture[16:48] = 255, 0
    measured = measure_quality(picture)
    assert measured.highlights == pytest.approx(0.25)
    assert measured.shadows == pytest.approx(0.5)


def test_a_single_pixel_can_be_measured() -> None:
    assert measure_quality(np.full((1, 1, 3), 7, np.uint8)).sharpness == 0
