"""What does a person read when a setting cannot be used?

One line for each problem: where it was set, the key, its value unless that may be a secret, what is wrong with
it and, where there is one, the key or value that was probably meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from core.config.roots import existing_folder
from core.config.schema import Section, Settings

_LONGEST_VALUE: Final = 240
"""Characters of a value that are shown."""

_FOLLOW_UP: Final = "default_factory_not_called"
"""pydantic's error type for a default that it could not make because another key, reported by itself, is wrong."""


def describe(error: ValidationError, origin_of: Callable[[str, str | None], str]) -> list[str]:
    """Return one line for each problem; ``origin_of(section, key)`` tells where a value was set."""
    return [
        f"{_origin(detail, origin_of)}: {sentence}"
        for detail in error.errors(include_url=False)
        if detail["type"] != _FOLLOW_UP
        for sentence in _sentences(detail)
    ]


def missing_folders(watch: object, origin: str) -> list[str]:
    """Return one line for each watched folder that is not there; ``watch`` is the list as it was written."""
    lines = []
    for number, root in enumerate(watch if isinstance(watch, list) else [], 1):
        path = root.get("path") if isinstance(root, dict) else None
        try:
            if isinstance(path, str) and Path(path).is_absolute():
                existing_folder(Path(path))
        except ValueError as error:
            lines.append(f"{origin}: [[watch]] #{number} path = {_shown(path)} {error}")
    return lines


def _origin(detail: ErrorDetails, origin_of: Callable[[str, str | None], str]) -> str:
    section, key = _place(detail)
    top, _, table = section.partition(".")
    return origin_of(top, ".".join(filter(None, (table, key))) or None)


def _sentences(detail: ErrorDetails) -> list[str]:
    section, key = _place(detail)
    table = _table(section)
    if detail["type"] == "extra_forbidden":
        return [_unknown_section(section, detail["input"]) if key is None else _unknown_key(detail, section, key)]
    if key is None:
        if detail["type"] == "value_error":
            return [f"{table} {line}" for line in str(detail["ctx"]["error"]).splitlines()]
        return [f"{section} {_shape_of(section)}"]
    label = f"{_numbered(detail)} {key}"
    if detail["type"] == "missing":
        return [f"{label} is missing"]
    if _is_secret(section, key):
        return [f"{label} {_what_is_wrong(detail)}"]
    return [f"{label} = {_shown(detail['input'])} {_what_is_wrong(detail)}"]


def _what_is_wrong(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "int_parsing" | "int_type" | "int_from_float":
            return "must be a whole number"
        case "string_type" | "path_type":
            return "must be text, in quotes"
        case "literal_error":
            choices = re.findall(r"'(\w+)'", context["expected"])
            near = get_close_matches(str(detail["input"]).lower(), choices, n=1)
            return f"must be {context['expected']}" + (f'; did you mean "{near[0]}"?' if near else "")
        case _:
            return detail["msg"].replace("Input should", "must").replace("String should", "must")


def _shape_of(section: str) -> str:
    if section == "watch":
        return "must be a list: [[watch]] in the file, with two pairs of brackets; a JSON array in PICTALLION_WATCH"
    variable = f"PICTALLION_{section.upper().replace('.', '__')}__KEY"
    return f"must be a table: [{section}] in the file, with one pair of brackets; {variable} in the environment"


def _unknown_section(name: str, value: Any) -> str:
    if not isinstance(value, dict | list):
        homes = [section for section in Settings.model_fields if name in _keys(section)]
        advice = f"it belongs below {_table(homes[0])}" if homes else f"there are {_all_tables()}"
        return f"{name} is not a known key outside of a section; {advice}"
    near = get_close_matches(name, Settings.model_fields, n=1)
    return f"[{name}] is not a known section; " + (
        f"did you mean {_table(near[0])}?" if near else f"there are {_all_tables()}"
    )


def _unknown_key(detail: ErrorDetails, section: str, key: str) -> str:
    keys = _keys(section)
    near = get_close_matches(key, keys, n=1)
    elsewhere = [other for other in Settings.model_fields if key in _keys(other)]
    if elsewhere:
        advice = f"did you mean {_table(elsewhere[0])} {key}?"
    elif near:
        advice = f"did you mean {near[0]}?"
    else:
        advice = f"there are {', '.join(keys)}"
    return f"{_numbered(detail)} {key} is not a known key; {advice}"


def _place(detail: ErrorDetails) -> tuple[str, str | None]:
    """Return the section, ``server`` or ``server.auth``, and the key in it, ``None`` for the section itself."""
    section, *rest = (str(part) for part in detail["loc"] if isinstance(part, str))
    if rest and section in Settings.model_fields and rest[0] in _tables(section):
        section = f"{section}.{rest.pop(0)}"
    return section, rest[0] if rest else None


def _tables(section: str) -> list[str]:
    """Return the keys of a section that are tables of their own."""
    fields = _section_model(section).model_fields.items()
    return [
        key for key, field in fields if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    ]


def _numbered(detail: ErrorDetails) -> str:
    """Return ``[server]``, or ``[[watch]] #2`` for the second of a list."""
    numbers = [part for part in detail["loc"][:2] if isinstance(part, int)]
    return _table(_place(detail)[0]) + "".join(f" #{number + 1}" for number in numbers)


def _table(section: str) -> str:
    return f"[[{section}]]" if section == "watch" else f"[{section}]"


def _all_tables() -> str:
    return ", ".join(map(_table, Settings.model_fields))


def _keys(section: str) -> list[str]:
    return list(_section_model(section).model_fields)


def _section_model(section: str) -> type[BaseModel]:
    top, _, table = section.partition(".")
    fields = _section_model(top).model_fields if table else Settings.model_fields
    annotation = fields[table or top].annotation
    model = get_args(annotation)[0] if get_args(annotation) else annotation
    assert isinstance(model, type), f"{section} is no section"
    assert issubclass(model, BaseModel), f"{section} is no section"
    return model


def _is_secret(section: str, key: str) -> bool:
    return SecretStr in get_args(_section_model(section).model_fields[key].annotation)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
