from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.media.facts import Box
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


def test_a_sharp_subject_before_a_blurred_background_is_sharper_than_a_picture_that_is_all_a_little_blurred(
    astronaut: Image.Image,
) -> None:
    portrait = astronaut.filter(ImageFilter.GaussianBlur(6))
    portrait.paste(astronaut.crop((128, 0, 384, 256)), (128, 0))
    soft = astronaut.filter(ImageFilter.GaussianBlur(0.6))
    focused, missed = measure_quality(np.asarray(portrait)), measure_quality(np.asarray(soft))
    assert focused.sharpness < missed.sharpness
    assert (focused.subject_sharpness or 0) > (missed.subject_sharpness or 0)


def test_a_face_out_of_focus_is_less_sharp_than_the_wall_behind(astronaut: Image.Image) -> None:
    face = Box(170, 60, 110, 130)
    corner = (face.x, face.y, face.x + face.width, face.y + face.height)
    missed = astronaut.copy()
    missed.paste(astronaut.crop(corner).filter(ImageFilter.GaussianBlur(3)), corner)
    sharp, soft = (measure_quality(np.asarray(each), [face], each.width) for each in (astronaut, missed))
    assert (soft.face_sharpness or 0) < (sharp.face_sharpness or 0) / 4
    assert soft.subject_sharpness == pytest.approx(sharp.subject_sharpness, rel=0.3)
    halved = np.asarray(astronaut.reduce(2))
    assert measure_quality(halved, [face], astronaut.width).face_sharpness is not None
    assert measure_quality(halved, [Box(10, 10, 20, 20)], astronaut.width).face_sharpness is None
    assert measure_quality(halved).face_sharpness is None
