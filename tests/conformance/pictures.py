"""Pictures to ask about."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import piexif
from PIL import Image

from tests.conformance.asking import Asker

FACE = (Path(__file__).parent.parent / "fixtures" / "astronaut.jpg").read_bytes()
"""A real face: Eileen Collins, NASA."""


def noise(seed: int, **exif: str) -> bytes:
    """A small JPEG that looks like no other; ``DateTimeOriginal="2024:07:26 14:30:25"`` and the like are written in."""
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((256, 192), Image.Resampling.NEAREST)
    written = io.BytesIO()
    block = {"Exif": {getattr(piexif.ExifIFD, name): text for name, text in exif.items()}}
    picture.save(written, "JPEG", quality=90, exif=piexif.dump(block))
    return written.getvalue()


async def upload(asker: Asker, name: str, content: bytes) -> str:
    """Takes a picture in as a person would; returns the id of its photo."""
    files = [("files", (name, content, "image/jpeg"))]
    answer = await asker.library.http.post("/api/upload", files=files)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["status"] == "success", result
    return str(result["versionId"])
