"""Whatever lands in the inbox: it is told what happened to it, and everything else goes through."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.daemon.conftest import FIXTURES, Daemon, Home, start, wait_until

GOOD = (FIXTURES / "astronaut.jpg").read_bytes()
STRANGE_NAMES = {
    "newline": b"IMG\n1.jpg",
    "emoji": "🎂 Geburtstag.jpg".encode(),
    "250 bytes": b"x" * 246 + b".jpg",
    "not UTF-8": b"caf\xe9.jpg",
    "quotes and percent": b"a 'b' \"c\" 100% #1?.jpg",
}


def picture(colour: tuple[int, int, int], format_name: str = "JPEG") -> bytes:
    """A small picture that no other test file equals."""
    buffer = io.BytesIO()
    image = Image.effect_noise((64, 48), 60).convert("RGB")
    Image.blend(image, Image.new("RGB", image.size, colour), 0.5).save(buffer, format_name)
    return buffer.getvalue()


def pixel_bomb(edge: int = 30_000) -> bytes:
    """A PNG of ``edge`` × ``edge`` grey pixels, about a megabyte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(edge + 1)) for _ in range(edge)) + packer.flush()
    header = struct.pack(">IIBBBBB", edge, edge, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def write(inbox: Path, name: bytes | str, content: bytes) -> None:
    path = os.fsencode(inbox) + b"/" + os.fsencode(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - the name is bytes
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(content)


def fill(inbox: Path) -> None:
    """Everything bad at once, good files between."""
    write(inbox, "before.jpg", picture((200, 0, 0)))
    write(inbox, "empty.jpg", b"")
    write(inbox, "half.jpg", GOOD[: len(GOOD) // 2])
    write(inbox, "text.jpg", b"Dear diary, this is no picture.\n" * 40)
    write(inbox, "really-a-png.jpg", picture((0, 200, 0), "PNG"))
    write(inbox, "bomb.png", pixel_bomb())
    write(inbox, "secret.jpg", picture((0, 0, 200)))
    (inbox / "secret.jpg").chmod(0)
    write(inbox, "one/IMG_1.jpg", picture((200, 200, 0)))
    write(inbox, "two/IMG_1.jpg", picture((0, 200, 200)))
    write(inbox, "original.jpg", GOOD)
    write(inbox, "the same again.jpg", GOOD)
    for name in STRANGE_NAMES.values():
        write(inbox, name, picture((len(name), 50, 100)))
    write(inbox, "folder.jpg/inside.jpg", picture((100, 0, 100)))
    (inbox / "link.jpg").symlink_to(inbox / "before.jpg")
    (inbox / "loop").symlink_to(inbox)
    os.mkfifo(inbox / "pipe.jpg")
    write(inbox, "after.jpg", picture((10, 10, 10)))


@pytest.fixture(scope="module")
def filled(make_home: Callable[..., Home]) -> Iterator[Home]:
    home = make_home(settings={"intake": {"max_attempts": 2}})
    fill(home.inbox)
    daemon = start(home)
    wait_until(
        "nothing is left to do but the file that may not be read",
        lambda: (
            home.ledger("after.jpg")
            and home.states().keys() <= {"done", "ignored", "duplicate", "failed", "quarantined"}
        ),
    )
    yield home
    daemon.kill()


def silver(home: Home, path: str) -> Path:
    """The Silver file of a ledger path."""
    rows = home.query(
        "select v.file_path from file_versions v join ledger l on l.media_asset_id = v.media_asset_id "
        "where l.path = ? and v.tier = 'silver'",
        path,
    )
    assert len(rows) == 1, f"{path} has {len(rows)} Silver versions"
    return home.data / rows[0]["file_path"]


def bronze_row(home: Home, path: str) -> dict[str, object]:
    rows = home.query(
        "select v.* from file_versions v join ledger l on l.media_asset_id = v.media_asset_id "
        "where l.path = ? and v.tier = 'bronze'",
        path,
    )
    assert len(rows) == 1
    return dict(rows[0])


@pytest.mark.parametrize("path", ["before.jpg", "after.jpg", "original.jpg", "folder.jpg/inside.jpg"])
def test_the_rest_of_the_batch_went_through(filled: Home, path: str) -> None:
    assert filled.ledger(path)["state"] == "done"
    assert silver(filled, path).read_bytes() == (filled.inbox / path).read_bytes()


def test_an_empty_file_is_ignored_until_it_is_written_to(filled: Home) -> None:
    row = filled.ledger("empty.jpg")
    assert row["state"] == "ignored"
    assert row["reason"] == "empty.jpg is empty (0 bytes); it is looked at again when it is written to."


def test_a_file_cut_in_half_is_kept_as_metadata_only_with_the_reason(filled: Home) -> None:
    row = filled.ledger("half.jpg")
    assert row["state"] == "done"
    assert row["reason"].startswith("half.jpg is kept as metadata only: ")
    assert "truncated" in row["reason"]
    kept = bronze_row(filled, "half.jpg")
    assert "truncated" in str(kept["undecodable"])
    assert (filled.data / str(kept["file_path"])).read_bytes() == GOOD[: len(GOOD) // 2]


def test_text_with_a_picture_s_name_is_ignored(filled: Home) -> None:
    row = filled.ledger("text.jpg")
    assert row["state"] == "ignored"
    assert row["reason"] == "text.jpg is no photo or video: its bytes have no format that is known."


def test_a_png_called_jpg_is_taken_for_what_it_is(filled: Home) -> None:
    assert filled.ledger("really-a-png.jpg")["state"] == "done"
    assert bronze_row(filled, "really-a-png.jpg")["mime_type"] == "image/png"
    assert silver(filled, "really-a-png.jpg").exists()


def test_a_pixel_bomb_is_kept_and_not_decoded(filled: Home) -> None:
    row = filled.ledger("bomb.png")
    assert row["state"] == "done"
    assert "30000 × 30000 pixels" in row["reason"]
    assert "metadata only" in row["reason"]
    assert bronze_row(filled, "bomb.png")["undecodable"]


def test_a_file_without_permission_is_tried_again_and_says_why(filled: Home) -> None:
    row = filled.ledger("secret.jpg")
    assert row["state"] in ("failed", "quarantined")
    assert row["reason"].startswith("secret.jpg") or "/secret.jpg" in row["reason"]
    assert "Permission denied" in row["reason"]
    assert "again" in row["reason"]


def test_two_files_of_one_name_are_two_photos(filled: Home) -> None:
    names = set()
    for path in ("one/IMG_1.jpg", "two/IMG_1.jpg"):
        assert filled.ledger(path)["state"] == "done"
        kept = bronze_row(filled, path)
        names.add(Path(str(kept["file_path"])).name)
        assert (filled.data / str(kept["file_path"])).read_bytes() == (filled.inbox / path).read_bytes()
    assert len(names) == 2
    assert all(name.startswith("IMG_1") and name.endswith(".jpg") for name in names)


def test_the_same_content_twice_is_one_photo(filled: Home) -> None:
    rows = [filled.ledger(path) for path in ("original.jpg", "the same again.jpg")]
    assert sorted(row["state"] for row in rows) == ["done", "duplicate"]
    assert rows[0]["sha256"] == rows[1]["sha256"] == hashlib.sha256(GOOD).hexdigest()
    duplicate = next(row for row in rows if row["state"] == "duplicate")
    assert "has the same bytes as" in duplicate["reason"]
    assert "media/bronze/" in duplicate["reason"]


@pytest.mark.parametrize("kind", STRANGE_NAMES)
def test_strange_names_are_taken_and_stored_under_safe_ones(filled: Home, kind: str) -> None:
    name = STRANGE_NAMES[kind]
    from core.db.types import escape_path

    stored = escape_path(os.fsdecode(name))
    assert filled.ledger(stored)["state"] == "done"
    kept = Path(str(bronze_row(filled, stored)["file_path"])).name
    assert len(kept.encode()) < 200
    assert not set(kept) & set('#?%"\n<>:|*\\')
    with open(os.fsencode(filled.inbox) + b"/" + name, "rb") as file:  # noqa: PTH123 - the name is bytes
        assert silver(filled, stored).read_bytes() == file.read()


@pytest.mark.parametrize(
    ("path", "why"), [("link.jpg", "symbolic link"), ("loop", "symbolic link"), ("pipe.jpg", "named pipe")]
)
def test_what_is_no_file_is_ignored_with_the_reason(filled: Home, path: str, why: str) -> None:
    row = filled.ledger(path)
    assert row["state"] == "ignored"
    assert why in row["reason"]


def test_a_folder_with_a_picture_s_name_is_a_folder(filled: Home) -> None:
    assert filled.ledger("folder.jpg") is None
    assert filled.ledger("folder.jpg/inside.jpg")["state"] == "done"


def test_every_file_is_in_exactly_one_state(filled: Home) -> None:
    found = (path for path in filled.inbox.rglob("*") if ".pictallion" not in path.parts)
    on_disk = sum(1 for path in found if path.is_symlink() or not path.is_dir())
    assert sum(filled.states().values()) == on_disk


def test_no_source_was_changed_and_every_original_is_whole(filled: Home) -> None:
    for row in filled.query("select file_path, sha256 from file_versions"):
        path = filled.data / row["file_path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        assert path.stat().st_mode & 0o777 == 0o444
    assert (filled.inbox / "original.jpg").read_bytes() == GOOD
    assert filled.query("select * from placements") == []


# --- things that happen while a file is in hand -----------------------------------------------------------------


def big_picture(path: Path) -> None:
    """A picture that takes a second or two to decode, so that something can happen meanwhile."""
    Image.effect_noise((7000, 7000), 80).save(path, "PNG", compress_level=1)


def freeze_worker_on(daemon: Daemon, path: str) -> list[int]:
    """Stops the workers while one of them has the file in hand; returns their process ids."""
    daemon.home.wait_for_state(path, "running")
    wait_until("the file is stored", lambda: daemon.home.ledger(path)["media_asset_id"])
    workers = wait_until("a worker lives", daemon.worker_pids)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    assert daemon.home.ledger(path)["state"] == "running", "the picture must be larger for this machine"
    return workers


def test_a_native_crash_in_a_worker_costs_one_attempt(daemon: Daemon) -> None:
    home = daemon.home
    big_picture(home.folder / "big.png")
    shutil.move(home.folder / "big.png", home.inbox / "big.png")
    for pid in freeze_worker_on(daemon, "big.png"):
        os.kill(pid, signal.SIGKILL)
    row = home.wait_for_state("big.png", "failed")
    assert "big.png crashed the worker process" in row["reason"]
    assert "will be tried again" in row["reason"]
    write(home.inbox, "after.jpg", picture((1, 2, 3)))
    home.wait_for_state("after.jpg", "done")
    assert home.wait_for_state("big.png", "done")["attempts"] == 2
    assert daemon.process.poll() is None


def test_a_file_over_the_time_limit_is_stopped_and_the_queue_goes_on(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"compute": {"time_limit": "8s"}, "intake": {"max_attempts": 1}})
    daemon = start(home)
    try:
        big_picture(home.folder / "slow.png")
        shutil.move(home.folder / "slow.png", home.inbox / "slow.png")
        freeze_worker_on(daemon, "slow.png")
        row = home.wait_for_state("slow.png", "quarantined")
        assert "slow.png took longer than 8 s and was stopped ([compute] time_limit)" in row["reason"]
        write(home.inbox, "after.jpg", picture((1, 2, 3)))
        home.wait_for_state("after.jpg", "done")
        original = home.data / str(bronze_row(home, "slow.png")["file_path"])
        assert original.read_bytes() == (home.inbox / "slow.png").read_bytes()
    finally:
        daemon.kill()


def test_a_file_that_grows_is_taken_when_it_is_whole(daemon: Daemon) -> None:
    home = daemon.home
    with (home.inbox / "slow-copy.jpg").open("wb") as file:
        for start_at in range(0, len(GOOD), 8192):
            file.write(GOOD[start_at : start_at + 8192])
            file.flush()
            # each part is there for others to see before the next is written
            wait_until("the part is on disk", lambda at=start_at: (home.inbox / "slow-copy.jpg").stat().st_size > at)
    home.wait_for_state("slow-copy.jpg", "done")
    assert silver(home, "slow-copy.jpg").read_bytes() == GOOD
    assert home.query("select count(*) from media_assets")[0][0] == 1


def test_a_file_that_vanishes_while_in_hand_is_missing_and_comes_back(daemon: Daemon) -> None:
    home = daemon.home
    content = picture((9, 9, 9))
    write(home.inbox, "gone.jpg", content)
    home.wait_for_state("gone.jpg", "waiting", "queued", "running", "done")
    (home.inbox / "gone.jpg").unlink()
    home.wait_for_state("gone.jpg", "missing")
    write(home.inbox, "gone.jpg", content)
    home.wait_for_state("gone.jpg", "done")
    assert silver(home, "gone.jpg").read_bytes() == content
    assert home.query("select count(*) from media_assets")[0][0] == 1
