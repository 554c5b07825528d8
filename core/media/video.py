"""What does a video look like? One still picture stands for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from core.errors import Undecodable
from core.media.resize import Pixels

POSTER_AT_SECONDS = 1.0
POSTER_AT_SHARE = 0.1
"""The poster is the frame at one second, or at a tenth of a shorter video: past the shake of pressing the button."""

LATER_SHARES = (0.25, 0.5, 0.75)
"""Places that are tried instead when that frame is nearly black, as in a fade-in."""

NEARLY_BLACK = 16
"""Mean pixel value 0–255 up to which a frame shows nothing; video's black itself is 16 (ITU-R BT.601)."""


@dataclass(frozen=True)
class Poster:
    """A frame, H × W × 3 uint8 RGB at full size and upright; ``duration`` in seconds, ``None`` where the file does not
    tell.
    """

    rgb: Pixels
    duration: float | None


def read_poster(path: str) -> Poster:
    """The picture that stands for a video. Raises ``Undecodable`` with the mere reason when no frame can be read.

    OpenCV turns frames as the container asks. FFmpeg complains on stderr unless ``OPENCV_FFMPEG_LOGLEVEL=-8`` stands
    in the environment before the process opens its first video.
    """
    with _opened(path) as capture:
        duration = _duration(capture)
        first = _frame_at(capture, min(POSTER_AT_SECONDS, POSTER_AT_SHARE * duration) if duration else 0.0)
        if first is not None and (duration is None or first.mean() > NEARLY_BLACK):
            return Poster(first, duration)
        later = [_frame_at(capture, share * duration) for share in LATER_SHARES] if duration else []
    frames = [frame for frame in (first, *later) if frame is not None]
    if not frames:
        frames = [_first_frame(path)]
    return Poster(max(frames, key=lambda frame: float(frame.mean())), duration)


@contextmanager
def _opened(path: str) -> Iterator[cv2.VideoCapture]:
    """A capture by FFmpeg alone: OpenCV's other back ends read numbered image files and devices by name."""
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            raise Undecodable("it holds no video that FFmpeg can open")
        yield capture
    finally:
        capture.release()


def _duration(capture: cv2.VideoCapture) -> float | None:
    frames, per_second = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    return frames / per_second if frames > 0 and per_second > 0 else None


def _frame_at(capture: cv2.VideoCapture, seconds: float) -> Pixels | None:
    if seconds > 0:
        capture.set(cv2.CAP_PROP_POS_MSEC, seconds * 1000)
    return _next_frame(capture)


def _next_frame(capture: cv2.VideoCapture) -> Pixels | None:
    was_read, bgr = capture.read()
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False) if was_read else None


def _first_frame(path: str) -> Pixels:
    """The first frame without seeking: some transport streams cannot be entered in the middle."""
    with _opened(path) as capture:
        frame = _next_frame(capture)
    if frame is None:
        raise Undecodable("no frame of it can be read")
    return frame
