from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.config.conftest import Machine


EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def uncommented() -> str:
    """The example with every setting switched on: settings are commented out with "#", prose with "# "."""
    return re.sub(r"^#(?=[\[a-z])", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)


def test_the_example_as_it_is_changes_nothing(machine: Machine) -> None:
    assert tomllib.loads(EXAMPLE.read_text("utf-8")) == {}


def test_the_example_has_every_key_there_is_and_no_other(machine: Machine) -> None:
    shown = machine.load().settings.shown()
    example = tomllib.loads(uncommented())
    assert list(example) == list(shown)
    for section, table in shown.items():
        if section == "watch":
            assert list(example["watch"][0]) == list(table[0])
        else:
            assert list(example[section]) == list(table)


def test_the_example_shows_the_defaults(machine: Machine) -> None:
    defaults = machine.load().settings
    machine.write(uncommented())
    loaded = machine.load()
    assert loaded.settings == defaults
    assert set(loaded.sources.values()) == {"config.toml"}


def test_every_key_of_the_example_is_explained_above_it() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"#[a-z_]+ = ", line)]
    assert keys
    assert [lines[number] for number in keys if not lines[number - 1].startswith("# ")] == []
