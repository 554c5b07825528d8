"""Is there a film behind the picture, and where?

Google's cameras say so in XMP (:mod:`core.media.xmp_metadata`); Samsung's in a directory at the end of the file, which
counts backwards (the tables of ExifTool, "Samsung trailer"). What is said is believed only where a film really begins.
"""

from __future__ import annotations

from typing import BinaryIO

from core.media.metadata import EmbeddedVideo, Said

_END_MARK, _DIRECTORY_MARK = b"SEFT", b"SEFH"
_MOTION_PHOTO = 0x0A30
_MAX_DIRECTORY = 4096


def embedded_video(stream: BinaryIO, size: int, said: Said[EmbeddedVideo] | None) -> Said[EmbeddedVideo] | None:
    """The film of a picture of ``size`` bytes, as XMP ``said`` or as the trailer tells."""
    for found in (said, samsung_video(stream, size)):
        if found is not None and _begins(stream, size, found.value):
            return found
    return None


def samsung_video(stream: BinaryIO, size: int) -> Said[EmbeddedVideo] | None:
    """The film that Samsung's trailer names."""
    if size < 16:
        return None
    stream.seek(size - 8)
    tail = stream.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _END_MARK or not 12 <= length <= min(_MAX_DIRECTORY, size - 8):
        return None
    directory_at = size - 8 - length
    stream.seek(directory_at)
    directory = stream.read(length)
    if not directory.startswith(_DIRECTORY_MARK):
        return None
    for at in range(12, length - 11, 12):
        kind = int.from_bytes(directory[at + 2 : at + 4], "little")
        before, extent = (int.from_bytes(directory[at + i : at + i + 4], "little") for i in (4, 8))
        if kind == _MOTION_PHOTO and 8 < extent <= before <= directory_at:
            # the block repeats its kind and has a name, whose length stands before it
            stream.seek(directory_at - before + 4)
            name = 8 + int.from_bytes(stream.read(4), "little")
            if name < extent:
                start = directory_at - before + name
                return Said(EmbeddedVideo(size - start, extent - name), "trailer:MotionPhoto_Data")
    return None


def _begins(stream: BinaryIO, size: int, video: EmbeddedVideo) -> bool:
    """Whether a movie begins there (ISO/IEC 14496-12, 4.3: the ``ftyp`` box is the first)."""
    if not 0 < video.length <= video.from_end < size:
        return False
    stream.seek(size - video.from_end + 4)
    return stream.read(4) == b"ftyp"
