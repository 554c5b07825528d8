from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import Undecodable
from core.media.decode import decode
from core.media.formats import AVI, MP4, Format

PER_SECOND = 10


def write_video(path: Path, codec: str, greys: list[int]) -> None:
    """160 × 120 frames, ten a second, each of one grey."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), PER_SECOND, (160, 120))
    assert writer.isOpened()
    for grey in greys:
        writer.write(np.full((120, 160, 3), grey, np.uint8))
    writer.release()


@pytest.mark.parametrize("format, codec", [(MP4, "mp4v"), (AVI, "MJPG")], ids=["MP4", "AVI"])
def test_the_poster_is_the_frame_at_one_second(tmp_path: Path, format: Format, codec: str) -> None:
    path = tmp_path / f"clip{format.extension}"
    write_video(path, codec, [60] * 10 + [200] * 20 + [60] * 90)
    decoded = decode(str(path), format)
    assert decoded.rgb.shape == (120, 160, 3)
    assert abs(float(decoded.rgb.mean()) - 200) < 10
    assert decoded.duration == pytest.approx(12, abs=0.2)


def test_of_a_short_video_it_is_the_frame_at_a_tenth(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    write_video(path, "mp4v", [60, 60, 200, 200, 200] + [60] * 15)
    decoded = decode(str(path), MP4)
    assert abs(float(decoded.rgb.mean()) - 200) < 10


def test_a_video_that_begins_in_the_dark_shows_a_later_frame(tmp_path: Path) -> None:
    path = tmp_path / "fade.mp4"
    write_video(path, "mp4v", [0] * 30 + [150] * 30)
    assert abs(float(decode(str(path), MP4).rgb.mean()) - 150) < 10


def test_a_video_that_is_dark_throughout_still_has_a_poster(tmp_path: Path) -> None:
    path = tmp_path / "night.mp4"
    write_video(path, "mp4v", [2] * 30)
    assert decode(str(path), MP4).rgb.mean() < 16


def test_a_video_without_its_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.mp4"
    write_video(path, "mp4v", [100] * 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])  # the index is at the end
    with pytest.raises(Undecodable, match=r"half\.mp4 cannot be decoded: it holds no video that FFmpeg can open"):
        decode(str(path), MP4)
