"""Memory in a long life: what a burst of work has left behind is given back, what lasts is not looked at again."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable

#: How often it is looked whether there is something to give back. [s]
GIVE_BACK_SECONDS = 45.0

#: glibc's parameter for the number of its arenas, <malloc.h>; a thread of its own arena for each wait costs megabytes.
_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Lets threads share arenas of the allocator, if it is glibc's; to be called before the first thread is started."""
    mallopt = _of_libc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def spare_what_lasts() -> None:
    """Keeps the garbage collector from going through what is there now, which stays: some 190,000 objects that it took
    50 ms to look at, in which nobody was answered. To be called when everything has been started.
    """
    gc.collect()
    gc.freeze()


class Leftovers:
    """Gives memory back once after each stretch of work."""

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle
        self._has_worked = True

    async def look(self) -> None:
        """Gives back what can be given, if there was work since the last time and none is in hand now."""
        if not self._is_idle():
            self._has_worked = True
        elif self._has_worked:
            self._has_worked = False
            trim = _of_libc("malloc_trim")
            if trim is not None:
                await asyncio.to_thread(trim, 0)


def _of_libc(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL("libc.so.6"), name)
    except (OSError, AttributeError):
        return None
    return function
