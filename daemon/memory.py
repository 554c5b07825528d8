"""Memory in a long life: what a burst of work has left behind is given back, what lasts is not looked at again."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable

#: How often it is looked whether there is something to give back. [s]
GIVE_BACK_SECONDS = 45.0

#: Requests between two looks that are no work: somebody has a page open that asks now and then.
_FEW_REQUESTS = 20

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
    """Gives memory back once after each stretch of work: files that came, ``requests`` that were answered so far."""

    def __init__(self, is_idle: Callable[[], bool], requests: Callable[[], int]) -> None:
        self._is_idle = is_idle
        self._requests = requests
        self._answered = 0
        self._has_worked = True

    async def look(self) -> None:
        """Gives back what can be given, if it :meth:`is_due`."""
        if self.is_due():
            trim = _of_libc("malloc_trim")
            if trim is not None:
                await asyncio.to_thread(trim, 0)

    def is_due(self) -> bool:
        """Whether there was work before the last time that this was asked, and hardly any since."""
        before, self._answered = self._answered, self._requests()
        if not self._is_idle() or self._answered - before > _FEW_REQUESTS:
            self._has_worked = True
            return False
        was_due, self._has_worked = self._has_worked, False
        return was_due


def _of_libc(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL("libc.so.6"), name)
    except (OSError, AttributeError):
        return None
    return function
