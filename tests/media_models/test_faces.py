"""Faces are found where they are, and a missing or broken network is a sentence, never a crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.media.faces import (
    CENTERFACE,
    HOG,
    FaceFinder,
    FaceModels,
    FaceStages,
    find_faces,
    installed_models,
    load_face_finder,
)
from core.media.facts import Box
from core.media.models.centerface import Detection

Pixels = NDArray[np.uint8]

_FACE = Box(182, 58, 88, 120)
"""Of the astronaut, by hand: from the hairline to the chin."""


@pytest.fixture(scope="module")
def models() -> FaceModels:
    return installed_models()


@pytest.fixture(scope="module")
def finder(cache_dir: Path) -> FaceFinder:
    return load_face_finder(cache_dir)


@pytest.fixture(scope="module")
def hog_finder(cache_dir: Path, models: FaceModels) -> FaceFinder:
    return load_face_finder(cache_dir, replace(models, centerface=None))


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(0, width) * max(0, height)
    return common / (one.width * one.height + other.width * other.height - common)


def _distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(np.linalg.norm(np.array(one) - np.array(other)))


def _placed(picture: Pixels, width: int, height: int, left: int, top: int) -> Pixels:
    canvas = np.full((height, width, 3), 96, dtype=np.uint8)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def test_the_astronaut_has_one_face_in_the_right_place(finder: FaceFinder, astronaut: Pixels) -> None:
    finding = find_faces(finder, astronaut, 512, 512)
    assert finding.detector == CENTERFACE
    assert finding.error is None
    (face,) = finding.faces
    assert _overlap(face.box, _FACE) > 0.8
    assert 0.8 < face.confidence <= 1
    assert len(face.embedding) == 128


@pytest.mark.parametrize(
    "width, height, left, top", [(1024, 768, 400, 200), (640, 900, 100, 380), (1000, 520, 0, 0), (530, 1013, 11, 499)]
)
def test_a_face_is_found_wherever_it_stands(
    finder: FaceFinder, astronaut: Pixels, width: int, height: int, left: int, top: int
) -> None:
    (face,) = find_faces(finder, _placed(astronaut, width, height, left, top), width, height).faces
    assert _overlap(face.box, Box(_FACE.x + left, _FACE.y + top, _FACE.width, _FACE.height)) > 0.7
    (alone,) = find_faces(finder, astronaut, 512, 512).faces
    assert _distance(face.embedding, alone.embedding) < 0.3


@pytest.mark.parametrize("factor", [0.5, 0.8, 2.0])
def test_a_face_is_the_same_face_at_another_size(finder: FaceFinder, astronaut: Pixels, factor: float) -> None:
    side = round(512 * factor)
    scaled = np.asarray(cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    (face,) = find_faces(finder, scaled, 512, 512).faces
    assert _overlap(face.box, _FACE) > 0.75
    (original,) = find_faces(finder, astronaut, 512, 512).faces
    assert _distance(face.embedding, original.embedding) < 0.35


def test_boxes_are_given_in_pixels_of_the_full_size_picture(finder: FaceFinder, astronaut: Pixels) -> None:
    (small,) = find_faces(finder, astronaut, 512, 512).faces
    (large,) = find_faces(finder, astronaut, 5120, 2560).faces
    assert large.box.x == pytest.approx(10 * small.box.x, abs=10)
    assert large.box.width == pytest.approx(10 * small.box.width, abs=10)
    assert large.box.y == pytest.approx(5 * small.box.y, abs=5)
    assert large.box.height == pytest.approx(5 * small.box.height, abs=5)
    assert large.embedding == small.embedding


def test_a_face_cut_by_the_edge_has_a_box_inside_the_picture(finder: FaceFinder, astronaut: Pixels) -> None:
    cut = astronaut[90:, 215:]
    height, width = cut.shape[:2]
    found = find_faces(finder, cut, width, height).faces
    assert found
    box = found[0].box
    assert (box.x, box.y) == (0, 0)
    assert box.width > 0
    assert box.height > 0
    assert box.x + box.width <= width
    assert box.y + box.height <= height


@pytest.mark.parametrize("shape", [(768, 1024), (512, 512), (1, 1), (3, 1024), (1024, 2)])
def test_a_picture_without_faces_has_none(finder: FaceFinder, hog_finder: FaceFinder, shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 200, dtype=np.uint8)
    for each in (finder, hog_finder):
        finding = find_faces(each, picture, shape[1] * 4, shape[0] * 4)
        assert finding.faces == ()
        assert finding.error is None


def test_pictures_of_changing_shapes_do_not_disturb_each_other(
    finder: FaceFinder, astronaut: Pixels, cache_dir: Path
) -> None:
    shapes = [(640, 512), (512, 640), (900, 700), (512, 512)]
    pictures = [_placed(astronaut, width, height, 0, 0) for width, height in shapes]
    one_after_another = [find_faces(finder, picture, 1000, 1000) for picture in pictures * 2]
    fresh = [find_faces(load_face_finder(cache_dir), picture, 1000, 1000) for picture in pictures]
    assert one_after_another == fresh * 2


def test_a_view_into_a_larger_picture_is_read_like_a_copy(finder: FaceFinder, astronaut: Pixels) -> None:
    view = np.repeat(astronaut, 2, axis=1)[:, ::2]
    assert find_faces(finder, view, 512, 512) == find_faces(finder, astronaut, 512, 512)


def test_without_centerface_hog_finds_the_face(finder: FaceFinder, hog_finder: FaceFinder, astronaut: Pixels) -> None:
    finding = find_faces(hog_finder, astronaut, 512, 512)
    assert finding.detector == HOG
    best = finding.faces[0]
    assert _overlap(best.box, _FACE) > 0.5
    assert 0.5 <= best.confidence <= 1
    (same,) = find_faces(finder, astronaut, 512, 512).faces
    assert _distance(best.embedding, same.embedding) < 0.3


def test_hog_finds_the_face_in_a_picture_that_has_to_be_made_smaller(hog_finder: FaceFinder, astronaut: Pixels) -> None:
    large = np.asarray(cv2.resize(astronaut, (1024, 1024), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    finding = find_faces(hog_finder, large, 512, 512)
    assert _overlap(finding.faces[0].box, _FACE) > 0.5


def test_a_broken_centerface_is_replaced_by_hog_and_said(cache_dir: Path, models: FaceModels, tmp_path: Path) -> None:
    broken = tmp_path / "centerface.onnx"
    broken.write_bytes(b"not a network")
    finder = load_face_finder(cache_dir, replace(models, centerface=broken))
    assert finder.detector == HOG
    assert finder.stages is not None
    assert "HOG instead of CenterFace" in finder.notes[0]


@pytest.mark.parametrize("missing", ["landmarks", "resnet"])
def test_a_missing_file_of_dlib_is_a_sentence_on_every_picture(
    models: FaceModels, tmp_path: Path, astronaut: Pixels, missing: str
) -> None:
    finder = load_face_finder(tmp_path / "cache", replace(models, **{missing: tmp_path / "gone.dat"}))
    finding = find_faces(finder, astronaut, 512, 512)
    assert finding.faces == ()
    assert finding.error is not None
    assert "gone.dat" in finding.error


def test_a_tampered_embedding_network_is_refused_and_not_kept(
    models: FaceModels, tmp_path: Path, astronaut: Pixels
) -> None:
    content = bytearray(models.resnet.read_bytes())
    content[-1000] ^= 0x40
    tampered = tmp_path / "tampered.dat"
    tampered.write_bytes(content)
    finder = load_face_finder(tmp_path / "cache", replace(models, resnet=tampered))
    error = find_faces(finder, astronaut, 512, 512).error
    assert error is not None
    assert "not the one that Pictallion knows" in error
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_costs_time_but_no_face(
    finder: FaceFinder, tmp_path: Path, astronaut: Pixels
) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")
    slow = load_face_finder(tmp_path / "cache")
    assert "embedded by dlib" in slow.notes[0]
    (expected,) = find_faces(finder, astronaut, 512, 512).faces
    (face,) = find_faces(slow, astronaut, 512, 512).faces
    assert face.box == expected.box
    assert np.allclose(face.embedding, expected.embedding, atol=1e-4)


def test_a_network_that_fails_on_a_picture_is_a_sentence(finder: FaceFinder, astronaut: Pixels) -> None:
    def fail(_: Pixels) -> list[Detection]:
        raise cv2.error("the picture is too strange")

    assert finder.stages is not None
    failing = replace(finder, stages=FaceStages(fail, finder.stages.align, finder.stages.embed))
    finding = find_faces(failing, astronaut, 512, 512)
    assert finding.faces == ()
    assert finding.error == "Looking for faces failed: the picture is too strange"
