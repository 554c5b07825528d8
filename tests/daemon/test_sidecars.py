"""A living daemon shares its sidecars with other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.library.sidecar import read_sidecar
from tests.daemon.conftest import start, wait_until
from tests.daemon.test_reference import photo
from tests.sidecar.foreign import DIGIKAM, LIGHTROOM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.daemon.conftest import Daemon, Home


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    return make_home(roots={"album": "reference", "inbox": "copy"})


def silver(daemon: Daemon, name: str) -> Any:
    (found,) = [each for each in daemon.get("/api/photos").json() if each["mediaAsset"]["originalFilename"] == name]
    return found


def test_tags_from_other_programs_arrive_and_a_rating_from_here_is_written(home: Home) -> None:
    photo(home.folder / "album" / "a.jpg", 1)
    photo(home.folder / "inbox" / "b.jpg", 2)
    daemon = start(home)
    try:
        wait_until("both are done", lambda: home.states().get("done") == 2)
        beside = home.folder / "album" / "a.jpg.xmp"
        beside.write_text(DIGIKAM)
        wait_until("digiKam is heard", lambda: silver(daemon, "a.jpg")["rating"] == 5)
        (home.folder / "inbox" / "b.xmp").write_text(LIGHTROOM)
        wait_until("Lightroom is heard", lambda: silver(daemon, "b.jpg")["rating"] == 4)
        wait_until("ours is in it", lambda: b"pictallion:SHA256" in beside.read_bytes())
        assert b"digiKam:PickLabel" in beside.read_bytes()
        library = home.data / f"{silver(daemon, 'b.jpg')['filePath']}.xmp"
        edited = httpx.patch(f"{daemon.url}/api/photos/{silver(daemon, 'b.jpg')['id']}", json={"rating": 2})
        assert edited.status_code == 200
        wait_until("it is written", lambda: read_sidecar(library.read_bytes()).rating == 2)
        assert (home.folder / "inbox" / "b.xmp").read_text() == LIGHTROOM
    finally:
        daemon.kill()
    # while nobody watches
    library.write_text(library.read_text().replace("<xmp:Rating>2", "<xmp:Rating>3"))
    daemon = start(home)
    try:
        wait_until("it is read at the start", lambda: silver(daemon, "b.jpg")["rating"] == 3)
        assert daemon.home.run("audit").returncode == 0, daemon.home.run("audit").stdout
    finally:
        daemon.kill()
