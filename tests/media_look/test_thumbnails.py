from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import piexif
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import Undecodable
from core.media.thumbnails import jpeg_quality, preview, render_thumbnail, square_thumbnail


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_a_thumbnail_is_a_plain_square_jpeg_of_250_pixels(quarters: NDArray[np.uint8]) -> None:
    thumbnail = opened(square_thumbnail(quarters))
    assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("JPEG", "RGB", (250, 250))
    assert "progressive" not in thumbnail.info
    assert not thumbnail.getexif()
    assert "icc_profile" not in thumbnail.info


def test_a_thumbnail_is_cut_from_the_centre() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = (255, 0, 0)
    thumbnail = np.asarray(opened(square_thumbnail(wide, 50)))
    assert thumbnail[:, 2:-2, 0].min() > 200


def test_a_tiny_picture_is_enlarged_to_the_square_that_the_client_lays_out() -> None:
    assert opened(square_thumbnail(np.zeros((3, 5, 3), np.uint8), 250)).size == (250, 250)


def test_fine_stripes_become_grey_and_no_moire() -> None:
    stripes = np.zeros((1440, 1440, 3), np.uint8)
    stripes[:, ::2] = 255
    thumbnail = np.asarray(opened(square_thumbnail(stripes, 200, 90)))
    assert abs(int(thumbnail.min()) - 128) < 6
    assert abs(int(thumbnail.max()) - 128) < 6


def test_a_preview_keeps_the_shape_and_is_never_enlarged(quarters: NDArray[np.uint8]) -> None:
    assert opened(preview(quarters)).size == (240, 160)
    assert opened(preview(quarters, longest=120)).size == (120, 80)


def test_the_requested_quality_is_the_contracts() -> None:
    assert [jpeg_quality(requested) for requested in ("low", "high", "medium", None)] == [60, 90, 80, 80]


def test_other_sizes_are_rendered_upright_from_any_photo(tmp_path: Path) -> None:
    upper_half_red = np.zeros((400, 600, 3), np.uint8)
    upper_half_red[:200] = (255, 0, 0)
    path = tmp_path / "turned.jpg"
    exif = piexif.dump({"0th": {piexif.ImageIFD.Orientation: 3}})
    Image.fromarray(upper_half_red).save(path, exif=exif)

    thumbnail = np.asarray(opened(render_thumbnail(str(path), 100, 80)))

    assert thumbnail.shape == (100, 100, 3)
    assert thumbnail[90, 50, 0] > 200
    assert thumbnail[10, 50, 0] < 50


@pytest.mark.parametrize("asked, got", [(-3, 1), (0, 1), (100_000, 1440)])
def test_an_absurd_size_is_brought_into_range(tmp_path: Path, asked: int, got: int) -> None:
    path = tmp_path / "small.jpg"
    Image.new("RGB", (40, 30)).save(path)
    assert opened(render_thumbnail(str(path), asked, 60)).size == (got, got)


def test_a_broken_preview_is_told_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    with pytest.raises(Undecodable, match=r"broken\.jpg cannot be decoded"):
        render_thumbnail(str(path), 100, 60)
