"""How do the files of an upload get from the network to the disk?

The body is parsed while it arrives, and each file is written once, straight to where the pipeline takes it from: of a
video of any size no more than :data:`_BUFFER` is in memory.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote

from litestar import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    content_disposition_unquote,
    parse_options_header,
)

from core.errors import BadRequest

_BUFFER: Final = 1 << 20
"""Bytes that are collected before they are written."""

_MAX_NAME_BYTES: Final = 200
_MAX_EXTENSION_BYTES: Final = 20
"""File systems take 255 in all; what is cut off is the end of the stem."""


@dataclass
class ReceivedFile:
    """A file as it came.

    ``filename`` is what its sender called it, ``problem`` says why there is nothing at ``path``.
    """

    filename: str
    path: Path
    min_free: int
    size: int = 0
    problem: str | None = None
    _pending: bytearray = field(default_factory=bytearray)
    _writer: BinaryIO | None = None

    async def write(self, data: bytes) -> None:
        """Takes the next bytes; from the moment the disk is too full, it drops them."""
        if self.problem is None:
            self.size += len(data)
            self._pending += data
            if len(self._pending) >= _BUFFER:
                await asyncio.to_thread(self._flush)

    async def close(self) -> None:
        """Ends a file that came completely."""
        await asyncio.to_thread(self._finish)

    def _flush(self) -> None:
        if self._writer is None:
            self.path.parent.mkdir(parents=True)
            self._writer = self.path.open("xb")
        # what was received is copied once more on its way into the library
        if shutil.disk_usage(self.path.parent).free - self.size < self.min_free:
            self.problem = f"{self.filename} was not taken: the disk of the library is almost full."
            self.remove()
            return
        self._writer.write(self._pending)
        self._pending.clear()

    def _finish(self) -> None:
        if self.problem is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def remove(self) -> None:
        """Removes what is on disk of it, and the directory that was made for it."""
        self._pending.clear()
        if self._writer is not None:
            self._writer.close()
        shutil.rmtree(self.path.parent, ignore_errors=True)


async def received_files(
    request: Request[Any, Any, Any], directory: Path, min_free: int
) -> AsyncIterator[ReceivedFile]:
    """The files of a ``multipart/form-data`` body, one after the other, each complete below ``directory``.

    So much of the disk is left free as ``min_free`` says, in bytes; a file for which there is no room has a
    ``problem``.

    Raises :class:`BadRequest` where the body is none, or ends early; a file that was not complete is removed.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != "multipart/form-data" or not options.get("boundary"):
        raise BadRequest("An upload is a multipart/form-data body with the files in the field files.")
    file: ReceivedFile | None = None
    try:
        # header names and file names are bytes that are mostly, but not always UTF-8
        with PushMultipartParser(options["boundary"], header_charset="latin-1") as parser:
            async for chunk in _body(request):
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        file = _begin(event, directory, min_free)
                    elif event and file is not None:
                        await file.write(event)
                    elif file is not None and not event:
                        await file.close()
                        complete, file = file, None
                        yield complete
    except MultipartError as error:
        raise BadRequest(f"The upload cannot be read: {error}.") from error
    finally:
        if file is not None:
            await asyncio.to_thread(file.remove)


def _begin(segment: MultipartSegment, directory: Path, min_free: int) -> ReceivedFile | None:
    filename = _filename_sent(segment.header("Content-Disposition", ""))
    if not filename:
        return None
    return ReceivedFile(filename, directory / str(uuid.uuid4()) / storable_name(filename), min_free)


def _filename_sent(disposition: str) -> str | None:
    """The name as it was sent, with any path before it, which the parser's own reading takes away."""
    header = disposition.encode("latin-1").decode("utf-8", "replace")
    _, options = parse_options_header(header, unquote=lambda text, _is_filename: content_disposition_unquote(text))
    extended: str | None = options.get("filename*")
    if extended is not None:  # RFC 5987, from clients that do not know that forms have no use for it
        return unquote(extended.rpartition("'")[2])
    filename: str | None = options.get("filename")
    return filename


def storable_name(filename: str) -> str:
    """The last component of a name, of either family of systems, as every file system takes it; otherwise unchanged."""
    last = filename.replace("\\", "/").rpartition("/")[2].replace("\0", "_")
    if last in ("", ".", ".."):
        return "unnamed"
    stem, extension = os.path.splitext(last)  # noqa: PTH122 - PurePath would normalise the name
    if len(extension.encode()) > _MAX_EXTENSION_BYTES:
        stem, extension = last, ""
    room = _MAX_NAME_BYTES - len(extension.encode())
    return (
        (stem.encode()[:room].decode("utf-8", "ignore") + extension) if len(last.encode()) > _MAX_NAME_BYTES else last
    )


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    while True:
        event = await request.receive()
        assert event["type"] == "http.request", "whoever hangs up has raised an error by now"
        yield event["body"]
        if not event["more_body"]:
            return
