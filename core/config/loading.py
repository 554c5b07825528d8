"""Where do the settings come from, and which source wins?

The environment beats the file, the file beats the defaults. pydantic-settings reads and merges the sources;
what is added here is the search for the file, paths that are relative to where they were written, the origin of
every value, and one readable error instead of a traceback.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource, TomlConfigSettingsSource

from core.config.database_url import SQLITE_PREFIXES
from core.config.environment import read_environment
from core.config.problems import describe, missing_folders
from core.config.schema import Section, Settings
from core.errors import ConfigError

SYSTEM_CONFIG_FILE: Final = Path("/etc/pictallion/config.toml")
DEFAULT_DATA_DIR: Final = "./data"
DEFAULT_WATCH: Final = "./inbox"

_PATH_KEYS: Final = frozenset(
    {
        ("server", "frontend_dir"),
        ("library", "data_dir"),
        ("backup", "folder"),
        ("watch", "path"),
        ("ai.vocabulary", "file"),
    }
)


@dataclass(frozen=True)
class LoadedSettings:
    """The settings and their story.

    ``sources`` tells for each ``section.key`` (and for ``watch``, which is always set as a whole) where its value
    came from: ``default``, the configuration file, ``environment NAME`` or ``file PATH via NAME``.
    ``file`` is the configuration file, absolute, or ``None`` if there is none.
    """

    settings: Settings
    sources: dict[str, str]
    file: Path | None


def load_settings(
    config_file: Path | None,
    environment: Mapping[str, str],
    working_directory: Path,
    system_config_file: Path = SYSTEM_CONFIG_FILE,
    *,
    require_folders: bool = True,
) -> LoadedSettings:
    """Find, read, merge and check the settings.

    Without ``config_file`` the first of these that exists is used: ``config.toml`` in ``working_directory``,
    ``pictallion/config.toml`` in ``$XDG_CONFIG_HOME`` (``~/.config``), ``system_config_file``. Relative paths start at
    the folder of the file they are written in, those from the environment and the defaults at
    ``working_directory``, which is absolute.

    A watched folder that is not there is a problem, unless ``require_folders`` is false: who only wants to know how
    things are, or talks to a running daemon, must be answered while a share is not mounted.

    Where nobody sets what to watch, the default folder is created if it is missing. Nothing else is written.

    Raises:
        ConfigError: one line for each problem.
    """
    home = Path(environment.get("HOME") or Path.home())
    file = _find(config_file, environment, home, working_directory, system_config_file)
    file_name = _short(file, working_directory) if file else ""
    from_file = _anchored(_read_toml(file, file_name), file.parent, home) if file else {}
    read = read_environment(environment, working_directory)
    from_environment = _anchored(read.values, working_directory, home)
    watch_is_set = "watch" in from_file or "watch" in read.origins
    if not watch_is_set:
        _create_default_watch(working_directory / DEFAULT_WATCH)
    defaults: dict[str, Any] = {
        "library": {"data_dir": DEFAULT_DATA_DIR},
        "watch": [] if watch_is_set else [{"path": DEFAULT_WATCH}],
    }

    def origin_of(section: str, key: str | None) -> str:
        if _sets(from_environment, section, key):
            return read.origin_of(section, key)
        return file_name if _sets(from_file, section, key) else "default"

    by_priority = tuple(
        InitSettingsSource(Settings, values)
        for values in (from_environment, from_file, _anchored(defaults, working_directory, home))
    )
    problems = list(read.problems)
    try:
        settings = Settings(_build_sources=(by_priority, {}))  # type: ignore[call-arg]  # hidden by dataclass_transform
    except ValidationError as error:
        problems += describe(error, origin_of)
    if require_folders:
        watch = from_environment.get("watch", from_file.get("watch"))
        problems += missing_folders(watch, origin_of("watch", None))
    if problems:
        # Outside of the `except` block, so that no traceback shows pydantic's error, which holds secret values.
        raise ConfigError("\n".join(problems))
    return LoadedSettings(settings, _sources(settings, origin_of), file)


def _find(
    config_file: Path | None,
    environment: Mapping[str, str],
    home: Path,
    working_directory: Path,
    system_config_file: Path,
) -> Path | None:
    """Return the absolute path of the configuration file, or ``None`` if there is none anywhere."""
    if config_file:
        return working_directory / config_file
    # The XDG specification: a relative $XDG_CONFIG_HOME is to be ignored.
    xdg = Path(environment.get("XDG_CONFIG_HOME", ""))
    candidates = (
        working_directory / "config.toml",
        (xdg if xdg.is_absolute() else home / ".config") / "pictallion" / "config.toml",
        system_config_file,
    )
    for candidate in candidates:
        try:
            if candidate.is_file():
                return candidate
        except OSError as error:
            raise ConfigError(f"{candidate}: cannot be read: {error.strerror}") from error
    return None


def _read_toml(file: Path, name: str) -> dict[str, Any]:
    try:
        if not file.is_file():
            raise ConfigError(f"{name}: there is no such file")
        return TomlConfigSettingsSource(Settings, toml_file=file)()
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: is not valid TOML: it is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error


def _create_default_watch(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"default: nothing says which folder to watch, and {folder} cannot be created: {error.strerror}; "
            "set [[watch]] path in a config.toml"
        ) from error


def _anchored(values: dict[str, Any], base: Path, home: Path) -> dict[str, Any]:
    """Return ``values`` with every path absolute: relative ones start at ``base``, ``~`` is ``home``."""

    def anchored(section: str, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return anchored_section(f"{section}.{key}", value)
        if not isinstance(value, str) or not value:
            return value
        if (section, key) in _PATH_KEYS:
            return _absolute(value, base, home)
        if (section, key) == ("database", "url"):
            prefix = next((prefix for prefix in SQLITE_PREFIXES if value.startswith(prefix)), None)
            file = value.removeprefix(prefix) if prefix else ""
            if prefix and file not in ("", ":memory:"):
                # Inside of a URL, the folders in front have to be percent-encoded as the rest is.
                return prefix + _absolute(file, Path(quote(str(base))), Path(quote(str(home))))
        return value

    def anchored_section(section: str, content: Any) -> Any:
        if isinstance(content, list):
            return [anchored_section(section, item) for item in content]
        if isinstance(content, dict):
            return {key: anchored(section, key, value) for key, value in content.items()}
        return content

    return {section: anchored_section(section, content) for section, content in values.items()}


def _absolute(text: str, base: Path, home: Path) -> str:
    path = home / text[2:] if text == "~" or text.startswith("~/") else base / text
    # Not resolve(): a symbolic link in the path is how its owner wants to call the folder.
    return os.path.normpath(path)


def _sets(values: dict[str, Any], section: str, key: str | None) -> bool:
    """Tell whether ``values`` have the section, or the key in it; a key of a table within is ``table.key``."""
    found: Any = values
    for part in (section, *(key.split(".") if key else ())):
        if not isinstance(found, dict):
            return True
        if part not in found:
            return False
        found = found[part]
    return True


def _sources(settings: Settings, origin_of: Callable[[str, str | None], str]) -> dict[str, str]:
    sources: dict[str, str] = {}
    for section, value in settings:
        if isinstance(value, Section):
            sources |= {f"{section}.{key}": origin_of(section, key) for key in _keys(value)}
        else:
            sources[section] = origin_of(section, None)
    return sources


def _keys(section: Section) -> Iterator[str]:
    for key, value in section:
        if isinstance(value, Section):
            yield from (f"{key}.{inner}" for inner in _keys(value))
        else:
            yield key


def _short(file: Path, working_directory: Path) -> str:
    """Return the file as a person in ``working_directory`` would call it."""
    return str(file.relative_to(working_directory) if file.is_relative_to(working_directory) else file)
