"""Files, thumbnails, uploads."""

from __future__ import annotations

import io

from PIL import Image

from tests.conformance.asking import NOWHERE, Asker, Page
from tests.conformance.pictures import FACE, noise, upload
from tests.conformance.shapes import UPLOAD_ANSWER

PAGE = Page()
route = PAGE.route


async def _path(ask: Asker, name: str = "IMG_1.jpg", seed: int = 1) -> tuple[str, str]:
    photo = await upload(ask, name, noise(seed, DateTimeOriginal="2024:07:26 14:30:25"))
    return photo, (await ask.get(f"/api/photos/{photo}"))["filePath"]


def _parts(path: str) -> tuple[str, str, str]:
    """``media/silver/2024/07/x.jpg`` as the three parts that the contract's old routes have."""
    _, tier, year, month, name = path.split("/")
    return tier, f"{year}/{month}", name


@route("GET /api/files/media/{tier}/{date}/{filename}")
async def media(ask: Asker) -> None:
    _, path = await _path(ask)
    original = await ask.success(*_parts(path))
    ask.effect(original.content == noise(1, DateTimeOriginal="2024:07:26 14:30:25"), "the bytes are the original's")
    ask.effect("max-age=86400" in original.headers["cache-control"], "it may be kept for a day")
    small = await ask.success(*_parts(path), params={"quality": "low", "w": "250", "h": "250"})
    ask.effect(Image.open(io.BytesIO(small.content)).size == (250, 250), "the thumbnail is square")
    ask.effect("max-age=604800" in small.headers["cache-control"] and "etag" in small.headers, "and kept for a week")
    same = await ask.send(*_parts(path), params={"w": "250"}, headers={"If-None-Match": small.headers["etag"]})
    ask.effect(same.status_code in (200, 304), "it can be asked whether it changed")
    saved = await ask.success(*_parts(path), params={"download": "true"})
    ask.effect('filename="IMG_1.jpg"' in saved.headers["content-disposition"], "it is saved under its own name")
    part = await ask.success(*_parts(path), status=206, headers={"Range": "bytes=2-5"})
    ask.effect(part.content == original.content[2:6], "a part can be asked for")
    await ask.error(404, "silver", "2024/07", "nothing.jpg")


@route("GET /api/files/{path}")
async def any_file(ask: Asker) -> None:
    _, path = await _path(ask)
    ask.effect((await ask.success(path)).headers["content-type"] == "image/jpeg", "the type is told")
    for missing in ("undefined", "pictallion.db", "media/silver/.hidden"):
        await ask.error(404, missing)
    outside = await ask.library.http.get("/api/files/%2e%2e/%2e%2e/etc/passwd")
    ask.effect(outside.status_code in (403, 404), "nothing outside is served")


@route("GET /api/files/temp/{filename}")
async def crops(ask: Asker) -> None:
    photo = await upload(ask, "face.jpg", FACE)
    (face,) = await ask.get(f"/api/faces/photo/{photo}")
    name = face["faceCropUrl"].removeprefix("temp/")
    crop = await ask.success(name)
    ask.effect(Image.open(io.BytesIO(crop.content)).size == (200, 200), "the face is 200 pixels wide")
    again = (await ask.get(f"/api/faces/photo/{photo}"))[0]["faceCropUrl"]
    ask.effect(again == face["faceCropUrl"], "its name is stable")
    await ask.error(404, "face_crop_nothing.jpg")


@route("POST /api/upload")
async def uploads(ask: Asker) -> None:
    picture = noise(1)
    files = [
        ("files", ("a.jpg", picture, "image/jpeg")),
        ("files", ("b.jpg", picture, "image/jpeg")),
        ("files", ("c.jpg", b"no picture", "image/jpeg")),
        ("files", ("größe #1?.jpg", noise(2), "image/jpeg")),
    ]
    body = await ask.success(files=files, shape=UPLOAD_ANSWER)
    found = [(one["filename"], one["status"]) for one in body["results"]]
    expected = [("a.jpg", "success"), ("b.jpg", "skipped"), ("c.jpg", "error"), ("größe #1?.jpg", "success")]
    ask.effect(found == expected, f"each file has its own fate: {found}")
    listed = await ask.get("/api/photos")
    ask.effect(len(listed) == 2, "both are there on the next read")
    ask.effect(not {"#", "?"} & set("".join(one["filePath"] for one in listed)), "stored names survive in a URL")
    await ask.error(400, files=[("note", (None, "no file"))])


async def _conflict(ask: Asker) -> dict[str, object]:
    """A picture and one that looks like it."""
    await upload(ask, "one.jpg", noise(9, DateTimeOriginal="2024:07:26 14:30:25"))
    other = noise(9, DateTimeOriginal="2020:01:01 10:00:00")
    answer = await ask.library.http.post("/api/upload", files=[("files", ("other.jpg", other, "image/jpeg"))])
    (result,) = answer.json()["results"]
    assert result["status"] == "conflict", result
    found: dict[str, object] = result["conflicts"][0]
    return found


@route("POST /api/upload/resolve-conflicts")
async def resolve(ask: Asker) -> None:
    shape = {
        "success": "bool",
        "message": "string",
        "results": [{"conflictId": "string", "success": "bool", "message": "string", "assetId?": "uuid"}],
    }
    conflict = await _conflict(ask)
    decision = {"conflictId": conflict["id"], "action": "keep_both", "conflict": conflict}
    body = await ask.success(json={"resolutions": [decision]}, shape=shape)
    ask.effect(body["success"] is True and len(await ask.get("/api/photos")) == 2, "both are in the library")
    again = await ask.success(json={"resolutions": [decision]}, shape=shape)
    ask.effect(again["success"] is False, "a conflict is resolved once")
    unknown = {"conflictId": NOWHERE, "action": "keep_existing", "conflict": conflict}
    ask.effect((await ask.success(json={"resolutions": [unknown]}, shape=shape))["success"] is False, "or never")
    await ask.error(400, json={"resolutions": "all"})


@route("POST /api/photos/upload")
async def upload_alias(ask: Asker) -> None:
    body = await ask.success(files=[("files", ("a.jpg", noise(1), "image/jpeg"))], shape=UPLOAD_ANSWER)
    ask.effect(body["results"][0]["status"] == "success", "it is the same as the other")
    await ask.error(400, files=[("note", (None, "no file"))])


@route("HEAD /api/files/media/{tier}/{date}/{filename}")
async def head(ask: Asker) -> None:
    _, path = await _path(ask)
    answer = await ask.success(*_parts(path))
    size = (await ask.get("/api/photos"))[0]["fileSize"]
    ask.effect(answer.headers["content-length"] == str(size) and not answer.content, "headers only")


@route("GET /api/files/thumbnails/{filename}")
async def thumbnails(ask: Asker) -> None:
    _, path = await _path(ask)
    small = await ask.library.http.get(f"/api/files/{path}", params={"w": "250"})
    name = small.headers["etag"].strip('W/"')
    answer = await ask.success(name)
    ask.effect(answer.headers["content-type"] == "image/jpeg", "it is a picture")
    await ask.error(404, "nothing.jpeg")


@route("GET /api/files/download/{tier}/{date}/{filename}")
async def download(ask: Asker) -> None:
    _, path = await _path(ask)
    answer = await ask.success(*_parts(path))
    ask.effect(answer.headers["content-disposition"].startswith("attachment"), "it is to be saved")
    await ask.error(404, "silver", "2024/07", "nothing.jpg")


@route("GET /api/files/info/{tier}/{date}/{filename}")
async def info(ask: Asker) -> None:
    _, path = await _path(ask)
    shape = {
        "filename": "string",
        "size": "int",
        "mimeType": "string",
        "modified": "any",
        "tier": "string",
        "date": "string",
        "path": "string",
    }
    body = await ask.success(*_parts(path), shape=shape)
    ask.effect(body["tier"] == "silver" and body["path"] == path, "it is that file")
    await ask.error(404, "silver", "2024/07", "nothing.jpg")


@route("GET /api/files/stream/{tier}/{date}/{filename}")
async def stream(ask: Asker) -> None:
    _, path = await _path(ask)
    whole = await ask.success(*_parts(path))
    part = await ask.success(*_parts(path), status=206, headers={"Range": "bytes=0-9"})
    ask.effect(part.content == whole.content[:10], "a part can be asked for")
    odd = await ask.success(*_parts(path), headers={"Range": "lines=0-1"})
    ask.effect(odd.content == whole.content, "what is no range is none")
    await ask.error(416, *_parts(path), headers={"Range": "bytes=99999999-"})
    head = await ask.send(*_parts(path), method="HEAD")
    ask.effect(head.status_code == 200 and not head.content, "the headers can be asked for alone")
    await ask.error(404, "silver", "2024/07", "nothing.jpg")
