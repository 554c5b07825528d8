"""Bursts: generated sequences from real pictures, grouped by us and by the contract's score rule alone.

A sequence is one view of a picture as a hand holds it: each frame is shifted and turned a little and, but for one,
blurred a little and exposed a little differently. Sequences follow each other within seconds, so that only what the
pictures show tells them apart: another picture, another part of the same one, or the same part again.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import cv2
import msgspec
import numpy as np
from PIL import Image

from core.bursts.forming import form_bursts
from core.bursts.likeness import Frame
from core.media.perceptual_hash import perceptual_hash
from core.media.quality import measure_quality
from core.media.resize import Pixels, shrink_to

Report = Callable[..., None]

WIDTH, HEIGHT = 1440, 1080
"""Of a frame, in pixels: what is measured is measured on less."""

LONGEST_SIDE = 512
"""What hash and quality are measured on, as :mod:`core.media.look` does."""

BEGIN = datetime(2025, 6, 1, 12, 0, 0)


@dataclass(frozen=True)
class Shot:
    """A frame, the sequence it was made for, and whether it is the one that was left sharp."""

    frame: Frame
    sequence: int
    is_sharpest: bool


def bursts(pictures: Sequence[Path], sequences: int, report: Report) -> None:
    """Precision and recall of pairs, and how often the sharpest frame is proposed, for both rules."""
    shots = make_shots(pictures, sequences)
    report("frames in sequences", f"{len(shots)} in {sequences}, from {len(pictures)} pictures")
    bare = [
        msgspec.structs.replace(shot.frame, perceptual_hash=None, sharpness=None, subject_sharpness=None)
        for shot in shots
    ]
    for name, frames in (("the contract's score rule alone", bare), ("ours", [shot.frame for shot in shots])):
        precision, recall, agreement = judged(shots, frames)
        report(f"bursts, {name}", f"precision {precision:.3f}, recall {recall:.3f}, best frame {agreement:.3f}")


def judged(shots: Sequence[Shot], frames: Sequence[Frame]) -> tuple[float, float, float]:
    """Precision and recall over pairs of frames, and the share of sequences whose sharpest frame is the best.

    A sequence counts as found where most of its frames are in one burst; that one's best frame is looked at.
    """
    found, _ = form_bursts(frames)
    by_id = {shot.frame.id: shot for shot in shots}
    together = {pair for burst in found for pair in combinations(sorted(frame.id for frame in burst.frames), 2)}
    sequences: dict[int, list[str]] = {}
    for shot in shots:
        sequences.setdefault(shot.sequence, []).append(shot.frame.id)
    wanted = {pair for ids in sequences.values() for pair in combinations(sorted(ids), 2)}
    burst_of = {frame.id: burst for burst in found for frame in burst.frames}
    agreed = several = 0
    for ids in sequences.values():
        if len(ids) < 2:
            continue
        several += 1
        mine = [burst_of[one] for one in ids if one in burst_of]
        most = max(mine, key=lambda burst: sum(frame.id in ids for frame in burst.frames), default=None)
        agreed += most is not None and most.best in ids and by_id[most.best].is_sharpest
    right = len(together & wanted)
    return right / max(1, len(together)), right / max(1, len(wanted)), agreed / max(1, several)


def make_shots(pictures: Sequence[Path], sequences: int, seed: int = 1) -> list[Shot]:
    """Sequences of 1 to 8 frames in the order they are taken; the same for the same pictures."""
    chance = random.Random(seed)
    shots: list[Shot] = []
    taken, number = BEGIN, 1
    picture = _opened(chance.choice(pictures))
    view = _some_view(picture, chance)
    for sequence in range(sequences):
        cut = chance.random()
        if cut < 0.6:
            picture = _opened(chance.choice(pictures))
            view = _some_view(picture, chance)
        else:  # the camera is turned to something else of the same scene
            view = _other_view(picture, view, chance)
        length = chance.choice((1, 2, 3, 4, 5, 6, 8))
        sharpest = chance.randrange(length)
        for place in range(length):
            pixels = _taken(picture, view, chance, is_sharp=place == sharpest)
            shots.append(Shot(_frame(pixels, taken, number), sequence, place == sharpest))
            number += 1
            taken += timedelta(seconds=chance.choice((0.1, 0.2, 0.5, 1.0)))
        taken += timedelta(seconds=chance.choice((1.5, 3.0, 4.0, 8.0)))
    return shots


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((4 * WIDTH, 4 * HEIGHT))
    return picture


View = tuple[float, float, float]
"""Left and top of the part that is seen, as shares of the room there is, and its width as a share of the picture's."""


def _some_view(picture: Image.Image, chance: random.Random) -> View:
    return chance.random(), chance.random(), chance.uniform(0.35, 0.6)


def _other_view(picture: Image.Image, view: View, chance: random.Random) -> View:
    left, top, zoom = view
    return (left + 0.5) % 1.0, (top + chance.uniform(0.3, 0.7)) % 1.0, zoom


def _taken(picture: Image.Image, view: View, chance: random.Random, *, is_sharp: bool) -> Pixels:
    left, top, zoom = view
    width = picture.width * zoom
    height = min(picture.height * 0.9, width * HEIGHT / WIDTH)
    x = left * (picture.width - width) + chance.uniform(-0.015, 0.015) * width
    y = top * (picture.height - height) + chance.uniform(-0.015, 0.015) * height
    turn = cv2.getRotationMatrix2D((x + width / 2, y + height / 2), chance.uniform(-1.0, 1.0), WIDTH / width)
    turn[:, 2] += (WIDTH / 2 - x - width / 2, HEIGHT / 2 - y - height / 2)
    source = np.asarray(picture)
    pixels = cv2.warpAffine(source, turn, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    if not is_sharp:
        pixels = _shaken(pixels, chance)
    gain = 2.0 ** chance.uniform(-0.1, 0.1) if is_sharp else 2.0 ** chance.uniform(-0.4, 0.4)
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, 2.5, pixels.shape[:2])[..., None]
    exposed: Pixels = np.clip(pixels * gain + noise, 0, 255).astype(np.uint8)
    return exposed


def _shaken(pixels: Pixels, chance: random.Random) -> Pixels:
    """Blurred by a hand that moved a few pixels in one direction, or by a lens that missed a little."""
    if chance.random() < 0.5:
        blurred: Pixels = cv2.GaussianBlur(pixels, (0, 0), chance.uniform(1.5, 4.0))
        return blurred
    length = 2 * chance.randint(2, 6) + 1
    kernel = np.zeros((length, length), np.float32)
    angle = chance.uniform(0, np.pi)
    half = length // 2
    for step in np.linspace(-half, half, 4 * length):
        kernel[round(half + step * np.sin(angle)), round(half + step * np.cos(angle))] = 1
    moved: Pixels = cv2.filter2D(pixels, -1, kernel / kernel.sum())
    return moved


def _frame(pixels: Pixels, taken: datetime, number: int) -> Frame:
    """What the library would know of such a file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=92)
    small = shrink_to(np.asarray(Image.open(stream)), LONGEST_SIDE)
    quality = measure_quality(small)
    return Frame(
        id=f"{number:05d}",
        filename=f"IMG_{number:04d}.JPG",
        taken=taken,
        created_at=taken.replace(tzinfo=UTC),
        file_size=stream.getbuffer().nbytes,
        file_hash=str(number),
        settings=("Nikon Z6", "200", "50 mm", "f/4"),
        perceptual_hash=int(perceptual_hash(small), 2),
        sharpness=quality.sharpness,
        clipped=quality.highlights + quality.shadows,
        subject_sharpness=quality.subject_sharpness,
    )
