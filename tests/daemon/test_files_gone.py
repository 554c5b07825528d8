"""Photos whose files are not there any more, or cannot be read: every route says so, and none stumbles."""

from __future__ import annotations

import io
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image

from api.errors import UNEXPECTED
from tests.daemon.conftest import FIXTURES, Daemon, Home, start

LAST = ("archive", "unarchive", "demote", "delete")
"""What ends a photo is asked last, so that there is something to ask about before."""


@pytest.fixture(scope="module")
def running(make_home: Callable[..., Home]) -> Iterator[Daemon]:
    """A daemon that has no more rights over files than its user."""
    daemon = start(make_home())
    yield daemon
    daemon.kill()


@pytest.fixture(scope="module")
def seeds() -> Iterator[int]:
    """A number for each picture."""
    return itertools.count()


class Photo:
    """A photo of the library, with a face on its picture, and where its files are."""

    def __init__(self, daemon: Daemon, seed: int) -> None:
        self.daemon = daemon
        answer = httpx.post(f"{daemon.url}/api/upload", files=[("files", (f"{seed}.jpg", _picture(seed)))], timeout=60)
        (result,) = answer.json()["results"]
        self.silver: str = result["versionId"]
        self.path: str = self.ask("GET", f"/api/photos/{self.silver}").json()["filePath"]
        (version,) = [
            each for each in self.ask("GET", f"/api/photos/{self.silver}/versions").json() if each["tier"] == "bronze"
        ]
        self.bronze: str = version["id"]
        self.files = [daemon.home.data / self.path, daemon.home.data / version["filePath"]]
        (face,) = self.ask("GET", f"/api/faces/photo/{self.silver}").json()
        self.face: str = face["id"]

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return httpx.request(method, self.daemon.url + path, json=body, timeout=60)


def _picture(seed: int) -> bytes:
    """A face on noise that no other picture has."""
    astronaut = Image.open(FIXTURES / "astronaut.jpg").convert("RGB")
    noise = np.random.default_rng(seed).integers(0, 255, (6, 18, 3), dtype=np.uint8)
    size = astronaut.width * 3, astronaut.height
    wide = Image.new("RGB", (astronaut.width * 4, astronaut.height))
    wide.paste(astronaut)
    wide.paste(Image.fromarray(noise).resize(size, Image.Resampling.NEAREST), (astronaut.width, 0))
    written = io.BytesIO()
    wide.save(written, "JPEG")
    return written.getvalue()


def _without_pictures(photo: Photo) -> None:
    """Nothing that was rendered is there to answer in the place of the file."""
    shutil.rmtree(photo.daemon.home.data / "media/thumbnails", ignore_errors=True)


def _cut(path: Path) -> None:
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


DAMAGES: dict[str, Callable[[Photo], object]] = {
    "the original is gone": lambda photo: photo.files[1].unlink(),
    "the Silver file is gone": lambda photo: photo.files[0].unlink(),
    "both are gone": lambda photo: [path.unlink() for path in photo.files],
    "both are cut off": lambda photo: [_cut(path) for path in photo.files[:1]],
    "their folders are gone": lambda photo: [shutil.rmtree(path.parent) for path in photo.files],
    "nobody may read them": lambda photo: [path.chmod(0) for path in photo.files[:1]],
    "nobody may enter their folders": lambda photo: [path.parent.chmod(0) for path in photo.files],
    "they are folders": lambda photo: [(path.unlink(), path.mkdir()) for path in photo.files],
    "they are pipes": lambda photo: [(path.unlink(), os.mkfifo(path)) for path in photo.files],
}


def _operations(photo: Photo) -> list[tuple[str, str, Any]]:
    """Method, path and body of every operation of the API that can be asked about a photo."""
    document = photo.ask("GET", "/schema/openapi.json").json()
    ids = {"photo": photo.silver, "face": photo.face, "file": quote(photo.path)}
    found = []
    for path, operations in document["paths"].items():
        target = "/".join(
            ids.get(part.strip("{}").split("_")[0], "x") if part.startswith("{") else part for part in path.split("/")
        )
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            body = None if content is None else _plain("", content["schema"], document, ids)
            if any(each in f"{target} {body}" for each in ids.values()):
                found.append((method.upper(), target, body))
    return sorted(found, key=lambda each: (each[0] not in ("GET", "HEAD"), each[0] == "DELETE", _turn(each[1])))


def _turn(path: str) -> int:
    return next((place for place, word in enumerate(LAST, 1) if path.endswith(word)), 0)


def _plain(name: str, schema: dict[str, Any], document: dict[str, Any], ids: dict[str, str]) -> Any:
    """The plainest value that a schema allows, with the photo's ids in the places of ids."""
    if "$ref" in schema:
        return _plain(name, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, ids)
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return _plain(name, schema[choice][0], document, ids)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            needed = {key: properties[key] for key in schema.get("required", ())}
            return {key: _plain(key, each, document, ids) for key, each in needed.items()}
        case "array":
            return [_plain(name.removesuffix("s"), schema.get("items", {}), document, ids)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return schema.get("enum", [ids.get(name.removesuffix("Id"), "x")])[0]


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_route_says_what_is_wrong_with_the_files(running: Daemon, seeds: Iterator[int], damage: str) -> None:
    photo = Photo(running, next(seeds))
    folders = [path.parent for path in photo.files]
    DAMAGES[damage](photo)
    _without_pictures(photo)
    before, wrong = len(running.events()), []
    more = [
        ("GET", f"/api/files/{quote(photo.path)}?{query}", None)
        for query in ("w=777&quality=high", "download=true", "face=true&crop=0,0,10,10")
    ]
    more += [("POST", f"/api/photos/{photo.bronze}/{what}", None) for what in ("process", "reprocess", "detect-faces")]
    more += [
        ("POST", "/api/photos/batch", {"operation": "export", "photoIds": [photo.silver], "params": params})
        for params in ({"format": "zip"}, {"format": "tar"}, {"format": "zip", "quality": "high"})
    ]
    end = [("DELETE", f"/api/photos/{photo.bronze}", None)]
    for method, path, body in [*more, *_operations(photo), *end]:
        answer = photo.ask(method, path, body)
        if answer.status_code < 400 or method == "HEAD":
            continue
        message = answer.json()["message"]
        if message == UNEXPECTED or message != answer.json()["error"]:
            wrong.append(f"{method} {path} {body}: {answer.status_code} {message}")
    for folder in folders:
        if folder.exists():
            folder.chmod(0o755)
    said = [event for event in running.events()[before:] if "exception" in event]
    assert not wrong, "\n".join(wrong)
    assert not said


@pytest.fixture
def gone(running: Daemon, seeds: Iterator[int]) -> Photo:
    """A photo without its files."""
    photo = Photo(running, next(seeds))
    DAMAGES["both are gone"](photo)
    _without_pictures(photo)
    return photo


def test_a_file_that_is_gone_is_told_by_its_name(gone: Photo) -> None:
    for what in ("promote", "embed-metadata", "detect-faces", "reprocess"):
        answer = gone.ask("POST", f"/api/photos/{gone.silver}/{what}")
        assert answer.status_code == 404, what
        assert "is not there any more. Nothing was changed" in answer.json()["message"]
        assert (gone.path if what != "reprocess" else "media/bronze/") in answer.json()["message"]
    assert gone.ask("GET", f"/api/photos/{gone.silver}").json()["tier"] == "silver"


def test_where_many_are_asked_for_the_one_without_a_file_is_told_and_the_others_are_done(
    gone: Photo, seeds: Iterator[int]
) -> None:
    other = Photo(gone.daemon, next(seeds))
    ids = [gone.silver, other.silver]
    promoted = gone.ask("POST", "/api/photos/batch-promote", {"photoIds": ids}).json()
    assert promoted["promoted"] == 1
    (fault,) = promoted["errors"]
    assert fault["photoId"] == gone.silver
    assert gone.path in fault["error"]
    body = {"operation": "export", "photoIds": ids, "params": {"format": "zip"}}
    exported = gone.ask("POST", "/api/photos/batch", body).json()
    assert gone.silver in str(exported["errors"])
    assert other.silver not in str(exported["errors"])
