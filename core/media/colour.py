"""How does any pixel format become sRGB?"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.media.resize import Pixels

PROFILE_SPACES = {"RGB": "RGB", "CMYK": "CMYK"}
"""Pillow mode → colour space (ICC.1:2022, table 19) of the profiles that are applied to it. Grey is shown as it is."""

WHITE = (255, 255, 255)


def to_srgb(image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    """H × W × 3 uint8 sRGB of a loaded image, and sentences on what had to be guessed.

    Transparency is flattened on white. An embedded ICC profile other than sRGB is applied; where it is broken, the
    numbers are taken as sRGB. Sixteen-bit grey is divided by 256; 32-bit integers and floats, which have no agreed
    white, are stretched from their darkest to their brightest pixel. Raises ``ValueError`` for a mode that Pillow
    cannot convert.
    """
    if image.mode.startswith("I;16"):
        return _grey(np.asarray(image) >> 8), ()
    if image.mode in ("I", "F"):
        return _grey(_stretched(np.asarray(image, dtype=np.float64))), ()
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        return np.asarray(_transformed(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))), ()
    if image.has_transparency_data:
        image = _flattened(image)
    elif image.mode not in PROFILE_SPACES:
        image = image.convert("RGB")
    if not profile:
        return np.asarray(image.convert("RGB")), ()
    try:
        return np.asarray(_with_profile(image, profile).convert("RGB")), ()
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        warning = f"The colour profile cannot be used ({error}); the colours are shown as sRGB."
        return np.asarray(image.convert("RGB")), (warning,)


def _with_profile(image: Image.Image, data: bytes) -> Image.Image:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    if profile.profile.xcolor_space.strip() != PROFILE_SPACES[image.mode]:
        return image
    if "sRGB" in (profile.profile.profile_description or ""):
        return image
    return _transformed(image, profile)


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), image.mode, "RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # it is None only for a conversion in place
    return converted


def _flattened(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    paper = Image.new("RGB", layer.size, WHITE)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    finite = np.nan_to_num(values)
    darkest, brightest = float(finite.min()), float(finite.max())
    return np.multiply(finite - darkest, 255 / (brightest - darkest) if brightest > darkest else 0.0)


def _grey(values: NDArray[np.generic]) -> Pixels:
    return np.repeat(values.astype(np.uint8)[:, :, np.newaxis], 3, axis=2)
