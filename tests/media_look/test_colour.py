from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from core.media.decode import decode
from core.media.formats import JPEG, PNG, TIFF

D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3_COLUMNS = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""Red, green and blue of Display P3 as XYZ under D50: what every such profile holds."""


def display_p3() -> bytes:
    """A minimal matrix profile (ICC.1:2022, 8.3): three colorants and one tone curve of gamma 2.2."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"Wide"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + bytes(1 + 4 + 4 + 2 + 1 + 67)
    tags = [(b"desc", description + bytes(-len(description) % 4)), (b"wtpt", xyz(D50))]
    tags += [(name, xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), DISPLAY_P3_COLUMNS, strict=True)]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags:
        table += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(
        ">I4sI4s4s4s12s4s", 128 + len(body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"", b"acsp"
    )
    return header.ljust(68, b"\0") + xyz(D50)[8:] + bytes(128 - 80) + body


def saved(tmp_path: Path, colour: tuple[int, int, int], profile: bytes | None) -> str:
    path = tmp_path / "colour.png"
    Image.new("RGB", (16, 16), colour).save(path, icc_profile=profile)
    return str(path)


def test_display_p3_is_converted_to_srgb(tmp_path: Path) -> None:
    decoded = decode(saved(tmp_path, (200, 60, 60), display_p3()), PNG)
    red, green, blue = decoded.rgb[8, 8].tolist()
    assert red > 205, "the same numbers mean a stronger red in the wider space"
    assert green < 55
    assert 40 < blue < 70
    assert decoded.warnings == ()


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert decode(saved(tmp_path, (200, 60, 60), srgb), PNG).rgb[8, 8].tolist() == [200, 60, 60]


def test_a_broken_profile_costs_a_warning_and_not_the_picture(tmp_path: Path) -> None:
    decoded = decode(saved(tmp_path, (200, 60, 60), display_p3()[:300]), PNG)
    assert decoded.rgb[8, 8].tolist() == [200, 60, 60]
    (warning,) = decoded.warnings
    assert warning.startswith("The colour profile cannot be used")


def test_a_profile_of_another_colour_space_is_left_aside(tmp_path: Path) -> None:
    path = tmp_path / "grey.jpg"
    Image.new("L", (16, 16), 100).save(path, icc_profile=display_p3())
    assert np.abs(decode(str(path), JPEG).rgb.astype(int) - 100).max() <= 1


def test_floats_are_stretched_from_the_darkest_to_the_brightest(tmp_path: Path) -> None:
    path = tmp_path / "height.tif"
    Image.fromarray(np.linspace(-3, 7, 256, dtype=np.float32).reshape(16, 16)).save(path)
    rgb = decode(str(path), TIFF).rgb
    assert (rgb.min(), rgb.max()) == (0, 255)


def test_one_grey_in_floats_is_no_division_by_zero(tmp_path: Path) -> None:
    path = tmp_path / "flat.tif"
    Image.fromarray(np.full((4, 4), 0.5, dtype=np.float32)).save(path)
    assert decode(str(path), TIFF).rgb.max() == 0
