"""Files: originals, thumbnails, downloads, face crops."""

from __future__ import annotations

import asyncio
import math
import mimetypes
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Request, get, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from starlette.responses import FileResponse, Response

from api.context import ApiContext
from api.face_crops import FaceCrops
from api.known_files import KnownFiles
from api.schemas.file import FileInfo
from api.schemas.timestamp import timestamp
from api.served_file import ServedFile, is_current
from api.thumbnails import Thumbnails, size_of
from core.compute import Compute
from core.errors import BadRequest, NotFound, RequestFailed, Undecodable, WorkerLost
from core.library.naming import sanitise_filename
from core.library.photos import StoredFile
from core.media.face_crop import render_face_crop
from core.media.facts import Box
from core.media.formats import FORMATS

ORIGINAL_CACHING: Final = "public, max-age=86400"
RENDERED_CACHING: Final = "public, max-age=604800"
"""One day and one week, as the contract says."""

NAMED_CACHING: Final = "public, max-age=2592000"
"""30 days, for what is asked for by a name that tells its content."""

_RENDERED: Final = re.compile(r"[0-9a-f]{64}-[0-9a-z-]+\.jpeg")

_HARMLESS: Final = re.compile(r"image/(?!svg)[\w.+-]+|video/[\w.+-]+|application/(zip|x-tar)")

_PICTURE: Final = {
    200: ResponseSpec(bytes, generate_examples=False, media_type="image/jpeg", description="The picture")
}
_FILE: Final = {
    200: ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="The file"),
    206: ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="A range"),
}

MAX_COORDINATE: Final = 1_000_000
"""Pixels; larger numbers in ``crop`` are no picture's."""

FileRequest = Request[None, None, State]


@dataclass(frozen=True)
class FileTools:
    """What answers for files, as long as the application lives: one dependency, as each costs every request."""

    known: KnownFiles
    thumbnails: Thumbnails
    compute: Compute
    crops: FaceCrops


@route(
    "/api/files/{file_path:path}",
    http_method=["GET", "HEAD"],
    tags=["Files"],
    responses={200: ResponseSpec(bytes, generate_examples=False, media_type="*/*", description="The file")},
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
            return await _face(request, tools.compute, file, stored, _box(crop))
        size = size_of(w, h, quality)
        if size is not None and stored.is_decodable:
            etag = f'"{stored.sha256}-{size.name}.jpeg"'
            if is_current(request.headers.get("if-none-match"), etag):
                return _not_modified(etag, RENDERED_CACHING)
            picture = await tools.thumbnails.get(stored, size, file.path)
            if picture is not None:
                return _jpeg(picture, etag)
    return _original(request, file, stored, is_download)


@get("/api/files/thumbnails/{name:str}", tags=["Files"], responses=_PICTURE)
async def get_thumbnail(context: NamedDependency[ApiContext], name: FromPath[str]) -> Response:
    """A rendered picture by its own name, ``<sha256>-<size>.jpeg``; it never changes under that name."""
    path = context.bench.layout.thumbnails / name[:2] / name
    picture = await asyncio.to_thread(path.read_bytes) if _RENDERED.fullmatch(name) and path.is_file() else None
    if picture is None:
        raise NotFound(f"There is no thumbnail {name}.")
    return Response(picture, media_type="image/jpeg", headers={"cache-control": NAMED_CACHING, "etag": f'"{name}"'})


@get("/api/files/download/{file_path:path}", tags=["Files"], responses=_FILE)
async def download_file(request: FileRequest, tools: NamedDependency[FileTools], file_path: FromPath[str]) -> Response:
    """A file to be saved under its original name; ``tier/…/name``, of any depth, with or without ``media/``."""
    file, stored = await tools.known.get(_below_media(file_path))
    return _original(request, file, stored, is_download=True)


@get("/api/files/stream/{file_path:path}", tags=["Files"], responses=_FILE)
async def stream_file(request: FileRequest, tools: NamedDependency[FileTools], file_path: FromPath[str]) -> Response:
    """A file, or the range of it that is asked for; never in one piece in memory."""
    file, stored = await tools.known.get(_below_media(file_path))
    return _original(request, file, stored, is_download=False)


@get("/api/files/info/{file_path:path}", tags=["Files"])
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


def _original(request: FileRequest, file: ServedFile, stored: StoredFile | None, is_download: bool) -> Response:
    name = file.path.name
    if not file.is_readable:
        raise RequestFailed(f"{name} is in the library, but the daemon's user may not read it.")
    headers = {"cache-control": ORIGINAL_CACHING}
    if stored is not None:
        headers["etag"] = f'"{stored.sha256}"'
        name = sanitise_filename(stored.original_filename, file.path.suffix)
    answer = FileResponse(
        file.path,
        headers=headers,
        media_type=_shown_as(stored.mime_type if stored is not None else mimetypes.guess_type(name)[0]),
        filename=name if is_download else None,
        stat_result=file.stat,
    )
    if is_current(request.headers.get("if-none-match"), answer.headers["etag"]):
        return _not_modified(answer.headers["etag"], ORIGINAL_CACHING)
    return answer


def _shown_as(mime_type: str | None) -> str:
    """The type to send a file with: beside photos there may be pages and drawings, which would run what is in them."""
    is_harmless = mime_type is not None and _HARMLESS.fullmatch(mime_type) is not None
    return mime_type if mime_type is not None and is_harmless else "application/octet-stream"


async def _face(request: FileRequest, compute: Compute, file: ServedFile, stored: StoredFile, box: Box) -> Response:
    etag = f'"{stored.sha256}-face-{box.x}-{box.y}-{box.width}-{box.height}"'
    if is_current(request.headers.get("if-none-match"), etag):
        return _not_modified(etag, RENDERED_CACHING)
    media_format = next((known for known in FORMATS if known.mime_type == stored.mime_type), None)
    if media_format is None:
        raise NotFound(f"{file.path.name} is no picture.")
    try:
        picture = await compute.run(render_face_crop, file.path, media_format, box)
    except (Undecodable, WorkerLost) as error:
        raise NotFound(f"{file.path.name} has no face to show: {error}") from error
    return _jpeg(picture, etag)


def _box(text: str) -> Box:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadRequest(f"crop={text} are no numbers; it is x,y,width,height in pixels.") from error
    if len(numbers) != 4 or not all(math.isfinite(number) and 0 <= number <= MAX_COORDINATE for number in numbers):
        raise BadRequest(f"crop={text} is no part of a picture; it is x,y,width,height in pixels.")
    return Box(*(round(number) for number in numbers))


def _jpeg(picture: bytes, etag: str) -> Response:
    return Response(picture, media_type="image/jpeg", headers={"cache-control": RENDERED_CACHING, "etag": etag})


def _not_modified(etag: str, caching: str) -> Response:
    return Response(status_code=304, headers={"cache-control": caching, "etag": etag})


ROUTES = [get_file, get_thumbnail, download_file, stream_file, get_file_info]
