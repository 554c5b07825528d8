"""A real daemon and a language model: photos wait for it, and not for nothing."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

from PIL import Image

from tests.ai.model_server import SAID, VISION, model_server
from tests.daemon.conftest import Home, start, wait_until
from tests.daemon.test_intake import all_done, noise

PHOTOS = 3


def descriptions(home: Home) -> list[dict[str, Any]]:
    rows = home.query("select metadata from file_versions where tier = 'silver' order by file_path")
    return [json.loads(row["metadata"])["ai"] for row in rows]


def put_in(home: Home, number: int) -> None:
    """A photo that tells when and where it was taken."""
    path = noise(home.folder / f"{number}.jpg", number)
    exif = Image.Exif()
    exif[0x010F], exif.get_ifd(0x8769)[0x9003] = "Camera One", f"2024:07:26 14:30:0{number}"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    with Image.open(path) as image:
        image.load()
    image.save(home.inbox / path.name, exif=exif, comment=b"Rue de la Paix")


def assert_tells_nothing_but_pixels(picture: bytes) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "JPEG"
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    assert b"Paix" not in picture
    assert b"Exif" not in picture
    if (exiftool := shutil.which("exiftool")) is not None:
        read = subprocess.run([exiftool, "-j", "-G1", "-"], input=picture, capture_output=True, check=True)
        (tags,) = json.loads(read.stdout)
        groups = {name.partition(":")[0] for name in tags}
        assert groups <= {"SourceFile", "ExifTool", "System", "File", "JFIF", "Composite"}


def test_each_photo_is_described_though_the_daemon_is_killed_while_a_model_thinks(
    make_home: Callable[..., Home],
) -> None:
    with model_server() as server:
        server.hold = threading.Event()
        home = make_home(settings={"ai": {"provider": "ollama"}, "ai.ollama": {"base_url": server.url}})
        daemon = start(home)
        for number in range(PHOTOS):
            put_in(home, number)
        all_done(home, PHOTOS)
        assert [each["provider"] for each in descriptions(home)] == ["builtin"] * PHOTOS
        assert server.arrived.wait(60), "no model was asked"
        daemon.kill()
        server.hold.set()

        daemon = start(home)
        try:
            wait_until(
                "all are described",
                lambda: [each["provider"] for each in descriptions(home)] == ["ollama"] * PHOTOS,
            )
            for each in descriptions(home):
                assert each["aiTags"] == SAID["aiTags"]
                assert each["model"] == VISION
                assert each["promptVersion"]
                assert each["describedAt"]
            states = home.query("select state, count(*) as photos from ai_backlog group by state")
            assert [tuple(row) for row in states] == [("done", PHOTOS)]
            told = [
                row["details"] for row in home.query("select details from asset_history where action = 'AI_PROCESSED'")
            ]
            assert len(told) == PHOTOS, told
            for sidecar in (home.data / "media" / "silver").rglob("*.xmp"):
                wait_until("its sidecar says so", lambda path=sidecar: "castle with a moat" in path.read_text())  # type: ignore[misc]
            pictures = [picture for asked in server.questions for picture in asked.pictures]
            assert len(pictures) >= PHOTOS
            for picture in pictures:
                assert_tells_nothing_but_pixels(picture)
            run = json.loads(home.run("ai", "runs", "--json").stdout)[0]
            assert home.run("ai", "undo", str(run["id"])).returncode == 0
            assert "builtin" in [each["provider"] for each in descriptions(home)]

            # one that the queue has forgotten is found at night, and those whose answers were taken back are left
            taken_back = home.query("select version_id from ai_backlog where is_taken_back")
            with closing(sqlite3.connect(home.data / "pictallion.db", timeout=30)) as connection, connection:
                connection.execute("delete from ai_backlog where version_id = ?", (taken_back[0]["version_id"],))
            ran = json.loads(home.run("pass", "run", "backlog", "--json").stdout)
            assert (ran["report"]["queued"], ran["report"]["again"]) == (1, 0)
            wait_until(
                "it is described at once",
                lambda: [each["provider"] for each in descriptions(home)].count("builtin") == len(taken_back) - 1,
            )
        finally:
            daemon.kill()
