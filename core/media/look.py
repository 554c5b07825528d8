"""What do the pixels of one file tell?

This is the part of the pipeline that costs time, so the file is opened and decoded once and everything else shares the
reduced picture. It runs in worker processes only: a native library that crashes costs one job.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2

from core.media.decode import decode
from core.media.faces import FaceFinder, find_faces, load_face_finder
from core.media.facts import Format, Look, Tagging
from core.media.models.shipped import ModelUnusable
from core.media.perceptual_hash import perceptual_hash
from core.media.quality import measure_quality
from core.media.resize import Pixels, shrink_to
from core.media.tagger import Tagger, load_tagger, tag_picture
from core.media.thumbnails import preview, square_thumbnail

WORKING_SIZE = 512
"""Longest side in pixels of the picture that hash, quality and tagger start from: what the first two work at anyway."""


@dataclass(frozen=True)
class Models:
    """The networks of one worker process. They must not be shared between threads.

    ``tagger`` is ``None`` where it cannot be used, and ``notes`` are sentences on what is missing or slower than usual.
    """

    face_finder: FaceFinder
    tagger: Tagger | None
    notes: tuple[str, ...] = ()


def load_models(cache_dir: Path) -> Models:
    """Load the networks, from the converted files in ``cache_dir`` where they exist; the first time writes them there.

    Also keeps OpenCV to one thread: there is one worker process for each core. Never raises: what cannot be loaded is
    told in ``notes`` and missing from every ``Look``.
    """
    cv2.setNumThreads(1)
    face_finder = load_face_finder(cache_dir)
    notes = (face_finder.error,) if face_finder.error else face_finder.notes
    try:
        return Models(face_finder, load_tagger(cache_dir), notes)
    except ModelUnusable as error:
        return Models(face_finder, None, (*notes, str(error)))


def look(path: str, format: Format, models: Models) -> Look:
    """Look at a photo, a RAW file's embedded preview, or a video's poster frame.

    Raises ``Undecodable`` when its pixels cannot be read completely, and ``SourceVanished``, ``SourceUnreadable`` or
    ``SourceChanged`` when the file itself cannot be read in peace.
    """
    decoded = decode(path, format)
    small = shrink_to(decoded.rgb, WORKING_SIZE)
    tagging, tagging_warnings = _tagging(models.tagger, small)
    faces = find_faces(models.face_finder, decoded.rgb, decoded.full_width, decoded.full_height)
    return Look(
        width=decoded.full_width,
        height=decoded.full_height,
        perceptual_hash=perceptual_hash(small),
        quality=measure_quality(small, [face.box for face in faces.faces], decoded.full_width),
        faces=faces,
        tagging=tagging,
        thumbnail=square_thumbnail(decoded.rgb),
        preview=preview(decoded.rgb),
        duration=decoded.duration,
        warnings=decoded.warnings + tagging_warnings,
    )


def _tagging(tagger: Tagger | None, rgb: Pixels) -> tuple[Tagging | None, tuple[str, ...]]:
    if tagger is None:
        return None, ()
    try:
        return tag_picture(tagger, rgb), ()
    except ModelUnusable as error:
        return None, (str(error),)
