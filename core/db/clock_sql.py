"""Does a text look like the time that a clock shows? In the words of either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class is_clock(FunctionElement[bool]):  # noqa: N801 - used like the SQL function that it is
    """That a text column has an ISO 8601 time of at least seconds, digit by digit; NULL for NULL.

    The 31st of every month passes: what reads a day out of it uses :func:`core.media.clock.clock_of`.
    """

    name = "is_clock"
    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> None:
        super().__init__(column)


@compiles(is_clock)
def _is_clock(element: is_clock, compiler: SQLCompiler, **options: Any) -> str:
    day, time = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]", "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    return f"({compiler.process(element.clauses, **options)} GLOB '{day}T{time}*')"


@compiles(is_clock, "postgresql")
def _is_clock_postgresql(element: is_clock, compiler: SQLCompiler, **options: Any) -> str:
    day, time = "[0-9]{4}-[01][0-9]-[0-3][0-9]", "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    return f"({compiler.process(element.clauses, **options)} ~ '^{day}T{time}')"
