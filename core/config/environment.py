"""Which settings come from environment variables?

``PICTALLION_SECTION__KEY`` sets one key, ``PICTALLION_SECTION`` a whole section or list as JSON, and either name
followed by ``_FILE`` takes the value from a file, which is how container secrets and systemd credentials arrive.
An empty variable counts as not set: that is what ``${PORT:-}`` in a compose file leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic_settings import EnvSettingsSource

from core.config.schema import Settings

PREFIX: Final = "PICTALLION_"
_FILE_SUFFIX: Final = "_file"


@dataclass(frozen=True)
class EnvironmentValues:
    """What the environment sets.

    ``values`` is nested by section. ``origins`` tells for ``section.key`` (``section.table.key`` in a table within), or
    for ``section`` where one variable sets all of it, where the value came from. ``problems`` are finished lines for
    the person.
    """

    values: dict[str, Any]
    origins: dict[str, str]
    problems: list[str]

    def origin_of(self, section: str, key: str | None) -> str:
        """Return where ``values[section]``, or ``key`` in it, was set; it must be there."""
        path = [section, *(key.split(".") if key else ())]
        for length in range(len(path), 0, -1):
            if origin := self.origins.get(".".join(path[:length])):
                return origin
        return next(origin for name, origin in self.origins.items() if name.split(".")[0] == section)


def read_environment(environment: Mapping[str, str], working_directory: Path) -> EnvironmentValues:
    """Collect the settings in ``environment``; a relative path in a ``_FILE`` variable starts at ``working_directory``.

    Nothing is validated here except that files can be read and JSON is JSON.
    """
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    names: dict[str, str] = {}
    problems: list[str] = []
    for name, text in sorted(environment.items()):
        if not name.upper().startswith(PREFIX) or not text:
            continue
        variable = name[len(PREFIX) :].lower()
        key = variable.removesuffix(_FILE_SUFFIX)
        if "__" not in key and key not in Settings.model_fields:
            problems += _single_underscore(name, key, text)
            continue
        if key in names:
            problems.append(f"environment {names[key]} and {name} are both set; unset one of them")
            continue
        names[key] = name
        file = working_directory / text if key != variable else None
        origin = f"file {file} via {name}" if file else f"environment {name}"
        origins[".".join(key.split("__")[:3])] = origin
        if file:
            try:
                text = file.read_text("utf-8").rstrip("\r\n")
            except OSError as error:
                problems.append(f"environment {name}: cannot read {file}: {error.strerror}")
                continue
            except UnicodeDecodeError:
                problems.append(f"environment {name}: cannot read {file}: it is not UTF-8 text")
                continue
        if key in Settings.model_fields:
            try:
                json.loads(text)
            except json.JSONDecodeError as error:
                problems.append(f"{origin}: is not valid JSON: {error.msg} (at column {error.pos + 1})")
                continue
        texts[key] = text
    return EnvironmentValues(_nested(texts), origins, problems)


def _nested(texts: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(Settings, case_sensitive=False)
    # The source has looked at os.environ by now; what counts is the environment that the caller handed in.
    source.env_vars = {f"{PREFIX}{key}".lower(): text for key, text in texts.items()}
    values = source()
    # The source skips sections that do not exist. They stay in, to be refused as in a file.
    for key, text in texts.items():
        section, separator, rest = key.partition("__")
        if separator and section not in Settings.model_fields:
            values.setdefault(section, {})[rest] = text
    return values


def _single_underscore(name: str, key: str, text: str) -> list[str]:
    """Return a line for ``PICTALLION_SERVER_PORT``, which would otherwise be overlooked without a word.

    Kubernetes sets ``PICTALLION_SERVER_PORT=tcp://...`` by itself if there is a service called ``pictallion-server``.
    """
    for section, field in Settings.model_fields.items():
        for known in getattr(field.annotation, "model_fields", {}):
            if key == f"{section}_{known}" and not text.startswith("tcp://"):
                suffix = name[len(PREFIX) + len(key) :]
                meant = f"{PREFIX}{section.upper()}__{known.upper()}{suffix}"
                return [f"environment {name}: is not a setting; did you mean {meant}, with two underscores?"]
    return []
