"""JSON made by the database, in the words of either: what is a list in the answer need not be a second query."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_Value: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]


class json_text(FunctionElement[str]):  # noqa: N801 - used like the SQL function that it is
    """A JSON (or text list) column as its JSON text, not parsed; NULL stays NULL."""

    name = "json_text"
    type = Text()
    inherit_cache = True


class json_object(FunctionElement[str]):  # noqa: N801
    """An object with these keys, which are words of ours and no input; to be used within :class:`json_array`."""

    name = "json_object"
    type = Text()
    inherit_cache = True

    def __init__(self, **values: _Value) -> None:
        super().__init__(*chain.from_iterable((literal_column(f"'{key}'"), value) for key, value in values.items()))


class json_array(FunctionElement[str]):  # noqa: N801
    """Aggregates its one argument into the text of a JSON array, ``[]`` where there are no rows."""

    name = "json_array"
    type = Text()
    inherit_cache = True


class json_value(FunctionElement[str]):  # noqa: N801
    """A JSON column as a value inside :class:`json_object`, where plain text would become a string."""

    name = "json_value"
    type = Text()
    inherit_cache = True


class utc_text(FunctionElement[str]):  # noqa: N801
    """A timestamp column (UTC) as ISO 8601 with milliseconds and ``Z``."""

    name = "utc_text"
    type = Text()
    inherit_cache = True


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(json_text)
def _text(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({_arguments(element, compiler, **options)} AS TEXT)"


@compiles(json_text, "postgresql")
def _text_postgresql(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(to_json({_arguments(element, compiler, **options)}) AS TEXT)"


@compiles(json_object)
def _object(element: json_object, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_object({_arguments(element, compiler, **options)})"


@compiles(json_object, "postgresql")
def _object_postgresql(element: json_object, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_build_object({_arguments(element, compiler, **options)})"


@compiles(json_array)
def _array(element: json_array, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array({_arguments(element, compiler, **options)})"


@compiles(json_array, "postgresql")
def _array_postgresql(element: json_array, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(coalesce(json_agg({_arguments(element, compiler, **options)}), '[]') AS TEXT)"


@compiles(json_value)
def _value(element: json_value, compiler: SQLCompiler, **options: Any) -> str:
    return f"json({_arguments(element, compiler, **options)})"


@compiles(json_value, "postgresql")
def _value_postgresql(element: json_value, compiler: SQLCompiler, **options: Any) -> str:
    return _arguments(element, compiler, **options)


@compiles(utc_text)
def _utc(element: utc_text, compiler: SQLCompiler, **options: Any) -> str:
    # stored as text with a space in the middle, and with a fraction unless SQLite itself wrote it
    text = f"substr({_arguments(element, compiler, **options)} || '.000', 1, 23)"
    return f"(replace({text}, ' ', 'T') || 'Z')"


@compiles(utc_text, "postgresql")
def _utc_postgresql(element: utc_text, compiler: SQLCompiler, **options: Any) -> str:
    # the inner quotes keep letters from being read as parts of a time
    return f"""to_char({_arguments(element, compiler, **options)}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
