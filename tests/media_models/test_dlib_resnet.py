"""The embeddings are dlib's own, to the last digit that matters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

import core
from core.media.faces import HOG, FaceModels, find_faces, installed_models, load_face_finder
from core.media.models import dlib_faces, dlib_resnet
from core.media.models.opencv import open_network

_TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def chips(astronaut: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """One face in several guises, and pictures that are no faces."""
    face = np.ascontiguousarray(astronaut[43:193, 151:301])
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return [
        face,
        np.ascontiguousarray(face[:, ::-1]),
        (face // 3).astype(np.uint8),
        np.zeros_like(face),
        np.full_like(face, 255),
        np.asarray(cv2.resize(coarse, (150, 150), interpolation=cv2.INTER_CUBIC), dtype=np.uint8),
    ]


def test_the_converted_network_gives_the_numbers_of_dlib(chips: list[NDArray[np.uint8]], cache_dir: Path) -> None:
    resnet = installed_models().resnet
    reference = dlib.face_recognition_model_v1(str(resnet))
    embedder = dlib_faces.embedder(resnet, cache_dir)
    assert embedder.notes == ()
    for chip in chips:
        expected = np.array(reference.compute_face_descriptor(chip))
        assert np.abs(embedder.embed(chip) - expected).max() < _TOLERANCE


def test_several_chips_at_once_give_the_numbers_of_each_alone(chips: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(dlib_resnet.convert(installed_models().resnet))
    net = open_network(path)
    net.setInput(cv2.dnn.blobFromImages(chips))
    together = np.array(net.forward())
    assert together.shape == (len(chips), dlib_resnet.EMBEDDING_SIZE)
    for chip, embedding in zip(chips, together, strict=True):
        net.setInput(cv2.dnn.blobFromImage(chip))
        assert np.abs(net.forward()[0] - embedding).max() < 1e-5


# face_recognition makes Pillow accept truncated files and may end its process, so it gets one of its own.
_ORACLE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import face_recognition
import PIL.ImageFile
PIL.ImageFile.LOAD_TRUNCATED_IMAGES = False
import numpy as np
left, top, width, height = json.loads(sys.argv[2])
place = (top, left + width - 1, top + height - 1, left)
picture = np.load(sys.argv[1])
assert place in face_recognition.face_locations(picture, number_of_times_to_upsample=1)
(encoding,) = face_recognition.face_encodings(picture, [place], num_jitters=1, model="small")
print(json.dumps(encoding.tolist()))
"""


def test_box_and_embedding_equal_location_and_encoding_of_face_recognition(
    astronaut: NDArray[np.uint8], cache_dir: Path, tmp_path: Path
) -> None:
    models = installed_models()
    finder = load_face_finder(cache_dir, FaceModels(models.landmarks, models.resnet, centerface=None))
    finding = find_faces(finder, astronaut, 512, 512)
    assert finding.detector == HOG
    face = finding.faces[0]
    np.save(tmp_path / "picture.npy", astronaut)
    box = json.dumps([face.box.x, face.box.y, face.box.width, face.box.height])
    answer = subprocess.run(
        [sys.executable, "-c", _ORACLE, str(tmp_path / "picture.npy"), box],
        cwd=Path(core.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = np.array(json.loads(answer.stdout))
    assert np.abs(np.array(face.embedding) - expected).max() < _TOLERANCE
