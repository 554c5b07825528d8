from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from core.errors import ConfigError

if TYPE_CHECKING:
    from tests.config.conftest import Machine

SECRET = "hunter2"


@pytest.mark.parametrize(
    "written, normalised",
    [
        ("postgresql://u:p@db.example:5433/photos", "postgresql+asyncpg://u:p@db.example:5433/photos"),
        ("postgresql+asyncpg://u:p%40ss@db.example/photos", "postgresql+asyncpg://u:p%40ss@db.example/photos"),
        ("sqlite:////srv/photos.db", "sqlite+aiosqlite:////srv/photos.db"),
        ("sqlite+aiosqlite:////srv/photos.db?timeout=9", "sqlite+aiosqlite:////srv/photos.db?timeout=9"),
    ],
)
def test_every_way_to_write_a_database_leads_to_its_asynchronous_driver(
    machine: Machine, written: str, normalised: str
) -> None:
    url = machine.load({"PICTALLION_DATABASE__URL": written}).settings.database_url
    assert url.render_as_string(hide_password=False) == normalised


def test_a_relative_sqlite_file_starts_at_the_file_it_is_written_in(machine: Machine) -> None:
    file = machine.write('[database]\nurl = "sqlite:///db/a%20b.sqlite"', "100%41 mine/config.toml")
    url = machine.load(config_file=file).settings.database_url
    assert url.database == str(file.parent / "db" / "a b.sqlite")


def test_a_sqlite_file_can_lie_at_home_whatever_that_is_called(machine: Machine) -> None:
    home = machine.folder("100%41 home")
    url = machine.load({"HOME": str(home), "PICTALLION_DATABASE__URL": "sqlite:///~/photos.db"}).settings.database_url
    assert url.database == str(home / "photos.db")


def test_the_default_database_lies_in_the_library_whatever_that_is_called(machine: Machine) -> None:
    data_dir = machine.working_directory / "100%41 what?"
    settings = machine.load({"PICTALLION_LIBRARY__DATA_DIR": str(data_dir)}).settings
    assert settings.database_url.database == str(data_dir / "pictallion.db")


@pytest.mark.parametrize(
    "url, message",
    [
        ("mysql://u:hunter2@db.example/photos", "begin with postgresql:// or sqlite:///"),
        ("hunter2", "is no database URL"),
        ("postgresql://u:hunter2@db.example:hunter2/photos", "is no database URL"),
        ("postgresql://u@db.example/photos?password=hunter2", "has its password behind the question mark"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_without_repeating_its_url(
    machine: Machine, url: str, message: str
) -> None:
    [line] = machine.problems(environment={"PICTALLION_DATABASE__URL": url})
    assert line.startswith("environment PICTALLION_DATABASE__URL: [database] url ")
    assert message in line
    assert SECRET not in line


@pytest.mark.parametrize(
    "environment",
    [
        {"PICTALLION_DATABASE": SECRET},
        {"PICTALLION_DATABASE": f'"{SECRET}"'},
        {"PICTALLION_DATABASE": f'{{"url": ["{SECRET}"]}}'},
        {"PICTALLION_DATABASE": f'{{"password": "{SECRET}"}}'},
        {"PICTALLION_DATABASE__PASSWORD": SECRET},
        {"PICTALLION_DATABASE_URL": SECRET},
        {"PICTALLION_DATABASE__URL": SECRET, "PICTALLION_DATABASE__URL_FILE": SECRET},
        {"PICTALLION_DATABASE__URL": f"mysql://u:{SECRET}@h/n", "PICTALLION_SERVER__PORT": "abc"},
    ],
)
def test_no_message_and_no_traceback_shows_a_secret(machine: Machine, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        machine.load(environment)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_settings_that_are_printed_hide_the_password(machine: Machine) -> None:
    loaded = machine.load({"PICTALLION_DATABASE__URL": "postgresql://u:hunter2@h/n"})
    settings = loaded.settings
    assert SECRET not in f"{loaded} {loaded!r} {settings} {settings.model_dump_json()} {settings.database_url!r}"
    assert settings.shown()["database"]["url"] == "postgresql+asyncpg://u:***@h/n"
