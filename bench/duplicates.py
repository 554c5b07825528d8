"""How well, and how quickly, are copies found? Beside the hashes of imagededup and imagehash, on the same pictures.

The changes are those of imagededup's benchmark (cut, mirrored both ways, turned by 25°, another shape) and those that
libraries of families are full of: compressed again, half the size, a caption, other colours. Each is looked for among
all originals, and among frames of films that show the same scene and are no copies.

Pictures to try it with: Debian's wallpapers (gnome-, mate-, sway-backgrounds, lomiri-wallpapers,
plasma-workspace-wallpapers), the examples of opencv-doc, scikit-image's and scikit-learn's data, camera files with some
films. Wallpapers come in several cuts of one picture, which count as wrong here although they are copies: the precision
of what finds cuts is a lower bound.
"""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

Report = Callable[[str, str, str], None]
Pairs: TypeAlias = set[tuple[int, int]]

LONGEST = 640
"""Longest side in pixels of the originals, as in imagededup's benchmark; larger ones would only take longer."""

SAME = 0.98
"""Correlation of two tiny pictures, in any orientation, from which the folder has one picture twice: one of the two is
left out, as nobody could say which pair is right."""

FRAMES, FRAMES_APART = 4, 12
"""Frames that are taken of each film, and how far apart."""

FRAME_DIFFERENCE = 4.0
"""Mean difference of luminance (0–255) from which two frames are two pictures."""

FILMS = "frames beside each other"

OTHERS_DISTANCE = 10
"""The distance that imagededup takes when nobody says otherwise."""

OTHERS_COSINE = 0.9
"""The likeness that it takes for its CNN. That needs weights from the network, so the classifier stands in for it."""


def _saved(image: Image.Image, quality: int = 90) -> Image.Image:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def _cut(image: Image.Image) -> Image.Image:
    """560 × 420 of 640 × 480."""
    width, height = image.size
    return image.crop((width // 16, height // 16, width // 16 + width * 7 // 8, height // 16 + height * 7 // 8))


def _captioned(image: Image.Image) -> Image.Image:
    image = image.copy()
    font = ImageFont.load_default(max(10, image.height // 18))
    place = (image.width * 0.03, image.height * 0.9)
    ImageDraw.Draw(image).text(place, "Summer holidays 2019", "white", font, stroke_width=2, stroke_fill="black")
    return image


def _tinted(image: Image.Image) -> Image.Image:
    sepia = (0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0)
    return image.convert("RGB", sepia)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cut": lambda image: _saved(_cut(image)),
    "mirrored": lambda image: _saved(ImageOps.mirror(image)),
    "upside down": lambda image: _saved(ImageOps.flip(image)),
    "turned by 25°": lambda image: _saved(image.rotate(25, Image.Resampling.BICUBIC)),
    "made square": lambda image: _saved(image.resize((min(image.size),) * 2)),
    "half the size": lambda image: _saved(image.reduce(2)),
    "quality 60": lambda image: _saved(image, 60),
    "no metadata": lambda image: image,
    "caption": lambda image: _saved(_captioned(image)),
    "sepia": lambda image: _saved(_tinted(image)),
}


def found(
    folder: Path, cache: Path, pictures: Sequence[Path], films: Sequence[Path], others: Path | None, report: Report
) -> None:
    """Precision and recall of every method for every change. ``others``: a Python that has imagededup."""
    originals = _originals(folder / "originals", pictures)
    frames = _frames(folder / "frames", films)
    report("pictures, and frames of films that are no copies", f"{len(originals)}, {len(frames)}", "≥ 300")
    known = [*originals, *frames]
    changed: dict[str, list[Path]] = {}
    for name, change in CHANGES.items():
        changed[name] = []
        for number, path in enumerate(originals):
            changed[name].append(_kept(folder / name / f"{number:04d}.png", change(_opened(path))))
    truth = {name: {(number, number) for number in range(len(originals))} for name in changed}
    # a frame looks like those beside it, and is a copy of none of them
    changed[FILMS] = frames
    itself = {(number, len(originals) + number) for number in range(len(frames))}
    ours, by_network = _ours(cache, known, changed, report)
    methods = {"pictallion": ours, f"EfficientNet-Lite0 alone, cosine ≥ {OTHERS_COSINE}": by_network}
    for name, method in (("imagehash phash", imagehash.phash), ("imagehash dhash", imagehash.dhash)):
        hashes = _by_imagehash(method, known, changed)
        methods[f"{name} ≤ {OTHERS_DISTANCE}"] = {each: _near(hashes[each], hashes[""]) for each in changed}
    if others is not None:
        for name in ("PHash", "DHash"):
            hashes = _by_imagededup(others, name, known, changed)
            methods[f"imagededup {name} ≤ {OTHERS_DISTANCE}"] = {
                each: _near(hashes[each], hashes[""]) for each in changed
            }
    for method_name, by_change in methods.items():
        totals = np.zeros(3)
        for name, pairs in by_change.items():
            wanted = truth.get(name, set())
            claimed = pairs - itself if name == FILMS else pairs
            right = len(claimed & wanted)
            totals += (right, len(claimed), len(wanted))
            told = f"precision {_share(right, len(claimed))}, recall {_share(right, len(wanted))}"
            report(f"{method_name}, {name}", f"{len(claimed)} wrong" if name == FILMS else told, "")
        told = f"precision {_share(totals[0], totals[1])}, recall {_share(totals[0], totals[2])}"
        report(f"{method_name}, all", told, "")


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def _ours(
    cache: Path, known: Sequence[Path], changed: dict[str, list[Path]], report: Report
) -> tuple[dict[str, Pairs], dict[str, Pairs]]:
    """As the pass does it: fingerprints, suspects, confirmation; and what the embeddings alone would say."""
    from core.duplicates.pictures import Pair, Picture, Seen, confirm, fingerprints
    from core.duplicates.suspects import find_suspects
    from core.media.fingerprint import RECORD
    from core.media.formats import PNG
    from core.media.tagger import load_tagger

    cv2.setNumThreads(1)
    tagger = load_tagger(cache)

    def pictures_of(paths: Iterable[Path]) -> list[Picture]:
        return [Picture(str(path), str(path), PNG) for path in paths]

    mine = pictures_of(known)
    records = fingerprints(mine, tagger)
    seen = Seen(len(mine) + sum(map(len, changed.values())))
    pairs: dict[str, Pairs] = {}
    by_network: dict[str, Pairs] = {}
    spent = np.zeros(3)
    for name, paths in changed.items():
        began = time.process_time()
        theirs = pictures_of(paths)
        table = np.frombuffer(b"".join([*records, *fingerprints(theirs, tagger)]), RECORD)
        vectors = table["embedding"].astype(np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
        is_near = vectors[len(mine) :] @ vectors[: len(mine)].T >= OTHERS_COSINE
        by_network[name] = {(int(one), int(other)) for one, other in zip(*np.nonzero(is_near), strict=True)}
        suspects = [each for each in find_suspects(table, len(mine), len(table)) if each.other < len(mine)]
        questions = [Pair(theirs[each.new - len(mine)], mine[each.other], each.orientation) for each in suspects]
        answers = confirm(questions, seen)
        pairs[name] = {
            (each.new - len(mine), each.other)
            for each, answer in zip(suspects, answers, strict=True)
            if answer is not None
        }
        spent += (time.process_time() - began, len(theirs), len(questions))
        report(
            f"pictallion, {name}: looked at, suspected, confirmed",
            f"{len(theirs)}, {len(questions)}, {len(pairs[name])}",
            "",
        )
    report(
        "CPU of one newcomer, all told", f"{spent[0] / spent[1] * 1000:.0f} ms, {spent[2] / spent[1]:.1f} suspects", ""
    )
    return pairs, by_network


def _by_imagehash(
    method: Callable[[Image.Image], imagehash.ImageHash], known: Sequence[Path], changed: dict[str, list[Path]]
) -> dict[str, NDArray[np.uint64]]:
    def of(paths: Sequence[Path]) -> NDArray[np.uint64]:
        return np.array([int(str(method(_opened(path))), 16) for path in paths], np.uint64)

    return {"": of(known)} | {name: of(paths) for name, paths in changed.items()}


_IMAGEDEDUP = """
import json, sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock
import scipy.fftpack, sklearn.metrics  # before there is a torch that they would look at

class Fake:  # only its CNN needs torch, and that needs weights from the network
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in ("torch", "torchvision") else None
    def create_module(self, spec):
        return MagicMock()
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Fake())
from imagededup.methods.hashing import DHash, PHash
for name in [name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision")]:
    del sys.modules[name]
hasher = {"PHash": PHash, "DHash": DHash}[sys.argv[1]](verbose=False)
json.dump([hasher.encode_image(path) for path in json.load(sys.stdin)], sys.stdout)
"""


def _by_imagededup(
    python: Path, method: str, known: Sequence[Path], changed: dict[str, list[Path]]
) -> dict[str, NDArray[np.uint64]]:
    def of(paths: Sequence[Path]) -> NDArray[np.uint64]:
        asked = json.dumps([str(path) for path in paths])
        done = subprocess.run(
            [python, "-c", _IMAGEDEDUP, method], input=asked, capture_output=True, text=True, check=True
        )
        return np.array([int(text, 16) for text in json.loads(done.stdout)], np.uint64)

    return {"": of(known)} | {name: of(paths) for name, paths in changed.items()}


def _near(queries: NDArray[np.uint64], known: NDArray[np.uint64]) -> Pairs:
    differing = np.bitwise_count(queries[:, None] ^ known[None, :])
    return {(int(one), int(other)) for one, other in zip(*np.nonzero(differing <= OTHERS_DISTANCE), strict=True)}


def _originals(folder: Path, pictures: Iterable[Path]) -> list[Path]:
    """What can be opened, has something to see, and is in the folder once."""
    kept: list[Path] = []
    seen: list[NDArray[np.float32]] = []
    for path in pictures:
        try:
            image = _opened(path)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
        tiny = np.asarray(image.convert("L").resize((64, 64), Image.Resampling.BOX), np.float32)
        if min(image.size) < 160 or tiny.std() < 12:
            continue
        views = [_unit(np.rot90(view, turns)) for view in (tiny, tiny[:, ::-1]) for turns in range(4)]
        if seen and float(np.max(np.array(seen) @ np.array(views).T)) > SAME:
            continue
        seen.append(views[0])
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        kept.append(_kept(folder / f"{len(kept):04d}.png", _saved(image, 95)))
    return kept


def _unit(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = pixels - pixels.mean()
    unit: NDArray[np.float32] = (centred / np.linalg.norm(centred)).ravel()
    return unit


def _frames(folder: Path, films: Iterable[Path]) -> list[Path]:
    """Frames of films that differ; the first of each film is an original of nobody, as the others are."""
    kept: list[Path] = []
    for film in films:
        reader = cv2.VideoCapture(str(film))
        last, number, taken = None, 0, 0
        while taken < FRAMES:
            is_there, frame = reader.read()
            if not is_there:
                break
            luminance = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.int16)
            is_other = last is None or float(np.abs(luminance - last).mean()) >= FRAME_DIFFERENCE
            if number % FRAMES_APART == 0 and is_other and luminance.std() > 12:
                image = Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
                image.thumbnail((LONGEST, LONGEST))
                kept.append(_kept(folder / f"{len(kept):04d}.png", image))
                last, taken = luminance, taken + 1
            number += 1
    return kept


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _kept(path: Path, image: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, compress_level=1)
    return path


def scale(report: Report) -> None:
    """All pairs within eight bits among random hashes, and one newcomer in eight orientations against all."""
    import resource

    from core.duplicates.hash_index import HashIndex
    from core.duplicates.suspects import DISTANCE

    random = np.random.default_rng(1)
    for size in (10_000, 50_000, 100_000, 1_000_000):
        hashes = random.integers(0, 2**64, size, dtype=np.uint64)
        hashes[: size // 100] = hashes[-(size // 100) :] ^ np.uint64(0b1001_0001 << 30)
        began, cpu = time.perf_counter(), time.process_time()
        index = HashIndex.of(hashes)
        pairs = sum(int((near.query < near.found).sum()) for near in index.near(hashes, DISTANCE))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        report(
            f"all pairs within {DISTANCE} bits among {size:,} hashes",
            f"{pairs:,} in {wall:.1f} s ({cpu:.1f} s CPU), process at {memory:.0f} MiB at most",
            "≤ 60 s, ≤ 1 GiB" if size == 1_000_000 else "",
        )
        if size == 50_000:
            report("the same pairs by comparing all with all", f"{_brute(hashes, DISTANCE):,}", "equal")
        one = []
        for number in range(50):
            began = time.perf_counter()
            list(index.near(hashes[number : number + 8], DISTANCE))
            one.append(time.perf_counter() - began)
        report(f"one newcomer, eight orientations, against {size:,}", f"{np.median(one) * 1000:.2f} ms", "≤ 10 ms")


def _brute(hashes: NDArray[np.uint64], distance: int) -> int:
    return sum(int((np.bitwise_count(hashes[row + 1 :] ^ one) <= distance).sum()) for row, one in enumerate(hashes))
