from __future__ import annotations

import io
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from core.errors import Undecodable
from core.media.facts import Look
from core.media.formats import JPEG, MP4, PNG
from core.media.look import Models, load_models, look
from core.media.perceptual_hash import similarity


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return load_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory, astronaut: Image.Image) -> Path:
    """A 3000 × 2000 photo with the astronaut's face in its middle."""
    canvas = Image.new("RGB", (3000, 2000), (90, 110, 130))
    canvas.paste(astronaut.resize((1500, 1500)), (750, 250))
    path = tmp_path_factory.mktemp("photos") / "portrait.jpg"
    canvas.save(path, quality=90)
    return path


def test_one_look_tells_everything_about_a_photo(portrait: Path, models: Models) -> None:
    seen = look(str(portrait), JPEG, models)

    assert (seen.width, seen.height) == (3000, 2000)
    assert len(seen.perceptual_hash) == 64
    assert seen.quality.sharpness > 10
    assert Image.open(io.BytesIO(seen.thumbnail)).size == (250, 250)
    assert Image.open(io.BytesIO(seen.preview)).size == (1440, 960)
    assert seen.tagging is not None
    assert seen.duration is None
    assert seen.warnings == ()


def test_faces_are_told_in_pixels_of_the_full_size_photo(portrait: Path, models: Models) -> None:
    (face,) = look(str(portrait), JPEG, models).faces.faces
    centre = (face.box.x + face.box.width / 2, face.box.y + face.box.height / 2)
    assert centre == pytest.approx((750 + 1500 * 0.44, 250 + 1500 * 0.22), abs=100)
    assert len(face.embedding) == 128


def test_a_video_is_looked_at_through_its_poster(tmp_path: Path, models: Models, astronaut: Image.Image) -> None:
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (512, 512))
    frame = cv2.cvtColor(np.asarray(astronaut), cv2.COLOR_RGB2BGR)
    for _ in range(20):
        writer.write(frame)
    writer.release()

    seen = look(str(path), MP4, models)

    assert seen.duration == pytest.approx(2, abs=0.1)
    assert len(seen.faces.faces) == 1
    astronaut.save(tmp_path / "still.png")
    still = look(str(tmp_path / "still.png"), PNG, models)
    assert similarity(seen.perceptual_hash, still.perceptual_hash) >= 96


def test_a_look_travels_between_processes(portrait: Path, models: Models) -> None:
    seen = look(str(portrait), JPEG, models)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(seen), type=Look) == seen


def test_without_a_tagger_everything_else_is_still_told(portrait: Path, models: Models) -> None:
    seen = look(str(portrait), JPEG, Models(models.face_finder, None))
    assert seen.tagging is None
    assert len(seen.faces.faces) == 1


def test_models_that_cannot_be_kept_are_told_and_not_raised(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("no folder")
    models = load_models(occupied / "cache")
    assert models.tagger is None
    assert models.notes


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2)])
def test_the_oddest_shapes_can_be_looked_at(tmp_path: Path, models: Models, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.png"
    Image.new("RGB", size, "green").save(path)
    seen = look(str(path), PNG, models)
    assert (seen.width, seen.height) == size
    assert seen.faces.faces == ()
    assert seen.faces.error is None


def test_a_broken_photo_is_refused(tmp_path: Path, portrait: Path, models: Models) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(portrait.read_bytes()[:50_000])
    with pytest.raises(Undecodable):
        look(str(path), JPEG, models)
