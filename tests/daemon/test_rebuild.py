"""A database that is lost comes back from the files: compared table by table and column by column with the old one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shutil
import sqlite3
import uuid
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import msgspec
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.db.tables import Base
from core.library.sidecar import build_sidecar, read_sidecar
from core.pipeline.holders import become_holder
from tests.daemon.conftest import FIXTURES, start, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.daemon.conftest import Home

#: Why these columns are not what they were: their values are in no file. Whole tables stand with the column ``*``.
NOT_IN_FILES = {
    ("media_assets", "id"): "new ids; compared by content",
    ("media_assets", "created_at"): "the file's change time where no sidecar tells it, as of one without Silver",
    ("file_versions", "id"): "new ids; compared by path",
    ("file_versions", "created_at"): "the file's change time",
    ("file_versions", "verified_at"): "the rebuild has just read every file",
    ("faces", "id"): "new ids; compared by version and box",
    ("faces", "created_at"): "now",
    ("people", "id"): "new ids; compared by name",
    ("people", "created_at"): "now",
    ("people", "notes"): "only in the database",
    ("people", "birthdate"): "only in the database",
    ("people", "representative_face"): "only in the database",
    ("people", "selected_thumbnail_face_id"): "only in the database",
    ("asset_groups", "id"): "new ids; compared by members",
    ("asset_groups", "created_at"): "now",
    ("asset_groups", "is_primary_chosen"): "only in the database",
    ("asset_groups", "dissolved_at"): "only in the database",
    ("asset_group_members", "is_together"): "only in the database",
    ("grouped_assets", "facts"): "the folder a file came from; the groups are compared",
    ("group_keys", "*"): "made of the folder a file came from; the groups are compared",
    ("stage_results", "created_at"): "now",
    ("asset_history", "*"): "each photo has a row that says it was rebuilt",
    ("sidecars", "*"): "what was written last is what lies there",
    ("ledger", "*"): "files in watched folders are seen again by the next scan; those of mode reference are compared",
    **{
        (table, "*"): "only in the database"
        for table in (
            *("users", "collections", "collection_photos", "relationships", "settings", "ai_prompts", "events"),
            *("locations", "global_tag_library", "watch_roots", "placements", "upload_conflicts"),
            *("api_tokens", "api_sessions", "decided_bursts", "occasions", "occasion_photos", "geocoded_places"),
            *("ai_backlog", "ai_runs", "ai_answers", "ai_spending"),
            *("duplicate_checks", "duplicate_pairs", "duplicate_groups", "duplicate_members"),
            *("pass_runs", "damaged_files"),
            *("refused_names", "suggested_names", "unnamed_groups", "unnamed_group_faces"),
        )
    },
}

#: Of the library that is rebuilt; one of them, a RAW, has no Silver version.
PHOTOS = 9


def exif(taken: str | None, **tags: Any) -> Image.Exif:
    block = Image.Exif()
    block[0x0110] = "Camera One"
    block[0x0112] = tags.pop("orientation", 1)
    if taken is not None:
        block.get_ifd(0x8769)[0x9003] = taken
    if position := tags.pop("position", None):
        block.get_ifd(0x8825).update({1: "N", 2: position[0], 3: "E", 4: position[1]})
    return block


def noise(seed: int, taken: str | None = None, **tags: Any) -> bytes:
    pixels = hashlib.shake_256(str(seed).encode()).digest(96 * 64 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (96, 64), pixels).save(buffer, "JPEG", quality=92, exif=exif(taken, **tags))
    return buffer.getvalue()


def astronauts(count: int, orientation: int = 1) -> bytes:
    """A picture with so many faces; with orientation 6 it lies on its side, as phones store what they took upright."""
    buffer = io.BytesIO()
    with Image.open(FIXTURES / "astronaut.jpg") as face:
        picture = Image.new("RGB", (face.width * count, face.height))
        for index in range(count):
            picture.paste(face, (face.width * index, 0))
        block = exif("2024:07:26 14:30:25", orientation=orientation, position=((48.0, 51.0, 29.6), (2.0, 17.0, 40.2)))
        if orientation == 6:
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        picture.save(buffer, "JPEG", quality=95, exif=block)
    return buffer.getvalue()


def raw() -> bytes:
    """A DNG without a preview, which is kept as metadata only."""
    tags = ImageFileDirectory_v2()
    tags[306], tags[50706] = "2024:07:27 12:00:00", b"\1\4\0\0"
    buffer = io.BytesIO()
    Image.new("I;16", (8, 8)).save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()


def photo_of(home: Home, name: str) -> tuple[str, Path]:
    """The id of a Silver photo, and its sidecar."""
    (row,) = home.query(
        "select v.id, v.file_path from file_versions v join media_assets a on a.id = v.media_asset_id"
        " where v.tier = 'silver' and a.original_filename = ?",
        name,
    )
    return row["id"], home.data / f"{row['file_path']}.xmp"


def edit(home: Home, name: str, **said: Any) -> str:
    """A person edits a photo here; answers its id."""
    photo_id, _ = photo_of(home, name)
    httpx.patch(f"http://127.0.0.1:{home.port}/api/photos/{photo_id}", json=said, timeout=60).raise_for_status()
    return photo_id


def name_faces(home: Home, name: str, *people: str | None) -> None:
    """A person names the faces of a photo in another program, and takes away those that nobody wants to know of."""
    _, sidecar = photo_of(home, name)
    facts = read_sidecar(sidecar.read_bytes())
    assert len(facts.faces) == len(people)
    left_first = sorted(facts.faces, key=lambda face: face.x)
    named = zip(left_first, people, strict=True)
    faces = tuple(msgspec.structs.replace(face, name=person) for face, person in named if person is not None)
    sidecar.write_bytes(build_sidecar(msgspec.structs.replace(facts, faces=faces, people=())))


def is_settled(home: Home) -> bool:
    """Whether database and sidecars say the same."""
    (row,) = home.query("select count(*) as stale from sidecars where state != 'written'")
    return bool(row["stale"] == 0)


@pytest.fixture(scope="module")
def library(make_home: Callable[..., Home]) -> Home:
    """A library of every kind of photo that there is, edited here and elsewhere, its daemon stopped."""
    home = make_home(roots={"inbox": "copy", "album": "reference"})
    files = {
        "inbox/portrait.jpg": astronauts(1, orientation=6),
        "inbox/two.jpg": astronauts(2),
        "inbox/trip/IMG_0001.jpg": noise(1, "2024:07:26 12:00:00"),
        "inbox/trip/IMG_0001-edited.jpg": noise(2, "2024:07:26 12:00:00"),
        "inbox/card/DSC1.dng": raw(),
        "inbox/card/DSC1.JPG": noise(3, "2024:07:27 12:00:00"),
        "inbox/IMG_20230506_070809.jpg": noise(4),
        "inbox/no date.jpg": noise(5),
        "album/wall.jpg": noise(6, "2020:01:01 00:00:00"),
    }
    for name, content in files.items():
        path = home.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    daemon = start(home)
    try:
        # the sidecar in the album is seen, too
        wait_until("all are taken", lambda: home.states() == {"done": PHOTOS, "ignored": 1})
        portrait = edit(home, "portrait.jpg", rating=5, keywords=["Space", "Größe|1"], location="Houston")
        first = edit(home, "IMG_0001.jpg", rating=3, eventType="birthday", eventName="Oma wird 80")
        wall, _ = photo_of(home, "wall.jpg")
        (row,) = home.query("select metadata from file_versions where id = ?", wall)
        tags = [*json.loads(row["metadata"])["ai"]["aiTags"][1:], "Graffiti"]
        edit(home, "wall.jpg", rating=4, aiDescription="Our wall.", aiTags=tags, isFavorite=True)
        edit(home, "IMG_20230506_070809.jpg", isReviewed=True)
        wait_until("the sidecars know", lambda: is_settled(home))
        name_faces(home, "portrait.jpg", "Eileen Collins")
        name_faces(home, "two.jpg", "Eileen Collins", None)
        wait_until("the database knows", lambda: len(home.query("select id from faces where ignored")) == 1)
        wait_until("the people are known", lambda: len(home.query("select id from faces where person_id > ''")) == 2)
        for photo in (portrait, first):
            httpx.post(f"http://127.0.0.1:{home.port}/api/photos/{photo}/promote", timeout=60).raise_for_status()
        wait_until("all is said", lambda: is_settled(home))
    finally:
        daemon.stop()
    return home


def rebuilt(home: Home, *arguments: str) -> tuple[int, Any]:
    answer = home.run("rebuild", "--from-files", "--json", *arguments)
    assert answer.stdout, answer.stderr
    return answer.returncode, json.loads(answer.stdout)


def rows_of(database: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, with what its ids stand for instead of them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        tables = {
            table: [dict(row) for row in connection.execute(f"select * from {table}")] for table in Base.metadata.tables
        }
    content = {row["id"]: row["sha256"] for row in tables["media_assets"]}
    paths = {row["id"]: row["file_path"] for row in tables["file_versions"]}
    names = {row["id"]: row["name"] for row in tables["people"]}
    members = defaultdict(list)
    for row in tables["asset_group_members"]:
        members[row["group_id"]].append(content[row["media_asset_id"]])
    stands_for = {
        **dict.fromkeys(("media_asset_id", "primary_asset_id"), content),
        "photo_id": paths,
        "person_id": names | {None: None},
        "group_id": {group: str(sorted(ids)) for group, ids in members.items()},
    }
    for row in tables["asset_groups"]:
        row["members"] = stands_for["group_id"][row["id"]]
    for rows in tables.values():
        for row in rows:
            for column, meaning in stands_for.items():
                if column in row:
                    row[column] = meaning.get(row[column], row[column])
            if row.get("metadata"):
                metadata = json.loads(row["metadata"])
                metadata.get("faceDetection", {}).pop("timestamp", None)
                row["metadata"] = metadata
    return tables


KEYS = {
    "media_assets": ("sha256",),
    "file_versions": ("file_path",),
    "faces": ("photo_id", "bounding_box"),
    "people": ("name",),
    "asset_groups": ("members",),
    "asset_group_members": ("group_id", "media_asset_id"),
    "grouped_assets": ("media_asset_id",),
    "stage_results": ("sha256", "stage"),
}


def keyed(rows: list[dict[str, Any]], key: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {tuple(row[column] for column in key): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_column_comes_back_or_it_is_said_why_not(library: Home) -> None:
    before = {path: path.read_bytes() for path in library.data.glob("media/**/*") if path.is_file()}
    code, report = rebuilt(library)
    assert (code, report["unexplained"], report["warnings"]) == (0, [], [])
    assert {path: path.read_bytes() for path in library.data.glob("media/**/*") if path.is_file()} == before
    old, new = rows_of(library.data / "pictallion.db"), rows_of(library.data / report["database"])
    compared, different = 0, []
    for table, columns in Base.metadata.tables.items():
        if (table, "*") in NOT_IN_FILES:
            continue
        assert table in KEYS, f"say how to compare {table}, or in NOT_IN_FILES why it cannot come back"
        was, now = keyed(old[table], KEYS[table]), keyed(new[table], KEYS[table])
        assert was, f"{table}: nothing to compare"
        assert was.keys() == now.keys(), table
        for column in columns.c.keys():  # noqa: SIM118 - the names, not the columns
            if (table, column) in NOT_IN_FILES:
                continue
            different += [
                f"{table}.{column} of {key}: {row[column]!r} became {now[key][column]!r}"
                for key, row in was.items()
                if now[key][column] != row[column]
            ]
            compared += 1
    assert not different, "\n".join(different)
    assert compared > 50
    assert report["photos"] == PHOTOS
    counted = [report[name] for name in ("bronze", "silver", "gold", "people", "namedFaces")]
    assert counted == [PHOTOS, PHOTOS - 1, 3, 1, 2]
    assert report["groups"] == 2
    assert {row["type"] for row in new["asset_groups"]} == {"edited", "raw_jpeg"}
    (entry,) = new["ledger"]
    (known,) = [row for row in old["ledger"] if row["path"] == "wall.jpg"]
    for column in ("root", "path", "state", "size", "mtime_ns", "ctime_ns", "inode", "sha256", "media_asset_id"):
        assert entry[column] == known[column]


def test_a_daemon_goes_on_with_the_new_database_as_if_nothing_had_happened(library: Home) -> None:
    database = library.data / "pictallion.db"
    database.unlink()
    code, report = rebuilt(library)
    assert (code, report["database"]) == (0, str(database))
    daemon = start(library)
    try:
        wait_until(
            "the folders were seen again",
            lambda: library.states() == {"done": 1, "duplicate": PHOTOS - 1, "ignored": 1},
        )
        photos = httpx.get(f"http://127.0.0.1:{library.port}/api/photos").json()
        assert len(photos) == PHOTOS - 1
        refused = library.run("rebuild", "--from-files")
        assert (refused.returncode, "daemon is running" in refused.stderr) == (4, True)
    finally:
        daemon.stop()
    assert library.run("audit").returncode == 0


def test_what_is_no_photo_is_told_and_the_old_database_stays(library: Home) -> None:
    database = library.data / "pictallion.db"
    stray = library.data / "media" / "silver" / "2024" / "07" / "notes.jpg"
    stray.write_text("no photo")
    lonely = stray.with_name("gone.jpg.xmp")
    shutil.copy(next(stray.parent.glob("*.xmp")), lonely)
    content = database.read_bytes()
    try:
        code, report = rebuilt(library, "--replace")
    finally:
        stray.unlink()
        lonely.unlink()
    assert code == 1
    assert len(report["unexplained"]) == 2
    assert "gone.jpg.xmp is the sidecar of a file that is not there." in report["unexplained"][1]
    assert database.read_bytes() == content
    assert report["database"] != str(database)
    assert report["photos"] == PHOTOS


def test_the_old_database_is_kept_beside_the_one_that_replaces_it(library: Home) -> None:
    database = library.data / "pictallion.db"
    content = database.read_bytes()
    code, report = rebuilt(library, "--replace")
    assert (code, report["database"]) == (0, str(database))
    (kept,) = library.data.glob("pictallion.db.*.before-rebuild")
    assert kept.read_bytes() == content
    assert not list(library.data.glob("*.unfinished*"))


def test_a_database_that_is_not_empty_is_never_filled(library: Home) -> None:
    answer = library.run("rebuild", "--from-files", "--into", f"sqlite:///{library.data}/pictallion.db")
    assert answer.returncode == 1
    assert "is not empty, and nothing was changed" in answer.stderr


def test_nothing_is_rebuilt_while_an_import_runs(library: Home) -> None:
    with become_holder(library.data / "locks"):
        answer = library.run("rebuild", "--from-files")
    assert (answer.returncode, "perhaps an import" in answer.stderr) == (4, True)


def test_a_catalogue_in_postgresql_is_filled(library: Home, postgresql_server: str) -> None:
    name = f"rebuilt_{uuid.uuid4().hex}"

    async def on_server(url: str, sql: str) -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            rows: list[Any] = await connection.fetch(sql)
            return rows
        finally:
            await connection.close()

    url = postgresql_server.replace("/postgres?", f"/{name}?")
    asyncio.run(on_server(postgresql_server, f"CREATE DATABASE {name}"))
    try:
        code, report = rebuilt(library, "--into", url)
        assert (code, report["photos"], report["groups"]) == (0, PHOTOS, 2)
        people = asyncio.run(on_server(url, "select name, face_count from people"))
        assert [tuple(row) for row in people] == [("Eileen Collins", 2)]
    finally:
        asyncio.run(on_server(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)"))


def test_what_came_after_a_backup_is_in_the_library_again_after_it_is_restored(make_home: Callable[..., Home]) -> None:
    """Its source may be gone: a drop zone is emptied, an upload had none."""
    home = make_home()
    for name, seed in (("before.jpg", 1), ("after.jpg", 2)):
        source = home.folder / name
        source.write_bytes(noise(seed, "2024:06:01 12:00:00"))
        taken = home.run("import", str(source))
        assert taken.returncode == 0, taken.stderr
        source.unlink()
        if name == "before.jpg":
            made = home.run("backup", "create", "--json")
    backup = json.loads(made.stdout)["file"]
    paths = "select tier, file_path, sha256 from file_versions order by file_path"
    before = list(map(tuple, home.query(paths)))
    restored = home.run("backup", "restore", backup, "--yes")
    assert restored.returncode == 0, restored.stderr
    assert "1 photos that came after the backup" in restored.stdout
    assert list(map(tuple, home.query(paths))) == before
    assert len(before) == 4
    audit = home.run("audit", "--verify")
    assert audit.returncode == 0, audit.stdout
    again = home.run("backup", "restore", backup, "--yes")
    assert "1 photos that came after the backup" in again.stdout


def test_what_was_put_away_after_a_backup_is_where_it_is_and_nobody_is_taken_for_somebody_else(
    make_home: Callable[..., Home],
) -> None:
    """A name that was given up is the next photo's that was taken in the same second."""
    home = make_home()
    first, second, third = (noise(seed, "2024:06:01 12:00:00") for seed in (3, 4, 5))

    def upload(http: httpx.Client, name: str, content: bytes) -> str:
        (result,) = http.post("/api/upload", files=[("files", (name, content))]).json()["results"]
        assert result["status"] == "success"
        return str(result["versionId"])

    paths = "select tier, file_path, sha256, archived_at is null as is_shown from file_versions order by file_path"
    daemon = start(home)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{home.port}", timeout=60) as http:
            put_away, kept = upload(http, "first.jpg", first), upload(http, "third.jpg", third)
            made = home.run("backup", "create", "--json")
            assert http.post(f"/api/photos/{put_away}/archive").status_code == 200
            newcomer = upload(http, "second.jpg", second)
            assert (
                http.get(f"/api/photos/{newcomer}").json()["filePath"] == "media/silver/2024/06/2024-06-01_12-00-00.jpg"
            )
            assert http.post(f"/api/photos/{kept}/archive").status_code == 200
            assert http.post(f"/api/photos/{kept}/unarchive").status_code == 200
            wait_until("every sidecar is written", lambda: is_settled(home))
    finally:
        daemon.kill()
    before = list(map(tuple, home.query(paths)))
    assert len(before) == 6
    restored = home.run("backup", "restore", json.loads(made.stdout)["file"], "--yes")
    assert restored.returncode == 0, restored.stderr
    assert list(map(tuple, home.query(paths))) == before
    assert "not what the backup knows" not in restored.stdout
    audit = home.run("audit", "--verify")
    assert audit.returncode == 0, audit.stdout

    # as if it had been killed in the middle: what is not in the database yet is taken in at the next start
    with closing(sqlite3.connect(home.data / "pictallion.db")) as database:
        (asset,) = database.execute(
            "select media_asset_id from file_versions where sha256 = ?", [hashlib.sha256(second).hexdigest()]
        ).fetchone()
        for table in ("ledger", "asset_history", "grouped_assets", "file_versions"):
            database.execute(f"delete from {table} where media_asset_id = ?", [asset])
        database.execute("delete from media_assets where id = ?", [asset])
        database.commit()
    (home.data / ".restoring").write_text("2024-01-01T00:00:00+00:00")
    start(home).kill()
    assert list(map(tuple, home.query(paths))) == before
    assert not (home.data / ".restoring").exists()
