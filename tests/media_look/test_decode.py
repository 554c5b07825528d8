from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import piexif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from core.errors import SourceVanished, Undecodable
from core.media.decode import decode
from core.media.formats import AVIF, GIF, JPEG, PNG, TIFF, WEBP, Format, sniff

SAVED_AS: list[tuple[Format, str, dict[str, Any]]] = [
    (JPEG, "RGB", {"quality": 95}),
    (JPEG, "RGB", {"quality": 95, "progressive": True}),
    (JPEG, "L", {"quality": 95}),
    (JPEG, "CMYK", {"quality": 95}),
    (PNG, "RGB", {}),
    (PNG, "P", {}),
    (PNG, "LA", {}),
    (PNG, "RGBA", {}),
    (PNG, "1", {}),
    (PNG, "I;16", {}),
    (WEBP, "RGB", {"quality": 95}),
    (WEBP, "RGBA", {"lossless": True}),
    (AVIF, "RGB", {"quality": 90}),
    (GIF, "P", {}),
    (TIFF, "RGB", {"compression": "tiff_lzw"}),
    (TIFF, "CMYK", {}),
    (TIFF, "LAB", {}),
    (TIFF, "YCbCr", {"compression": "jpeg"}),
    (TIFF, "I;16", {}),
    (TIFF, "F", {}),
]


STORED_AS: dict[int, Callable[[Image.Image], Image.Image]] = {
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}
"""EXIF orientation → how an upright picture lies in such a file (Pillow turns against the clock)."""


def in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 256)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255)
    if mode == "LA":
        return image.convert("L").convert("LA")
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
        assert converted is not None
        return converted
    return image.convert(mode)


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(Image.fromarray(rgb).convert("L").resize((32, 32), Image.Resampling.BOX), dtype=np.float64)


@pytest.mark.parametrize("format, mode, options", SAVED_AS, ids=lambda value: getattr(value, "name", str(value)))
@pytest.mark.parametrize("longest", [1440, 200])
def test_every_pixel_format_shows_the_same_picture(
    tmp_path: Path, astronaut: Image.Image, format: Format, mode: str, options: dict[str, Any], longest: int
) -> None:
    path = tmp_path / f"picture{format.extension}"
    in_mode(astronaut, mode).save(path, **options)
    assert sniff(path.read_bytes(), path.name) == format

    decoded = decode(str(path), format, longest)

    assert decoded.rgb.shape == (min(512, longest), min(512, longest), 3)
    assert decoded.rgb.dtype == np.uint8
    assert (decoded.full_width, decoded.full_height) == (512, 512)
    assert decoded.warnings == ()
    assert np.abs(luminance(decoded.rgb) - luminance(np.asarray(astronaut))).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", [JPEG, PNG, WEBP, TIFF, AVIF], ids=lambda format: format.name)
def test_all_eight_orientations_look_the_same(
    tmp_path: Path, quarters: NDArray[np.uint8], format: Format, orientation: int
) -> None:
    stored = STORED_AS.get(orientation, lambda image: image)(Image.fromarray(quarters))
    exif = piexif.dump({"0th": {piexif.ImageIFD.Orientation: orientation}})
    path = tmp_path / f"turned{format.extension}"
    extra = {"tiffinfo": {0x0112: orientation}} if format is TIFF else {"exif": exif}
    stored.save(path, quality=95, **extra)

    decoded = decode(str(path), format)

    assert (decoded.full_width, decoded.full_height) == (240, 160)
    assert decoded.rgb.shape == (160, 240, 3)
    difference = np.abs(decoded.rgb.astype(int) - quarters)
    for rows in (slice(20, 60), slice(100, 140)):
        for columns in (slice(20, 100), slice(140, 220)):
            assert difference[rows, columns].max() < 30


def test_a_large_jpeg_is_reduced_to_1440_pixels_and_its_full_size_is_told(
    tmp_path: Path, astronaut: Image.Image
) -> None:
    path = tmp_path / "large.jpg"
    astronaut.resize((3000, 4000)).save(path, exif=piexif.dump({"0th": {piexif.ImageIFD.Orientation: 6}}))
    decoded = decode(str(path), JPEG)
    assert (decoded.full_width, decoded.full_height) == (4000, 3000)
    assert decoded.rgb.shape == (1080, 1440, 3)


def test_transparent_pixels_are_shown_on_white(tmp_path: Path) -> None:
    path = tmp_path / "glass.png"
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert decode(str(path), PNG).rgb.min() == 255


def test_of_an_animation_the_first_frame_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    red, blue = Image.new("RGB", (30, 20), "red"), Image.new("RGB", (30, 20), "blue")
    red.save(path, save_all=True, append_images=[blue])
    assert decode(str(path), GIF).rgb[10, 15].tolist() == [255, 0, 0]


@pytest.mark.parametrize("format", [JPEG, PNG, WEBP, TIFF, AVIF, GIF], ids=lambda format: format.name)
def test_a_file_cut_in_half_is_refused(
    tmp_path: Path, astronaut: Image.Image, format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"half{format.extension}"
    astronaut.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as importing face_recognition leaves it

    with pytest.raises(Undecodable, match=r"half\.\w+ cannot be decoded: .+\. It is kept"):
        decode(str(path), format)

    assert ImageFile.LOAD_TRUNCATED_IMAGES is True  # what others have set stays theirs


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


DECODE_AND_TELL_THE_PEAK = """
import resource, sys
from core.media.decode import decode
from core.media.formats import sniff
from core.errors import Undecodable
path = sys.argv[1]
format = sniff(open(path, "rb").read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(path, format)
except Undecodable as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


def test_a_pixel_bomb_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(30_000, 30_000))

    told = subprocess.run(
        [sys.executable, "-c", DECODE_AND_TELL_THE_PEAK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout

    grown, _, message = told.partition(" ")
    assert "30000 × 30000 pixels (900 megapixels) is more than the 268 megapixels that are decoded" in message
    assert int(grown) < 50_000  # KiB


def test_pictures_larger_than_pillows_own_limit_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    Image.new("L", (14_000, 13_000)).save(path)  # 182 megapixels: Pillow alone refuses from 179
    decoded = decode(str(path), JPEG)
    assert (decoded.full_width, decoded.full_height) == (14_000, 13_000)
    assert decoded.rgb.shape == (1337, 1440, 3)


def test_a_file_that_is_gone_is_not_called_undecodable(tmp_path: Path) -> None:
    with pytest.raises(SourceVanished):
        decode(str(tmp_path / "gone.jpg"), JPEG)


def test_pillows_remarks_on_a_broken_tag_become_warnings(tmp_path: Path) -> None:
    path = tmp_path / "odd.tif"
    Image.new("RGB", (8, 8)).save(path, tiffinfo={0x010E: "a description longer than four bytes"})
    data = bytearray(path.read_bytes())
    entry = data.index(struct.pack("<HH", 0x010E, 2))
    data[entry + 4 : entry + 8] = struct.pack("<I", 100_000)  # the text now reaches beyond the end
    path.write_bytes(data)
    (warning,) = decode(str(path), TIFF).warnings
    assert "270" in warning


def encoded(format: Format) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format.name)
    return buffer.getvalue()


ENCODED = {format: encoded(format) for format in (JPEG, PNG, GIF, TIFF, WEBP)}


@given(
    format=st.sampled_from(list(ENCODED)),
    flips=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=8),
    keep=st.floats(0.05, 1),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_yield_a_picture_or_a_sentence(
    tmp_path: Path, format: Format, flips: list[tuple[int, int]], keep: float
) -> None:
    damaged = bytearray(ENCODED[format])
    for position, value in flips:
        damaged[position % len(damaged)] = value
    path = tmp_path / f"damaged{format.extension}"
    path.write_bytes(damaged[: round(len(damaged) * keep)])
    try:
        decoded = decode(str(path), format)
    except Undecodable:
        return
    assert decoded.rgb.ndim == 3
    assert max(decoded.rgb.shape) <= 1440
