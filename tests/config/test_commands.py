from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from core.errors import ConfigError
from daemon.cli.config import config
from daemon.cli.settings import CliContext

if TYPE_CHECKING:
    from tests.config.conftest import Machine


@pytest.fixture
def file(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(machine.working_directory)
    machine.folder("phone")
    return machine.write('[[watch]]\npath = "phone"\n[intake]\nrescan_interval = 7200\nmin_free = "500MB"')


def run(*arguments: str, file: Path, **environment: str) -> Result:
    return CliRunner().invoke(config, arguments, obj=CliContext(file), env=environment)


def test_show_prints_each_value_with_its_source(file: Path) -> None:
    lines = run("show", file=file, PICTALLION_SERVER__PORT="9000").output.splitlines()
    assert lines[0] == f"# {file}"
    assert [line.split() for line in lines if line.startswith(("port", "rescan_interval", "host", "[[watch]]"))] == [
        ["host", "=", '"127.0.0.1"', "#", "default"],
        ["port", "=", "9000", "#", "environment", "PICTALLION_SERVER__PORT"],
        ["[[watch]]", "#", "config.toml"],
        ["rescan_interval", "=", '"2h"', "#", "config.toml"],
    ]


def test_what_show_prints_is_a_configuration_that_leads_to_the_same_settings(machine: Machine, file: Path) -> None:
    printed = run("show", file=file).output
    assert tomllib.loads(printed)["library"]["data_dir"] == str(machine.working_directory / "data")

    before = machine.load(config_file=file).settings
    after = machine.load(config_file=machine.write(printed, "elsewhere/printed.toml")).settings
    assert after.shown() == before.shown()


def test_show_json_has_the_file_the_settings_and_the_sources(file: Path) -> None:
    document = json.loads(run("show", "--json", file=file).output)
    assert document["file"] == str(file)
    assert document["settings"]["intake"]["min_free"] == "500MB"
    assert document["sources"]["intake.min_free"] == "config.toml"
    assert document["sources"]["server.port"] == "default"


@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"], ["check"]])
def test_no_command_prints_a_password(file: Path, arguments: list[str]) -> None:
    result = run(*arguments, file=file, PICTALLION_DATABASE__URL="postgresql://u:hunter2@db.example/photos")
    assert result.exit_code == 0
    assert "hunter2" not in result.output


def test_check_says_ok_and_the_file(file: Path) -> None:
    assert run("check", file=file).output == f"ok: {file}\n"


def test_check_leaves_the_problems_to_the_program_which_exits_with_two(file: Path) -> None:
    result = run("check", file=file, PICTALLION_SERVER__PRT="1")
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert str(result.exception) == (
        "environment PICTALLION_SERVER__PRT: [server] prt is not a known key; did you mean port?"
    )
