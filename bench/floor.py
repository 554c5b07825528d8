"""The floor: a bare loop, one process per core, that does only the work that cannot be left out.

Read and both hashes, one reduced decode, DCT hash, two thumbnails, face detection, encodings, tagger. No database, no
copy, no sidecar, no queue.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from pathlib import Path

from core.media.facts import Format
from core.media.formats import JPEG


def one_photo(path: Path, models: object, media_format: Format = JPEG) -> None:
    """The irreducible work on one photo."""
    from core.media.decode import decode
    from core.media.faces import find_faces
    from core.media.look import WORKING_SIZE, Models
    from core.media.perceptual_hash import perceptual_hash
    from core.media.resize import shrink_to
    from core.media.tagger import tag_picture
    from core.media.thumbnails import preview, square_thumbnail

    assert isinstance(models, Models)
    assert models.tagger is not None
    content = path.read_bytes()
    hashlib.md5(content).hexdigest()
    hashlib.sha256(content).hexdigest()
    decoded = decode(str(path), media_format)
    small = shrink_to(decoded.rgb, WORKING_SIZE)
    perceptual_hash(small)
    square_thumbnail(decoded.rgb)
    preview(decoded.rgb)
    find_faces(models.face_finder, decoded.rgb, decoded.full_width, decoded.full_height)
    tag_picture(models.tagger, small)


def _loop(paths: list[Path], cache: Path, ready: object, go: object, results: object) -> None:
    from core.compute.worker import prepare_worker
    from core.media.look import load_models

    prepare_worker()
    models = load_models(cache)
    one_photo(paths[0], models)
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    began = time.perf_counter()
    for path in paths:
        one_photo(path, models)
    results.put(time.perf_counter() - began)  # type: ignore[attr-defined]


def floor_seconds(paths: list[Path], cache: Path, processes: int) -> float:
    """Wall seconds in which ``processes`` bare loops do all of ``paths``; starting and loading is not counted."""
    context = multiprocessing.get_context("spawn")
    ready, go, results = context.Semaphore(0), context.Event(), context.Queue()
    shares = [paths[number::processes] for number in range(processes)]
    loops = [context.Process(target=_loop, args=(share, cache, ready, go, results)) for share in shares]
    for loop in loops:
        loop.start()
    for _ in loops:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for _ in loops:
        results.get()
    seconds = time.perf_counter() - began
    for loop in loops:
        loop.join()
    return seconds
