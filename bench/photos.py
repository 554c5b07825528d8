"""Photos to measure with: 12 MP, made from real pictures so that entropy and faces are realistic; and small ones."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 4000, 3000

#: A face of someone who gave her picture to the public: the astronaut Eileen Collins, NASA.
FACE = Path(__file__).parent.parent / "tests" / "fixtures" / "astronaut.jpg"

#: A phone's sensor noise at ISO 200 or so, in 8-bit steps; with quality 95, what makes a 12-MP JPEG weigh 3 to 5 MB.
NOISE = 2.5


def make_photos(folder: Path, count: int, pictures: list[Path]) -> list[Path]:
    """Writes ``count`` different 12-MP JPEGs with one face each; backgrounds are crops of ``pictures``."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(1)
    noise = np.random.default_rng(1).normal(0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.int16)
    face = Image.open(FACE).convert("RGB").crop((100, 0, 400, 300))
    sources = [Image.open(path).convert("RGB") for path in pictures or [FACE]]
    paths = []
    for number in range(count):
        source = chance.choice(sources)
        zoom = chance.uniform(0.6, 1.0)
        width, height = int(source.width * zoom), int(source.width * zoom * HEIGHT / WIDTH)
        height = min(height, source.height)
        left, top = chance.randint(0, source.width - width), chance.randint(0, source.height - height)
        photo = source.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, (left, top, left + width, top + height))
        size = chance.randint(500, 1100)
        photo.paste(face.resize((size, size)), (chance.randint(0, WIDTH - size), chance.randint(0, HEIGHT - size)))
        pixels = np.clip(np.asarray(photo).astype(np.int16) + np.roll(noise, number * 977), 0, 255)
        path = folder / f"2024{number % 12 + 1:02d}{number % 28 + 1:02d}_120000_{number:05d}.jpg"
        Image.fromarray(pixels.astype(np.uint8)).save(path, quality=95)
        paths.append(path)
    return paths


def make_tiny_photos(folder: Path, first: int, count: int) -> None:
    """Writes ``count`` different 64 × 48 JPEGs, numbered from ``first``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        pixels = hashlib.shake_256(str(number).encode()).digest(64 * 48 * 3)
        Image.frombytes("RGB", (64, 48), pixels).save(folder / f"{number:06d}.jpg", quality=80)


def make_years_of_photos(folder: Path, count: int, first: int = 0) -> None:
    """Writes ``count`` JPEGs of 160 × 120 from number ``first`` on, as a family has them: days of 40, three days apart.

    Of each 20, five are a burst (one scene, 0.3 s apart, some sensor noise), one is a copy of the first of the
    twenty, smaller and saved anew, and the others show scenes of their own, some minutes apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first_day = datetime(2000, 1, 1, 10, 0)
    for number in range(first, first + count):
        day, place = divmod(number, 40)
        of_twenty = place % 20
        is_copy, is_burst = of_twenty == 19, 5 <= of_twenty < 10
        scene = number - 19 if is_copy else number - (of_twenty - 5) if is_burst else number
        picture = _scene(scene, number if is_burst else None)
        taken = first_day + timedelta(days=3 * day, minutes=7 * (scene % 40))
        if is_burst:
            taken += timedelta(seconds=0.3 * (of_twenty - 5))
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Bench", "Small"
        details = exif.get_ifd(0x8769)
        details[0x9003] = f"{taken:%Y:%m:%d %H:%M:%S}"
        details[0x9291] = f"{taken.microsecond // 1000:03d}"
        if is_copy:
            picture = picture.resize((128, 96))
        picture.save(folder / f"{number:06d}.jpg", quality=60 if is_copy else 88, exif=exif)


def _scene(number: int, noise: int | None) -> Image.Image:
    """Soft shapes in colours of their own, as the low frequencies of a photo are; with a sensor's noise on top."""
    colours = hashlib.shake_256(str(number).encode()).digest(10 * 8 * 3)
    soft = Image.frombytes("RGB", (10, 8), colours).resize((160, 120), Image.Resampling.BICUBIC)
    if noise is None:
        return soft
    grain = np.random.default_rng(noise).normal(0, NOISE, (120, 160, 1))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))
