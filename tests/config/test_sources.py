from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.config import Settings
from core.config.schema import Library
from core.config.values import NAMING_TOKENS
from core.errors import ConfigError
from core.library.naming import NameFacts, render_name

if TYPE_CHECKING:
    from tests.config.conftest import Machine


def test_without_any_configuration_the_inbox_beside_is_watched_and_made(machine: Machine) -> None:
    loaded = machine.load()

    here = machine.working_directory
    assert loaded.file is None
    assert [(root.name, root.path, root.mode) for root in loaded.settings.watch] == [("inbox", here / "inbox", "copy")]
    assert (here / "inbox").is_dir()
    assert loaded.settings.library.data_dir == here / "data"
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("127.0.0.1", 8000)
    assert loaded.settings.database_url.database == str(here / "data" / "pictallion.db")
    assert set(loaded.sources.values()) == {"default"}


def test_the_default_inbox_is_not_made_where_something_else_is_watched(machine: Machine) -> None:
    machine.folder("phone")
    machine.write('[[watch]]\npath = "phone"')
    machine.load()
    assert not (machine.working_directory / "inbox").exists()


def test_a_default_inbox_that_cannot_be_made_is_one_clear_message(machine: Machine) -> None:
    (machine.working_directory / "inbox").write_text("a file in the way")
    [line] = machine.problems()
    assert "nothing says which folder to watch" in line
    assert "set [[watch]] path" in line


def test_the_environment_beats_the_file_and_the_file_beats_the_default(machine: Machine) -> None:
    machine.write('[server]\nport = 1111\nhost = "127.0.0.2"')
    loaded = machine.load({"PICTALLION_SERVER__PORT": "2222"})

    assert loaded.settings.server.port == 2222
    assert loaded.settings.server.host == "127.0.0.2"
    assert loaded.settings.log.level == "info"
    assert loaded.sources["server.port"] == "environment PICTALLION_SERVER__PORT"
    assert loaded.sources["server.host"] == "config.toml"
    assert loaded.sources["log.level"] == "default"


def test_every_setting_has_a_source(machine: Machine) -> None:
    loaded = machine.load()
    shown = loaded.settings.shown()
    within = {
        f"{section}.{name}.{key}"
        for section, name in (
            ("server", "auth"),
            *(("ai", name) for name in ("budget", "ollama", "openai", "vocabulary")),
        )
        for key in shown[section].pop(name)
    }
    keys = {f"{section}.{key}" for section, table in shown.items() if isinstance(table, dict) for key in table}
    assert set(loaded.sources) == keys | within | {"watch"}


def test_a_table_within_a_section_has_sources_of_its_own(machine: Machine) -> None:
    machine.write('[server.auth]\nenabled = true\nsession_lifetime = "1d"')
    loaded = machine.load({"PICTALLION_SERVER__AUTH__SESSION_LIFETIME": "2h"})
    assert (loaded.settings.server.auth.enabled, loaded.settings.server.auth.session_lifetime) == (True, 7200)
    assert loaded.sources["server.auth.enabled"] == "config.toml"
    assert loaded.sources["server.auth.session_lifetime"] == "environment PICTALLION_SERVER__AUTH__SESSION_LIFETIME"


def test_the_file_is_looked_for_beside_then_at_home_then_in_the_system(machine: Machine) -> None:
    xdg = machine.home / "xdg"
    environment = {"XDG_CONFIG_HOME": str(xdg)}
    found = []
    for file in (
        machine.system_config_file,
        machine.home / ".config" / "pictallion" / "config.toml",
        machine.working_directory / "config.toml",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        found.append(machine.load().file == file)
    assert found == [True, True, True]

    (machine.working_directory / "config.toml").unlink()
    (xdg / "pictallion").mkdir(parents=True)
    (xdg / "pictallion" / "config.toml").touch()
    assert machine.load(environment).file == xdg / "pictallion" / "config.toml"
    assert machine.load({"XDG_CONFIG_HOME": "relative"}).file == machine.home / ".config" / "pictallion" / "config.toml"


def test_a_file_that_is_named_is_taken_before_all_others(machine: Machine) -> None:
    machine.write("[server]\nport = 1")
    named = machine.write("[server]\nport = 2", "other/my.toml")
    loaded = machine.load(config_file=Path("other/my.toml"))
    assert (loaded.file, loaded.settings.server.port) == (named, 2)
    assert loaded.sources["server.port"] == "other/my.toml"


def test_a_named_file_that_is_missing_is_an_error(machine: Machine) -> None:
    with pytest.raises(ConfigError, match=r"^nowhere\.toml: there is no such file$"):
        machine.load(config_file=Path("nowhere.toml"))


def test_a_path_in_the_file_starts_at_the_file_and_one_in_the_environment_where_it_was_started(
    machine: Machine,
) -> None:
    phone = machine.folder("etc/phone")
    file = machine.write('[library]\ndata_dir = "../store"\n[[watch]]\npath = "./phone"', "etc/config.toml")

    from_file = machine.load(config_file=file).settings
    assert from_file.library.data_dir == machine.working_directory / "store"
    assert from_file.watch[0].path == phone

    settings = machine.load({"PICTALLION_LIBRARY__DATA_DIR": "store"}, config_file=file).settings
    assert settings.library.data_dir == machine.working_directory / "store"
    assert settings.watch[0].path == phone


def test_a_tilde_is_the_home_of_the_environment_that_was_given(machine: Machine) -> None:
    (machine.home / "Phone").mkdir()
    machine.write('[library]\ndata_dir = "~/data"\n[[watch]]\npath = "~/Phone"\n[database]\nurl = "sqlite:///~/db"')
    settings = machine.load().settings
    assert settings.library.data_dir == machine.home / "data"
    assert settings.watch[0].path == machine.home / "Phone"
    assert settings.database_url.database == str(machine.home / "db")


def test_folders_can_be_given_as_json_in_the_environment(machine: Machine) -> None:
    machine.folder("phone")
    camera = machine.folder("camera")
    machine.write('[[watch]]\npath = "phone"')
    loaded = machine.load({"PICTALLION_WATCH": json.dumps([{"path": "camera", "mode": "move"}])})
    assert [(root.path, root.mode) for root in loaded.settings.watch] == [(camera, "move")]
    assert loaded.sources["watch"] == "environment PICTALLION_WATCH"


def test_a_section_can_be_given_as_json_and_a_single_key_beats_it(machine: Machine) -> None:
    section = json.dumps({"port": 1, "host": "127.0.0.3"})
    loaded = machine.load({"PICTALLION_SERVER": section, "PICTALLION_SERVER__PORT": "2"})
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("127.0.0.3", 2)
    assert loaded.sources["server.host"] == "environment PICTALLION_SERVER"
    assert loaded.sources["server.port"] == "environment PICTALLION_SERVER__PORT"


def test_any_key_can_be_read_from_a_file_without_its_trailing_newline(machine: Machine) -> None:
    secret = machine.write("postgresql://photos:hunter2@db.example/photos\n", "secret")
    level = machine.write("debug\r\n", "level")
    loaded = machine.load({"PICTALLION_DATABASE__URL_FILE": "secret", "PICTALLION_LOG__LEVEL_FILE": str(level)})
    assert loaded.settings.database_url.password == "hunter2"
    assert loaded.settings.log.level == "debug"
    assert loaded.sources["database.url"] == f"file {secret} via PICTALLION_DATABASE__URL_FILE"


def test_an_empty_variable_counts_as_not_set(machine: Machine) -> None:
    loaded = machine.load({"PICTALLION_SERVER__PORT": "", "PICTALLION_WATCH": "", "PICTALLION_DATABASE__URL_FILE": ""})
    assert set(loaded.sources.values()) == {"default"}


def test_what_kubernetes_sets_for_a_service_of_our_name_is_left_alone(machine: Machine) -> None:
    machine.load(
        {
            "PICTALLION_PORT": "tcp://10.0.0.1:8000",
            "PICTALLION_SERVICE_HOST": "10.0.0.1",
            "PICTALLION_SERVER_PORT": "tcp://10.0.0.1:8000",
        }
    )


def test_settings_built_by_hand_do_not_depend_on_the_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICTALLION_SERVER__PORT", "1")
    monkeypatch.setenv("PICTALLION_server__port", "1")
    settings = Settings(library=Library(data_dir=machine.working_directory), watch=())
    assert settings.server.port == 8000
    assert machine.load().settings.server.port == 8000


def test_settings_cannot_be_changed(machine: Machine) -> None:
    settings = machine.load().settings
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1
    with pytest.raises(ValueError, match="frozen"):
        settings.watch = ()


def test_automatic_workers_are_at_least_one_and_at_most_eight(machine: Machine) -> None:
    assert 1 <= machine.load().settings.compute.workers <= 8
    assert machine.load({"PICTALLION_COMPUTE__WORKERS": "32"}).settings.compute.workers == 32


@pytest.mark.parametrize(
    "folder, name",
    [("Camera Uploads", "camera-uploads"), ("Fotos von Zoë", "fotos-von-zoe"), ("DCIM", "dcim"), ("a_b-c", "a_b-c")],
)
def test_a_root_is_called_after_its_folder(machine: Machine, folder: str, name: str) -> None:
    machine.folder(folder)
    machine.write(f'[[watch]]\npath = "{folder}"')
    assert machine.load().settings.watch[0].name == name


@pytest.mark.parametrize("token", NAMING_TOKENS)
def test_every_token_that_a_pattern_may_have_is_one_that_naming_replaces(machine: Machine, token: str) -> None:
    pattern = machine.load({"PICTALLION_LIBRARY__SILVER_NAMING": f"x{{{token}}}"}).settings.library.silver_naming
    facts = NameFacts(original_filename="IMG_1.jpg", extension=".jpg", captured=datetime(2023, 5, 6, 7, 8, 9))
    assert token not in render_name(pattern, "", facts)
