"""``pictallion ai`` while no daemon runs: the database itself is asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.errors import BadRequest, NotFound
from daemon.cli import pictallion


class Command:
    """The command on a library that has a database and nothing in it."""

    def __init__(self, folder: Path, template: Path) -> None:
        (folder / "inbox").mkdir()
        (folder / "data" / "locks").mkdir(parents=True)
        shutil.copyfile(template, folder / "data" / "pictallion.db")
        self._config = folder / "config.toml"
        self._config.write_text(
            f'[library]\ndata_dir = "{folder}/data"\n[[watch]]\npath = "{folder}/inbox"\n[ai.budget]\nrequests = 100\n'
        )

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(pictallion, ["--config", str(self._config), "ai", *arguments])

    def says(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())


@pytest.fixture
def command(tmp_path: Path, sqlite_template: Path) -> Command:
    return Command(tmp_path, sqlite_template)


def test_how_it_goes_is_told(command: Command) -> None:
    said = command.says("status")
    assert "Described by language models: 0; to do: 0" in said
    assert "0 of 100 requests" in said
    report = json.loads(command.run("status", "--json").output)
    assert report["photos"] == {"waiting": 0, "running": 0, "done": 0, "deferred": 0, "failed": 0}
    assert json.loads(command.run("runs", "--json").output) == []


def test_pausing_outlives_the_command(command: Command) -> None:
    assert "A person has paused it" in command.says("pause")
    assert "A person has paused it" in command.says("status")
    command.says("resume")
    assert "A person has paused it" not in command.says("status")


def test_asking_again_and_taking_back_say_what_they_did(command: Command) -> None:
    assert command.says("redo", "--where", "tier=silver", "--dry-run") == "0 photos would be asked about again."
    assert command.says("redo", "--where", "tier=silver") == "0 photos will be asked about again."
    assert command.says("retry") == "0 photos will be tried again."
    assert isinstance(command.run("undo", "7").exception, NotFound)
    refused = command.run("redo", "--where", "teir=silver").exception
    assert isinstance(refused, BadRequest)
    assert "did you mean tier?" in str(refused)
