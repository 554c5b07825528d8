"""Files: originals, thumbnails, downloads, face crops."""

from __future__ import annotations

import asyncio
import math
import mimetypes
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Request, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.types import Method
from starlette.responses import Response

from api.content_disposition import attachment
from api.context import AccessRules, ApiContext
from api.face_crops import FaceCrops
from api.known_files import KnownFiles
from api.schemas.file import FileInfo
from api.schemas.problem import Problem
from api.schemas.timestamp import timestamp
from api.sent_file import send_file
from api.served_file import ServedFile, is_current
from api.thumbnails import Thumbnails, size_of
from core.compute import Compute
from core.errors import BadRequest, NotFound, RequestFailed, Undecodable, WorkerLost
from core.library.photos import StoredFile
from core.media.face_crop import render_face_crop
from core.media.facts import Box
from core.media.formats import FORMATS

_DAY: Final = 86400
_WEEK: Final = 7 * _DAY
"""Seconds for which originals and rendered pictures may be kept, as the contract says."""

_MONTH: Final = 30 * _DAY
"""The same of what is asked for by a name that tells its content."""

_RENDERED: Final = re.compile(r"[0-9a-f]{64}-[0-9a-z-]+\.jpeg")

_HARMLESS: Final = re.compile(r"image/(?!svg)[\w.+-]+|video/[\w.+-]+|application/(zip|x-tar)")

_PICTURE: Final = {
    200: ResponseSpec(bytes, generate_examples=False, media_type="image/jpeg", description="The picture")
}
_NO_RANGE: Final = {416: ResponseSpec(Problem, generate_examples=False, description="The range is beyond the end")}
_FILE: Final = _NO_RANGE | {
    200: ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="The file"),
    206: ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="A range"),
}

MAX_COORDINATE: Final = 1_000_000
"""Pixels; larger numbers in ``crop`` are no picture's."""

_READ: Final[list[Method]] = ["GET", "HEAD"]

FileRequest = Request[None, None, State]


@dataclass(frozen=True)
class FileTools:
    """What answers for files, as long as the application lives: one dependency, as each costs every request."""

    known: KnownFiles
    thumbnails: Thumbnails
    compute: Compute
    crops: FaceCrops
    rules: AccessRules

    def caching(self, seconds: int) -> str:
        """The ``Cache-Control`` of a file: what needs a token is kept by nobody but who has one."""
        return f"{'private' if self.rules.needs_token else 'public'}, max-age={seconds}"


@route(
    "/api/files/{file_path:path}",
    http_method=_READ,
    tags=["Files"],
    responses=_FILE,
)
async def get_file(
    request: FileRequest,
    tools: NamedDependency[FileTools],
    file_path: FromPath[str],
    w: Annotated[int | None, QueryParameter(description="edge of a square thumbnail in pixels")] = None,
    h: Annotated[int | None, QueryParameter(description="the same, when there is no w")] = None,
    quality: Annotated[str | None, QueryParameter(description="low, high or another word")] = None,
    download: Annotated[str, QueryParameter(description="true: to be saved under its original name")] = "",
    crop: Annotated[str, QueryParameter(description="x,y,width,height of a face in pixels, with face=true")] = "",
    face: Annotated[str, QueryParameter()] = "",
) -> Response:
    """A file of the library by the ``filePath`` of a photo, in another size or only the face in it when asked for."""
    file_path = file_path.removeprefix("/")
    await tools.crops.ensure(file_path)
    file, stored = await tools.known.get(file_path)
    is_download = download == "true"
    if stored is not None and not is_download:
        if crop and face == "true":
            return await _face(request, tools, file, stored, _box(crop))
        size = size_of(w, h, quality)
        if size is not None and stored.is_decodable:
            etag = f'"{stored.sha256}-{size.name}.jpeg"'
            if is_current(request.headers.get("if-none-match"), etag):
                return _not_modified(etag, tools.caching(_WEEK))
            picture = await tools.thumbnails.get(stored, size, file.path)
            if picture is not None:
                return _jpeg(picture, etag, tools.caching(_WEEK))
    return _original(request, tools, file, stored, is_download)


@route("/api/files/thumbnails/{name:str}", http_method=_READ, tags=["Files"], responses=_PICTURE)
async def get_thumbnail(
    context: NamedDependency[ApiContext], tools: NamedDependency[FileTools], name: FromPath[str]
) -> Response:
    """A rendered picture by its own name, ``<sha256>-<size>.jpeg``; it never changes under that name."""
    path = context.bench.layout.thumbnails / name[:2] / name
    picture = await asyncio.to_thread(path.read_bytes) if _RENDERED.fullmatch(name) and path.is_file() else None
    if picture is None:
        raise NotFound(f"There is no thumbnail {name}.")
    return _jpeg(picture, f'"{name}"', tools.caching(_MONTH))


@route("/api/files/download/{file_path:path}", http_method=_READ, tags=["Files"], responses=_FILE)
async def download_file(request: FileRequest, tools: NamedDependency[FileTools], file_path: FromPath[str]) -> Response:
    """A file to be saved under its original name; ``tier/…/name``, of any depth, with or without ``media/``."""
    file, stored = await tools.known.get(_below_media(file_path))
    return _original(request, tools, file, stored, is_download=True)


@route("/api/files/stream/{file_path:path}", http_method=_READ, tags=["Files"], responses=_FILE)
async def stream_file(request: FileRequest, tools: NamedDependency[FileTools], file_path: FromPath[str]) -> Response:
    """A file, or the range of it that is asked for; never in one piece in memory."""
    file, stored = await tools.known.get(_below_media(file_path))
    return _original(request, tools, file, stored, is_download=False)


@route("/api/files/info/{file_path:path}", http_method=_READ, tags=["Files"])
async def get_file_info(tools: NamedDependency[FileTools], file_path: FromPath[str]) -> FileInfo:
    """What is known of a file: ``size`` in bytes, ``date`` the folders between tier and name, ``path`` its filePath."""
    path = _below_media(file_path)
    file, stored = await tools.known.get(path)
    _, tier, *folders, name = path.split("/") if path.count("/") > 1 else ("", "", path)
    mime_type = stored.mime_type if stored is not None else mimetypes.guess_type(name)[0]
    return FileInfo(
        filename=name,
        size=file.stat.st_size,
        mime_type=mime_type or "application/octet-stream",
        modified=timestamp(datetime.fromtimestamp(file.stat.st_mtime, UTC)),
        tier=tier,
        date="/".join(folders),
        path=path,
    )


def _below_media(file_path: str) -> str:
    path = file_path.removeprefix("/")
    return path if path.startswith("media/") else f"media/{path}"


def _original(
    request: FileRequest, tools: FileTools, file: ServedFile, stored: StoredFile | None, is_download: bool
) -> Response:
    name = file.path.name
    if not file.is_readable:
        raise RequestFailed(f"{name} is in the library, but the daemon's user may not read it.")
    headers = {"cache-control": tools.caching(_DAY)}
    if stored is not None:
        headers["etag"] = f'"{stored.sha256}"'
        name = stored.original_filename
    if is_download:
        headers["content-disposition"] = attachment(name, file.path.suffix)
    mime_type = stored.mime_type if stored is not None else mimetypes.guess_type(name)[0]
    return send_file(request, file.path, file.stat, headers, _shown_as(mime_type))


def _shown_as(mime_type: str | None) -> str:
    """The type to send a file with: beside photos there may be pages and drawings, which would run what is in them."""
    is_harmless = mime_type is not None and _HARMLESS.fullmatch(mime_type) is not None
    return mime_type if mime_type is not None and is_harmless else "application/octet-stream"


async def _face(request: FileRequest, tools: FileTools, file: ServedFile, stored: StoredFile, box: Box) -> Response:
    etag = f'"{stored.sha256}-face-{box.x}-{box.y}-{box.width}-{box.height}"'
    if is_current(request.headers.get("if-none-match"), etag):
        return _not_modified(etag, tools.caching(_WEEK))
    media_format = next((known for known in FORMATS if known.mime_type == stored.mime_type), None)
    if media_format is None:
        raise NotFound(f"{file.path.name} is no picture.")
    try:
        picture = await tools.compute.run(render_face_crop, file.path, media_format, box)
    except (Undecodable, WorkerLost) as error:
        raise NotFound(f"{file.path.name} has no face to show: {error}") from error
    return _jpeg(picture, etag, tools.caching(_WEEK))


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadRequest(f"crop={text} are no numbers; it is x,y,width,height in pixels.") from error
    if len(numbers) != 4 or not all(math.isfinite(number) and 0 <= number <= MAX_COORDINATE for number in numbers):
        raise BadRequest(f"crop={text} is no part of a picture; it is x,y,width,height in pixels.")
    return Box(*(round(number) for number in numbers))


def _jpeg(picture: bytes, etag: str, caching: str) -> Response:
    return Response(picture, media_type="image/jpeg", headers={"cache-control": caching, "etag": etag})


def _not_modified(etag: str, caching: str) -> Response:
    return Response(status_code=304, headers={"cache-control": caching, "etag": etag})


ROUTES = [get_file, get_thumbnail, download_file, stream_file, get_file_info]
