"""What pixels are in this file?

Every file is decoded once. The result is already turned upright, converted to sRGB and reduced to the size that the
largest consumer needs; faces, hash, quality, tags and thumbnails share it. For JPEG the reduction happens inside the
decoder (at a half, a quarter or an eighth of the size), which costs a third to two thirds of a full decode.

Decoding is also the proof that a file is whole: all pixels are read, and what ends early is refused.
``Image.verify()`` would accept a JPEG that was cut in half.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO
from warnings import WarningMessage, catch_warnings, simplefilter

import cv2
import numpy as np
import pi_heif
from PIL import Image, ImageFile, UnidentifiedImageError

from core.errors import Undecodable
from core.media.colour import to_srgb
from core.media.facts import Format, Kind
from core.media.raw import find_raw_preview
from core.media.resize import Pixels, fit_within, resize
from core.media.source_file import open_source, shown
from core.media.video import read_poster

# Pillow asks the registered openers. One thread, because each worker process owns one core; no secondary images.
pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)

PREVIEW_LONGEST = 1440
"""Longest side in pixels of the shared reduction, which is also the stored preview."""

MAX_PIXELS = 2**28
"""Pixels that are decoded at most: 16384 × 16384. A 200-megapixel phone fits, a decompression bomb does not."""

OPENERS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF")
"""The only decoders of Pillow that foreign bytes reach."""

DECODER_ERRORS = (
    OSError,  # truncated or unidentified files, most codec errors
    SyntaxError,  # chunks and boxes that contradict each other
    ValueError,  # impossible sizes, modes or offsets
    EOFError,  # HEIF data that ends early
    RuntimeError,  # libheif and libavif
    MemoryError,
    struct.error,
)
"""What Pillow and its plug-ins raised on some 12,000 cut and bit-flipped files of all formats."""

MAX_REMARKS = 5
"""Remarks of Pillow on one file that are passed on. A hostile TIFF earns thousands."""

TURNS: dict[int, tuple[int | None, int | None]] = {
    2: (None, 1),
    3: (cv2.ROTATE_180, None),
    4: (None, 0),
    5: (cv2.ROTATE_90_CLOCKWISE, 1),
    6: (cv2.ROTATE_90_CLOCKWISE, None),
    7: (cv2.ROTATE_90_COUNTERCLOCKWISE, 1),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
}
"""EXIF orientation → OpenCV's rotation, then its flip (1 left-right, 0 top-bottom). Exif 3.0, 4.6.5.1.6, Orientation.
"""

SIDEWAYS = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange width and height."""

ORIENTATION_TAG = 0x0112

SHAPE_TOLERANCE = 0.03
"""Share by which the aspect ratios of a RAW file and its preview may differ: sensors have a few masked rows and
columns.
"""


@dataclass(frozen=True)
class Decoded:
    """The pixels of one file, upright.

    ``rgb`` is H × W × 3 uint8 sRGB, its longest side at most the length asked for and never enlarged; ``full_width``
    and ``full_height`` are the pixels of the full-size upright image; ``duration`` is in seconds, for videos;
    ``warnings`` are readable sentences.
    """

    rgb: Pixels
    full_width: int
    full_height: int
    duration: float | None = None
    warnings: tuple[str, ...] = ()


def decode(path: str, format: Format, longest: int = PREVIEW_LONGEST) -> Decoded:
    """The pixels of a photo, of a RAW file's embedded preview, or of a video's poster frame.

    Raises ``Undecodable`` with a sentence for a person when they cannot be read completely, and what ``open_source``
    raises when the file itself cannot be read.
    """
    try:
        with open_source(path) as source:
            if format.kind is Kind.VIDEO:
                return _decode_poster(path, longest)
            if format.kind is Kind.RAW:
                return _decode_raw(source.stream, longest)
            return decode_photo(source.stream, longest)
    except Undecodable as error:
        # by its name alone: the sentence is kept, and told to people who should not learn where the library lies
        name = shown(path).rpartition("/")[2]
        raise Undecodable(f"{name} cannot be decoded: {error}. It is kept with what its metadata tell.") from error


def decode_photo(file: BinaryIO, longest: int = PREVIEW_LONGEST, orientation: int | None = None) -> Decoded:
    """The pixels of one encoded picture; ``orientation`` (EXIF, 1–8) overrides what the picture says of itself.

    Raises ``Undecodable`` with the mere reason, without the file's name.
    """
    try:
        with _whole_files_only() as remarks, Image.open(file, formats=OPENERS) as image:
            width, height = image.size
            _refuse_bombs(width, height)
            image.draft(None, fit_within(width, height, longest))
            image.load()
            turn = orientation or _orientation_left_to_apply(image)
            rgb, colour_warnings = to_srgb(_reduce(image, longest))
    except DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk failed, not the picture
        raise Undecodable(_reason(error)) from error
    rgb = resize(rgb, *fit_within(rgb.shape[1], rgb.shape[0], longest))
    if turn in SIDEWAYS:
        width, height = height, width
    warnings = tuple(dict.fromkeys(str(remark.message) for remark in remarks))[:MAX_REMARKS] + colour_warnings
    return Decoded(_upright(rgb, turn), width, height, warnings=warnings)


def _decode_raw(file: BinaryIO, longest: int) -> Decoded:
    """The camera's own JPEG inside a RAW file, with the RAW's orientation and, where it tells them, its dimensions."""
    preview = find_raw_preview(file)
    file.seek(preview.offset)
    decoded = decode_photo(io.BytesIO(file.read(preview.length)), longest, preview.orientation)
    width, height = preview.sensor_size or (0, 0)
    if preview.orientation in SIDEWAYS:
        width, height = height, width
    same_shape = (
        abs(width * decoded.full_height - height * decoded.full_width) <= SHAPE_TOLERANCE * width * decoded.full_height
    )
    if width <= decoded.full_width or not same_shape:
        return decoded
    return replace(decoded, full_width=width, full_height=height)


def _decode_poster(path: str, longest: int) -> Decoded:
    poster = read_poster(path)
    height, width = poster.rgb.shape[:2]
    return Decoded(resize(poster.rgb, *fit_within(width, height, longest)), width, height, duration=poster.duration)


@contextmanager
def _whole_files_only() -> Iterator[list[WarningMessage]]:
    """Pillow's global switches as this module needs them, whatever others set them to; yields Pillow's remarks.

    Truncated files are refused, and the limit of pixels is ours: Pillow's own would warn from 89 and refuse from 179
    megapixels.
    """
    truncated, limit = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = False, None
    try:
        with catch_warnings(record=True) as remarks:
            simplefilter("always")
            yield remarks
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = truncated, limit


def _refuse_bombs(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Undecodable(
            f"{width} × {height} pixels ({width * height / 1e6:.0f} megapixels) is more than the"
            f" {MAX_PIXELS / 1e6:.0f} megapixels that are decoded"
        )


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its header is damaged or of an unknown kind"
    if isinstance(error, MemoryError):
        return "its pixels do not fit into memory"
    return str(error).strip().rstrip(".") or type(error).__name__


def _orientation_left_to_apply(image: Image.Image) -> int:
    """The EXIF orientation of a loaded image. Pillow has turned TIFF by then, and libheif HEIC, and both say 1."""
    orientation = image.getexif().get(ORIENTATION_TAG)
    return orientation if isinstance(orientation, int) else 1


def _reduce(image: Image.Image, longest: int) -> Image.Image:
    """``image`` divided by the largest whole number that leaves ``longest`` pixels: a plain mean, the cheapest step."""
    factor = max(image.size) // longest
    if factor < 2 or image.mode.startswith("I;16"):  # Pillow cannot average 16 bits
        return image
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA"):  # their values are names of colours
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.reduce(factor)


def _upright(rgb: Pixels, orientation: int) -> Pixels:
    rotation, flip = TURNS.get(orientation, (None, None))
    rotated = rgb if rotation is None else cv2.rotate(rgb, rotation)
    upright = rotated if flip is None else cv2.flip(rotated, flip)
    return np.ascontiguousarray(upright, dtype=np.uint8)
