from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.config import LoadedSettings, load_settings
from core.errors import ConfigError


@dataclass(frozen=True)
class Machine:
    """A computer without any configuration but what a test writes: a working directory, a home, a system folder."""

    working_directory: Path
    home: Path
    system_config_file: Path

    def write(self, toml: str, name: str = "config.toml") -> Path:
        file = self.working_directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(toml, "utf-8")
        return file

    def folder(self, name: str) -> Path:
        folder = self.working_directory / name
        folder.mkdir(parents=True)
        return folder

    def load(self, environment: Mapping[str, str] | None = None, config_file: Path | None = None) -> LoadedSettings:
        variables = {"HOME": str(self.home), **(environment or {})}
        return load_settings(config_file, variables, self.working_directory, self.system_config_file)

    def problems(self, toml: str = "", environment: Mapping[str, str] | None = None) -> list[str]:
        """What a person reads who starts with this file and this environment, line by line."""
        if toml:
            self.write(toml)
        with pytest.raises(ConfigError) as caught:
            self.load(environment)
        assert caught.value.exit_code == 2
        return str(caught.value).splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "work", tmp_path / "home", tmp_path / "etc" / "config.toml")
    for folder in (machine.working_directory, machine.home, machine.system_config_file.parent):
        folder.mkdir()
    return machine
