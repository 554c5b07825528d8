"""A disk that is really full: a small file system of its own below the library."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.daemon.conftest import wait_until
from tests.daemon.test_watching import enclosed, inside, needs_namespaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.daemon.conftest import Home

PHOTOS = 5


def large_photo(path: Path, seed: int) -> None:
    """About 400 kB that no program can make smaller."""
    Image.frombytes("RGB", (400, 330), random.Random(seed).randbytes(400 * 330 * 3)).save(path, "JPEG", quality=95)


@needs_namespaces
def test_a_small_file_system_that_is_full_pauses_the_intake_until_there_is_room(make_home: Callable[..., Home]) -> None:
    home = make_home()
    media = home.data / "media"
    media.mkdir()
    size = 0
    for number in range(PHOTOS):
        large_photo(home.inbox / f"{number}.jpg", number)
        size += (home.inbox / f"{number}.jpg").stat().st_size
    with enclosed(home, f"mount -t tmpfs -o size={size * 3 // PHOTOS} none {media}") as daemon:
        # the daemon's own view: from here the small file system is not seen
        seen = Path(f"/proc/{daemon.process.pid}/root{media}")
        paused = wait_until("it pauses", lambda: daemon.get("/api/daemon/status").json()["paused"])
        assert "there is room" in paused or "No space left" in paused
        wait_until("nothing is in hand", lambda: "running" not in home.states())
        done = home.states().get("done", 0)
        assert 0 < done < PHOTOS
        assert home.states() == {"done": done, "queued": PHOTOS - done}
        versions = {row["file_path"] for row in home.query("select file_path from file_versions")}
        found = {str(path.relative_to(seen)) for path in seen.rglob("*") if path.is_file()}
        assert {f"media/{name}" for name in found if not name.endswith(".xmp")} == versions, "no part of a file is left"
        inside(daemon, 'mount -o remount,size=100m "$1"', media)
        wait_until("it goes on by itself", lambda: home.states() == {"done": PHOTOS})
        assert daemon.get("/api/daemon/status").json()["paused"] is None
        assert {row["attempts"] for row in home.query("select attempts from ledger")} == {1}, "not the file's fault"
