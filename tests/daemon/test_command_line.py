"""The commands, as somebody types them: what they do, what they say, and the exit codes that scripts rely on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from core import __version__
from core.pipeline.states import State
from tests.daemon.conftest import (
    _PICTALLION,
    FIXTURES,
    PATIENCE,
    Daemon,
    Home,
    _without_rights_over_permissions,
    start,
    wait_until,
)
from tests.daemon.test_intake import assert_library_is_whole, noise

ASTRONAUT = (FIXTURES / "astronaut.jpg").read_bytes()


def begin(home: Home, *arguments: str) -> subprocess.Popen[str]:
    """A command that is still running, without the rights that only root has."""
    return subprocess.Popen(
        [_PICTALLION, "--config", home.config, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home.folder,
        preexec_fn=_without_rights_over_permissions,
    )


def interrupt(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Ends a command with a signal, workers included; gives its exit code."""
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    code = process.wait(PATIENCE)
    for worker in workers:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    process.communicate()
    return code


def counts(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The counts by fate that an ``import --json`` ended with, zeros left out."""
    assert result.stdout, result.stderr
    fates: dict[str, int] = json.loads(result.stdout.splitlines()[-1])
    assert set(fates) == {*State}
    return {fate: count for fate, count in fates.items() if count}


def status(home: Home) -> dict[str, Any]:
    result = home.run("status", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    report: dict[str, Any] = json.loads(result.stdout)
    told = {
        "daemon",
        "ledger",
        "seen",
        "tiers",
        "roots",
        "queue",
        "troubles",
        "sidecars",
        "ai",
        "passes",
        "lastActivity",
    }
    assert set(report) == told
    assert report["sidecars"] == {"failed": 0, "troubles": []}
    assert set(report["ledger"]) == {*State}
    assert report["seen"] == sum(report["ledger"].values())
    assert set(report["tiers"]) == {"bronze", "silver", "gold"}
    assert report["queue"] == {state: report["ledger"][state] for state in ("waiting", "queued", "running", "failed")}
    return report


def camera_roll(folder: Path) -> Path:
    """Three photos, one of them twice, one cut in half, and a text."""
    noise(folder / "one.jpg", 1)
    noise(folder / "trip" / "two.jpg", 2)
    (folder / "trip" / "astronaut.jpg").write_bytes(ASTRONAUT)
    shutil.copy(folder / "one.jpg", folder / "one again.jpg")
    (folder / "half [draft].jpg").write_bytes(ASTRONAUT[: len(ASTRONAUT) // 2])
    (folder / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture(scope="module")
def filled(make_home: Callable[..., Home]) -> Home:
    """A library into which a camera roll was imported; no daemon has ever run on it."""
    home = make_home()
    result = home.run("import", "--json", str(camera_roll(home.folder / "phone")))
    assert result.returncode == 0, result.stderr
    assert counts(result) == {"done": 4, "duplicate": 1, "ignored": 1}
    return home


@pytest.fixture(scope="module")
def running(make_home: Callable[..., Home]) -> Iterator[Daemon]:
    """A daemon that every test of this module may put files into."""
    home = make_home(roots={"inbox": "copy", "drop": "move"})
    daemon = start(home)
    yield daemon
    daemon.stop()


def test_version_is_told(filled: Home) -> None:
    result = filled.run("version")
    assert (result.returncode, result.stdout) == (0, f"pictallion {__version__}\n")


def test_help_lists_every_command(filled: Home) -> None:
    text = filled.run("--help").stdout
    assert all(command in text for command in ("config", "import", "run", "scan", "status", "version"))
    assert filled.run("import", "--help").returncode == 0


def test_an_unknown_command_is_refused(filled: Home) -> None:
    result = filled.run("imprt")
    assert result.returncode == 2
    assert "imprt" in result.stderr
    assert "Traceback" not in result.stderr


# --- status -----------------------------------------------------------------------------------------------------------


def test_status_before_there_is_a_library(make_home: Callable[..., Home]) -> None:
    home = make_home()
    report = status(home)
    assert report["seen"] == 0
    assert report["tiers"] == {"bronze": 0, "silver": 0, "gold": 0}
    assert report["daemon"] == {"running": False}
    assert report["lastActivity"] is None
    assert [(root["name"], root["mode"], root["available"]) for root in report["roots"]] == [("inbox", "copy", True)]
    assert "not running" in home.run("status").stdout
    assert not (home.data / "pictallion.db").exists(), "looking makes no library"


def test_status_while_the_daemon_is_stopped(filled: Home) -> None:
    report = status(filled)
    assert report["daemon"] == {"running": False}
    assert {state: count for state, count in report["ledger"].items() if count} == filled.states()
    assert report["tiers"] == {"bronze": 4, "silver": 3, "gold": 0}
    assert report["roots"][1]["name"] == "import"
    text = filled.run("status").stdout
    assert "not running" in text
    assert re.search(r"silver\W+3\b", text)


def test_status_while_the_daemon_runs(running: Daemon) -> None:
    noise(running.home.inbox / "status.jpg", 100)
    running.home.wait_for_state("status.jpg", "done")
    report = status(running.home)
    assert report["daemon"] == {"running": True}
    assert report["ledger"]["done"] >= 1
    assert report["lastActivity"]["details"]
    assert "The daemon is running" in running.home.run("status").stdout


def test_status_while_a_root_is_not_mounted(make_home: Callable[..., Home]) -> None:
    home = make_home(roots={"inbox": "copy", "share": "copy"})
    (home.folder / "share").rmdir()
    assert [(root["name"], root["available"]) for root in status(home)["roots"]] == [("inbox", True), ("share", False)]
    assert "not there" in home.run("status", environment={"COLUMNS": "400"}).stdout


def test_status_tells_what_failed_and_why(make_home: Callable[..., Home]) -> None:
    home = make_home()
    secret = noise(home.folder / "phone" / "secret [1].jpg", 1)
    secret.chmod(0)
    with begin(home, "import", str(secret)) as process:
        process.wait(PATIENCE)
    (trouble,) = status(home)["troubles"]
    assert trouble["state"] == "failed"
    assert trouble["path"].endswith("secret [1].jpg")
    assert "may not be read" in trouble["reason"]
    assert "secret [1].jpg" in home.run("status", environment={"COLUMNS": "400"}).stdout


def test_status_on_a_database_of_a_newer_version_refuses(make_home: Callable[..., Home]) -> None:
    import sqlite3

    home = make_home()
    with sqlite3.connect(home.data / "pictallion.db") as database:
        database.execute("create table alembic_version (version_num text)")
        database.execute("insert into alembic_version values ('9999')")
    database.close()
    result = home.run("status")
    assert result.returncode == 3
    assert result.stderr.startswith("pictallion: ")
    assert "Traceback" not in result.stderr


# --- import -----------------------------------------------------------------------------------------------------------


def test_an_import_keeps_everything_once_and_leaves_the_sources_alone(filled: Home) -> None:
    assert_library_is_whole(filled)
    assert len(filled.query("select id from media_assets")) == 4
    assert (filled.folder / "phone" / "trip" / "astronaut.jpg").read_bytes() == ASTRONAUT
    assert not (filled.folder / "phone" / "trip" / "astronaut.jpg.xmp").exists()


def test_the_same_import_again_changes_nothing(filled: Home) -> None:
    before = filled.query("select id, file_path from file_versions order by id")
    result = filled.run("import", "--json", str(filled.folder / "phone"))
    assert result.returncode == 0
    assert counts(result) == {"done": 4, "duplicate": 1, "ignored": 1}
    assert filled.query("select id, file_path from file_versions order by id") == before
    assert_library_is_whole(filled)


def test_single_files_are_named_however_the_shell_names_them(filled: Home) -> None:
    two = filled.folder / "phone" / "trip" / "two.jpg"
    result = filled.run("import", "--json", "phone/trip/two.jpg", "./phone/../phone/trip", str(two))
    assert (result.returncode, counts(result)) == (0, {"done": 2})


def test_people_get_a_table_and_the_reasons(filled: Home) -> None:
    result = filled.run("import", "phone", environment={"COLUMNS": "400"})
    assert result.returncode == 0
    assert re.search(r"done\W+4\b", result.stdout)
    assert "half [draft].jpg is kept as metadata only" in result.stdout
    assert "notes.txt is no photo or video" in result.stdout


def test_a_path_that_is_not_there_is_a_mistake_and_nothing_is_taken(filled: Home) -> None:
    noise(filled.folder / "late" / "new.jpg", 50)
    result = filled.run("import", "late/new.jpg", "late/typo.jpg")
    assert result.returncode == 2
    assert "late/typo.jpg" in result.stderr
    assert "Traceback" not in result.stderr
    assert filled.query("select * from ledger where path like '%late/new.jpg'") == []


def test_an_unreadable_file_fails_the_import_and_the_others_are_taken(make_home: Callable[..., Home]) -> None:
    home = make_home()
    noise(home.folder / "phone" / "good.jpg", 1)
    noise(home.folder / "phone" / "secret.jpg", 2).chmod(0)
    with begin(home, "import", "--json", "phone") as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert {fate: count for fate, count in json.loads(out).items() if count} == {"done": 1, "failed": 1}
    assert_library_is_whole(home)


def test_an_unreadable_folder_fails_the_import(make_home: Callable[..., Home]) -> None:
    home = make_home()
    noise(home.folder / "phone" / "private" / "a.jpg", 1)
    (home.folder / "phone" / "private").chmod(0)
    with begin(home, "import", "phone") as process:
        _, errors = process.communicate(timeout=PATIENCE)
    (home.folder / "phone" / "private").chmod(0o755)
    assert process.returncode == 1
    assert "private" in errors


def test_a_file_that_is_passed_over_is_not_passed_over_in_silence(filled: Home) -> None:
    """Somebody named this very file: an exit code of 0 would say that it is safe now."""
    (filled.folder / "phone.tmp").write_bytes(ASTRONAUT)
    result = filled.run("import", "phone.tmp")
    assert "phone.tmp" in result.stdout + result.stderr


def test_an_import_without_room_says_so(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"intake": {"min_free": "8000TB", "settle_seconds": 0.3}})
    noise(home.folder / "phone" / "a.jpg", 1)
    log = home.folder / "import.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [_PICTALLION, "--config", home.config, "import", "phone"], stderr=output, cwd=home.folder, text=True
        )
    try:
        wait_until(
            "it is told", lambda: "until there is room" in log.read_text() or process.poll() is not None, patience=10
        )
    finally:
        code = interrupt(process, signal.SIGINT)
    assert "until there is room" in log.read_text()
    assert code == 1
    assert home.query("select * from media_assets") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_import_leaves_nothing_half_done_and_the_next_finishes(
    make_home: Callable[..., Home], number: signal.Signals
) -> None:
    home = make_home(settings={"compute": {"workers": 1}})
    for count in range(25):
        noise(home.folder / "phone" / f"{count}.jpg", count)
    process = begin(home, "import", "phone")
    wait_until("some are taken", lambda: home.states().get("done", 0) >= 2)
    code = interrupt(process, number)
    if number != signal.SIGKILL:
        assert code == 1, "it is not finished"
        assert home.states().keys() <= {"done", "queued"}
        assert_library_is_whole(home)
    assert home.states()["done"] < 25

    result = home.run("import", "--json", "phone")
    assert (result.returncode, counts(result)) == (0, {"done": 25})
    assert_library_is_whole(home)


def test_what_an_interrupted_daemon_had_queued_is_taken_by_an_import(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"compute": {"workers": 1}})
    for count in range(25):
        noise(home.inbox / f"{count}.jpg", count)
    daemon = start(home)
    wait_until("some are taken", lambda: home.states().get("done", 0) >= 2)
    daemon.stop()
    assert home.states().get("queued"), "there is something left"
    result = home.run("import", "--json", "inbox")
    assert (result.returncode, counts(result)) == (0, {"done": 25})
    assert home.states() == {"done": 25}
    assert_library_is_whole(home)


def test_an_import_beside_a_running_daemon(running: Daemon) -> None:
    home = running.home
    for number in range(5):
        noise(home.folder / "beside" / f"{number}.jpg", 200 + number)
    result = home.run("import", "--json", "beside")
    assert (result.returncode, counts(result)) == (0, {"done": 5})
    shown = [photo["mediaAsset"]["originalFilename"] for photo in running.get("/api/photos").json()]
    assert {f"{number}.jpg" for number in range(5)} <= set(shown)


def test_a_path_in_a_watched_folder_is_that_folder_s_entry(running: Daemon) -> None:
    home = running.home
    noise(home.inbox / "watched" / "a.jpg", 300)
    result = home.run("import", "--json", "inbox/watched")
    assert (result.returncode, counts(result)) == (0, {"done": 1})
    assert [row["root"] for row in home.query("select root from ledger where path like '%watched/a.jpg'")] == ["inbox"]


def test_the_daemon_and_an_import_never_fight_for_a_file(running: Daemon) -> None:
    """Both wait for the same new files of a drop zone; every one must be kept once, and gone from there after that."""
    home = running.home
    drop = home.folder / "drop"
    sent = {noise(drop / f"fight {number}.jpg", 400 + number).read_bytes() for number in range(25)}
    home.run("import", "drop")
    wait_until("all are taken", lambda: not list(drop.glob("*.jpg")), patience=60)
    wait_until("all are done", lambda: home.states().keys() == {"done"}, patience=60)
    rows = home.query(
        "select tier, file_path from file_versions join media_assets a on a.id = media_asset_id "
        "where original_filename like 'fight %'"
    )
    for tier in ("bronze", "silver"):
        kept = [(home.data / row["file_path"]).read_bytes() for row in rows if row["tier"] == tier]
        assert len(kept) == 25
        assert set(kept) == sent
    assert_library_is_whole(home)


def test_what_a_killed_import_had_queued_is_done_by_the_daemon(make_home: Callable[..., Home]) -> None:
    home = make_home(settings={"compute": {"workers": 1}})
    for number in range(25):
        noise(home.inbox / f"{number}.jpg", number)
    process = begin(home, "import", "inbox")
    wait_until("some are taken", lambda: home.states().get("done", 0) >= 2)
    interrupt(process, signal.SIGKILL)
    daemon = start(home)
    try:
        wait_until("the daemon does the rest", lambda: home.states() == {"done": 25})
        assert_library_is_whole(home)
    finally:
        daemon.stop()


# --- scan -------------------------------------------------------------------------------------------------------------


def test_scan_asks_the_running_daemon(running: Daemon) -> None:
    assert running.home.run("scan").stdout == "Scanning: inbox, drop\n"
    assert json.loads(running.home.run("scan", "--json", "drop").stdout) == {"roots": ["drop"]}


def test_scan_of_an_unknown_root_names_it(running: Daemon) -> None:
    result = running.home.run("scan", "nowhere")
    assert result.returncode == 1
    assert "nowhere" in result.stderr
    assert "Traceback" not in result.stderr


def test_scan_without_a_daemon_says_what_to_do(filled: Home) -> None:
    result = filled.run("scan")
    assert result.returncode == 1
    assert "pictallion run" in result.stderr
    assert "Traceback" not in result.stderr


# --- configuration ----------------------------------------------------------------------------------------------------


def test_config_check_says_ok(filled: Home) -> None:
    result = filled.run("config", "check")
    assert (result.returncode, result.stdout) == (0, f"ok: {filled.config}\n")


@pytest.mark.parametrize("command", ["run", "status", "scan", "import", "config check"])
def test_an_unknown_key_is_told_in_one_message_and_nothing_is_started(
    make_home: Callable[..., Home], command: str
) -> None:
    home = make_home(settings={"intake": {"settle_second": 3}})
    arguments = command.split() + (["."] if command == "import" else [])
    result = home.run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("pictallion: ")
    assert "settle_seconds" in result.stderr, "the key that was meant"
    assert home.config.name in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (home.data / "pictallion.db").exists()


def test_a_configuration_file_that_is_not_there_is_told(filled: Home) -> None:
    result = subprocess.run(
        [_PICTALLION, "--config", "elsewhere.toml", "status"],
        capture_output=True,
        text=True,
        cwd=filled.folder,
        check=False,
    )
    assert result.returncode == 2
    assert "elsewhere.toml" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_environment_beats_the_file(filled: Home) -> None:
    result = filled.run("config", "show", "--json", environment={"PICTALLION_SERVER__PORT": "1234"})
    assert json.loads(result.stdout)["settings"]["server"]["port"] == 1234


def test_output_into_a_closed_pipe_is_no_traceback(filled: Home) -> None:
    """``pictallion status | head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        result = subprocess.run(
            [_PICTALLION, "--config", filled.config, "status", "--json"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in result.stderr
