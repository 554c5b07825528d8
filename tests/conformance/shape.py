"""A small language for what JSON must look like, and the checker of it.

``"string"``, ``"int"``, ``"number"``, ``"bool"``, ``"uuid"``, ``"timestamp"`` (UTC with milliseconds and ``Z``),
``"wallclock"`` (ISO 8601 without a zone), ``"day"``, ``"degrees"``, ``"md5"``, ``"bits"`` (64 characters of 0 and 1),
``"any"``; with ``?`` behind it also ``null``. ``[shape]`` is a list. A mapping is an object with just these keys; a key
with ``?`` behind it may be absent, ``"*"`` stands for every other key. ``OneOf`` lists the values or shapes that are
allowed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = Any

_PATTERNS = {
    "uuid": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "timestamp": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "wallclock": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"),
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
    "md5": re.compile(r"[0-9a-f]{32}"),
    "bits": re.compile(r"[01]{64}"),
    "degrees": re.compile(r"-?\d{1,3}\.\d+"),
}


@dataclass(frozen=True)
class Value:
    """Exactly this value."""

    value: Any


@dataclass(frozen=True)
class OneOf:
    """Any of these shapes."""

    shapes: tuple[Shape, ...]


def one_of(*values: Any) -> OneOf:
    """One of these values."""
    return OneOf(tuple(Value(value) for value in values))


def mismatches(found: Any, shape: Shape, where: str = "$") -> list[str]:
    """A sentence for each place at which ``found`` is not of the shape; none if it is."""
    match shape:
        case Value(value):
            return [] if type(found) is type(value) and found == value else [f"{where}: {found!r} is not {value!r}"]
        case OneOf(shapes):
            tried = [mismatches(found, one, where) for one in shapes]
            return [] if [] in tried else [f"{where}: {found!r} is none of {shapes}"]
        case list():
            return _in_list(found, shape, where)
        case Mapping():
            return _in_object(found, shape, where)
        case str():
            return _in_atom(found, shape, where)
    raise TypeError(f"{shape!r} is no shape")


def _in_list(found: Any, shape: list[Shape], where: str) -> list[str]:
    if not isinstance(found, list):
        return [f"{where}: {found!r} is no list"]
    return [line for number, one in enumerate(found) for line in mismatches(one, shape[0], f"{where}[{number}]")]


def _in_object(found: Any, shape: Mapping[str, Shape], where: str) -> list[str]:
    if not isinstance(found, dict):
        return [f"{where}: {found!r} is no object"]
    known = {key.removesuffix("?"): (key, one) for key, one in shape.items() if key != "*"}
    lines = [f"{where}.{key} is missing" for key in shape if key != "*" and key[-1] != "?" and key not in found]
    for key, value in found.items():
        if key in known:
            lines += mismatches(value, known[key][1], f"{where}.{key}")
        elif "*" in shape:
            lines += mismatches(value, shape["*"], f"{where}.{key}")
        else:
            lines.append(f"{where}.{key} is not in the contract")
    return lines


def _in_atom(found: Any, shape: str, where: str) -> list[str]:
    if shape[-1] == "?":
        return [] if found is None else _in_atom(found, shape[:-1], where)
    match shape:
        case "any":
            good = True
        case "string":
            good = isinstance(found, str)
        case "bool":
            good = isinstance(found, bool)
        case "int":
            good = isinstance(found, int) and not isinstance(found, bool)
        case "number":
            good = isinstance(found, int | float) and not isinstance(found, bool)
        case _:
            good = isinstance(found, str) and _PATTERNS[shape].fullmatch(found) is not None
    return [] if good else [f"{where}: {found!r} is no {shape}"]
