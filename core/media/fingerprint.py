"""By what is a picture found that may be a copy of another one?

Everything is a record of fixed size, so that those of a whole library are one array. Two 64-bit hashes tell that a
picture was compressed again, made smaller or mildly edited, also when it was turned by quarters or mirrored; what is in
the picture, as the classifier's network sees it, leads to copies that were cut or turned by any angle.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from core.media.perceptual_hash import WORKING_SIZE
from core.media.resize import Pixels, shrink_to
from core.media.tagger import Tagger, embedding_of

ORIENTATIONS = 8
"""Bit 4: transposed first; bit 1: then mirrored left to right; bit 2: then upside down."""

EMBEDDED = 96
"""Numbers of an embedding that are kept: a fixed random projection keeps its angles to about 0.1 (Johnson and
Lindenstrauss, 1984), which is what candidates need."""

RECORD = np.dtype(
    [
        # DCT hash and difference hash in each orientation; the first is the picture as it is
        ("dct", "<u8", (ORIENTATIONS,)),
        ("difference", "<u8", (ORIENTATIONS,)),
        # deviation of the luminance, 0–1
        ("contrast", "<f4"),
        ("embedding", "i1", (EMBEDDED,)),
    ]
)
"""A fingerprint as it is kept: 228 bytes, little-endian."""

_HASHED_SIDE = 32
_LOW_FREQUENCIES = 8
_SEED = 20_240_726

_Array = TypeVar("_Array", bound=NDArray[Any])


def fingerprint_of(rgb: Pixels, tagger: Tagger | None) -> bytes:
    """The record of an H × W × 3 RGB picture. Without a ``tagger`` its embedding is all 0, and is like no other.

    Raises :class:`core.media.models.shipped.ModelUnusable` when OpenCV fails on it.
    """
    luminance = cv2.cvtColor(shrink_to(rgb, WORKING_SIZE), cv2.COLOR_RGB2GRAY)
    record = np.zeros((), RECORD)
    picture = Image.fromarray(luminance)
    side = (_HASHED_SIDE, _HASHED_SIDE)
    square = np.asarray(picture.resize(side, Image.Resampling.LANCZOS), np.float64)
    record["dct"] = dct_hashes(square)
    record["difference"] = difference_hashes(picture)
    record["contrast"] = float(luminance.std()) / 255
    if tagger is not None:
        record["embedding"] = _reduced(embedding_of(tagger, rgb))
    return record.tobytes()


def turned(pixels: _Array, orientation: int) -> _Array:
    """The H × W picture in one of the :data:`ORIENTATIONS`."""
    if orientation & 4:
        pixels = pixels.T
    if orientation & 1:
        pixels = pixels[:, ::-1]  # type: ignore[assignment]
    if orientation & 2:
        pixels = pixels[::-1]  # type: ignore[assignment]
    return np.ascontiguousarray(pixels)  # type: ignore[return-value]


def dct_hashes(square: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The DCT hash of a 32 × 32 luminance in each orientation; the first is :func:`perceptual_hash` as a number.

    The cosine transform need not be done again: mirroring turns the sign of every other frequency.
    """
    low = dctn(square, type=2)[:_LOW_FREQUENCIES, :_LOW_FREQUENCIES]
    signs = 1 - 2 * (np.arange(_LOW_FREQUENCIES) % 2)
    hashes = []
    for orientation in range(ORIENTATIONS):
        each = low.T if orientation & 4 else low
        if orientation & 1:
            each = each * signs
        if orientation & 2:
            each = each * signs[:, None]
        hashes.append(_as_number(each > np.median(each)))
    return np.array(hashes, np.uint64)


def difference_hashes(picture: Image.Image) -> NDArray[np.uint64]:
    """The difference hash, as ``imagehash.dhash`` computes it, in each orientation: whether it gets brighter to the
    right, on 9 × 8 pixels."""
    wide = np.asarray(picture.resize((9, 8), Image.Resampling.LANCZOS), np.int16)
    high = np.asarray(picture.resize((8, 9), Image.Resampling.LANCZOS), np.int16)
    hashes = []
    for orientation in range(ORIENTATIONS):
        each = turned(high if orientation & 4 else wide, orientation)
        hashes.append(_as_number(each[:, 1:] > each[:, :-1]))
    return np.array(hashes, np.uint64)


def _as_number(bits: NDArray[np.bool_]) -> int:
    """64 bits, row by row, the first one the highest."""
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _reduced(embedding: NDArray[np.float32]) -> NDArray[np.int8]:
    """The direction of an embedding, without what all pictures share; four deviations fit into the numbers."""
    projected = (embedding - embedding.mean()) @ _projection(len(embedding))
    length = float(np.linalg.norm(projected))
    if length == 0:
        return np.zeros(EMBEDDED, np.int8)
    numbers = np.rint(projected / length * np.sqrt(EMBEDDED) * 127 / 4)
    return np.clip(numbers, -127, 127).astype(np.int8)  # type: ignore[no-any-return]


@cache
def _projection(size: int) -> NDArray[np.float32]:
    """Always the same: numpy promises the stream of a bit generator, not that of a distribution; so it is signs."""
    bits = np.random.PCG64(_SEED).random_raw(size * EMBEDDED) & np.uint64(1)
    return (bits.astype(np.float32) * 2 - 1).reshape(size, EMBEDDED)
