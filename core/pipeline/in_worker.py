"""Running a heavy step of one file in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.errors import WorkerLost
from core.pipeline.workbench import Item, Workbench

P = ParamSpec("P")
T = TypeVar("T")


async def in_worker(bench: Workbench, item: Item, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of ``function`` for ``item``; where the worker is lost, the error names the file."""
    try:
        return await bench.compute.run(function, *args, **kwargs)
    except WorkerLost as error:
        raise type(error)(f"{item.label} {error}; the file is safe and will be tried again.") from error
