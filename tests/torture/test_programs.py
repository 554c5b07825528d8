"""Files are taken when they are whole, however the program that brings them goes about it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import pytest

from tests.daemon.conftest import PATIENCE, wait_until
from tests.torture import writers
from tests.torture.conftest import Subject, conclude, picture
from tests.torture.invariants import Source, sha256_of

Record = Callable[[str, object], None]

#: Three times the settle time of the homes under test. [s]
PAUSE = 1.0

#: What closes a half written file under its final name cannot be told from one that is done.
IN_ONE_GO = sorted(writers.PROGRAMS.keys() - {"smb_reopened"})


def bring(subject: Subject, programs: list[str], pause: float = PAUSE) -> None:
    """Lets every program bring a picture of its own, all at once."""
    aside = subject.home.folder / "aside"
    aside.mkdir(exist_ok=True)
    for number, program in enumerate(programs):
        (aside / program).write_bytes(picture(number))
        os.utime(aside / program, ns=(10**18 + number, 10**18 + number))
    at_work = [
        writers.write(program, aside / program, subject.home.inbox / program / "IMG_1.jpg", pause)
        for program in programs
    ]
    assert [writer.wait(PATIENCE) for writer in at_work] == [0] * len(programs)
    for number, program in enumerate(programs):
        path = f"{program}/IMG_1.jpg"
        written = (subject.home.inbox / path).stat().st_mtime_ns
        subject.sources.append(Source("inbox", path, picture(number), written))


def test_every_program_brings_its_file_whole(subject: Subject, record_property: Record) -> None:
    subject.start()
    bring(subject, IN_ONE_GO)
    subject.comes_to_rest()
    conclude(record_property, subject, "programs")
    paths = {row["path"] for row in subject.query("select path from ledger where state != 'missing'")}
    assert paths == {source.path for source in subject.sources}, "nothing in transit was taken for a file"


def test_a_file_that_goes_on_growing_after_it_was_taken_is_one_photo(subject: Subject) -> None:
    subject.start()
    bring(subject, ["smb_reopened"], pause=4 * PAUSE)
    source = subject.sources[0]
    wait_until(
        "the whole picture is in the library",
        lambda: source.sha256 in {row["sha256"] for row in subject.query("select sha256 from file_versions")},
    )
    subject.comes_to_rest()
    assert len(subject.query("select id from media_assets")) == 1
    assert sha256_of(subject.home.inbox / source.path) == source.sha256


def test_a_photo_that_the_phone_writes_again_is_the_same_photo_with_new_content(subject: Subject) -> None:
    """As phones do it once the picture is computed to its end: the same picture, other bytes."""
    daemon = subject.start()
    home = subject.home
    first, second = home.folder / "first", home.folder / "second"
    first.write_bytes(picture(1, quality=70))
    second.write_bytes(picture(1, quality=95))
    assert writers.write("syncthing", first, home.inbox / "IMG_1.jpg").wait(PATIENCE) == 0
    home.wait_for_state("IMG_1.jpg", "done")
    (before,) = daemon.get("/api/photos").json()

    assert writers.write("syncthing", second, home.inbox / "IMG_1.jpg").wait(PATIENCE) == 0
    wait_until(
        "the new content is shown",
        lambda: [photo["fileHash"] for photo in daemon.get("/api/photos").json()] not in ([], [before["fileHash"]]),
    )
    subject.sources = [Source("inbox", "IMG_1.jpg", second.read_bytes(), second.stat().st_mtime_ns)]
    subject.comes_to_rest()
    (after,) = daemon.get("/api/photos").json()
    assert after["mediaAssetId"] == before["mediaAssetId"]
    assert daemon.get(f"/api/files/{after['filePath']}").content == second.read_bytes()
    kept = {sha256_of(path) for path in (home.data / "media").rglob("*.jpg")}
    assert sha256_of(first) in kept, "nobody said that the first version may go"
    assert home.run("audit").returncode == 0


def test_a_photo_that_is_replaced_by_another_of_its_name_is_kept(subject: Subject) -> None:
    """As AirDrop does it, and a camera that begins to count anew: a hidden file is renamed over what is there."""
    daemon = subject.start()
    home = subject.home
    contents = [picture(1), picture(2)]
    for number, content in enumerate(contents):
        aside = home.folder / str(number)
        aside.write_bytes(content)
        os.utime(aside, ns=(10**18, 10**18))
        assert writers.write("airdrop", aside, home.inbox / "IMG_1.jpg", pause=PAUSE).wait(PATIENCE) == 0
        expected = {hashlib.md5(each).hexdigest() for each in contents[: number + 1]}
        wait_until(
            "each is shown",
            lambda expected=expected: {p["fileHash"] for p in daemon.get("/api/photos").json()} == expected,  # type: ignore[misc]
        )
    subject.sources = [Source("inbox", "IMG_1.jpg", contents[1], 10**18)]
    subject.comes_to_rest()
    assert len(subject.query("select id from media_assets")) == 2
    assert home.run("audit", "--verify").returncode == 0


def test_a_copy_that_a_sync_program_made_after_a_conflict_is_taken_and_marked(subject: Subject) -> None:
    daemon = subject.start()
    copy = "IMG_1.sync-conflict-20240726-143025-ABC7DEF.jpg"
    subject.add("inbox", "IMG_1.jpg", picture(1))
    subject.add("inbox", copy, picture(2))
    subject.comes_to_rest()
    photos = {photo["mediaAsset"]["originalFilename"]: photo for photo in daemon.get("/api/photos").json()}
    assert photos[copy]["metadata"]["conflictCopy"] == {"of": "IMG_1.jpg", "program": "Syncthing"}
    assert "conflictCopy" not in photos["IMG_1.jpg"]["metadata"]
    history = daemon.get(f"/api/photos/{photos[copy]['id']}/history").json()
    assert any("Syncthing made it as a copy of IMG_1.jpg" in record["details"] for record in history)
    told = subject.home.run("explain", str(subject.home.inbox / copy)).stdout
    assert "marked as a copy that Syncthing made of IMG_1.jpg" in told


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_a_whole_tree_that_is_moved_in_with_old_times_is_taken(
    make_subject: Callable[..., Subject], record_property: Record, mode: str
) -> None:
    """As rsync -a or a file manager does it, while an earlier part is still being looked at."""
    subject = make_subject(roots={"inbox": mode})
    home = subject.home
    subject.start()
    for number in range(4):
        subject.add("aside", f"2019/{number % 2}/{number}.jpg", picture(number))
    subject.sources = [Source("inbox", s.path, s.content, s.mtime_ns) for s in subject.sources]
    (home.folder / "aside" / "2019").rename(home.inbox / "2019")
    subject.comes_to_rest()
    conclude(record_property, subject, f"a moved tree, {mode}")
