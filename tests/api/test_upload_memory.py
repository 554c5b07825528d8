"""A large upload goes through a small buffer."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from typing import Final

import cv2
import numpy as np
import psutil
import pytest

from core.library.layout import Layout
from tests.api.conftest import Library

pytestmark = pytest.mark.asyncio

MEGABYTE: Final = 1 << 20
PADDING: Final = 128 * MEGABYTE
"""Bytes of the box that makes a small video large."""

EXTRA: Final = 64 * MEGABYTE
"""What the process may grow by meanwhile; sender and receiver are both in it."""


def small_video(path: str) -> None:
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for shade in range(0, 200, 20):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()


async def test_a_large_video_is_not_held_in_memory(
    sqlite_library: Library, with_cache: Callable[[Layout], None]
) -> None:
    with_cache(sqlite_library.bench.layout)
    path = sqlite_library.bench.layout.data_dir / "small.mp4"
    small_video(str(path))
    video, process = path.read_bytes(), psutil.Process()
    grown: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        yield b'--B\r\nContent-Disposition: form-data; name="files"; filename="large.mp4"\r\n\r\n'
        yield video + struct.pack(">I4s", PADDING + 8, b"free")
        before = process.memory_info().rss
        for _ in range(PADDING // MEGABYTE):
            yield bytes(MEGABYTE)
            grown.append(process.memory_info().rss - before)
        yield b"\r\n--B--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = await sqlite_library.http.post("/api/upload", content=body(), headers=headers)
    (result,) = answer.json()["results"]
    assert result["status"] == "success", result
    assert max(grown) < EXTRA
    photo = (await sqlite_library.http.get(f"/api/photos/{result['versionId']}")).json()
    assert (photo["fileSize"], photo["mimeType"]) == (len(video) + PADDING + 8, "video/mp4")
