"""When may passes run, and which are due? Asks the runner of passes for them, and tells it to step back."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import psutil
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.config.schema import Night
from core.db.engine import Database
from core.db.tables import utc_now
from core.passes.due import due
from core.passes.runner import Manners, Runner
from daemon.schedule import Schedule

log = structlog.get_logger()

#: How often it is looked for what is due: a start, the begin of the window and the end of a suspend are noticed sooner
#: or later. [s]
LOOK_SECONDS = 3600.0

#: A request is a sign that somebody uses the library now, for so long. [s]
IN_USE_SECONDS = 2.0

#: How long what the operating system said of battery and load is believed. [s]
BELIEVED_SECONDS = 10.0


class Consideration:
    """Whether others are busy, or the time for passes is over.

    ``is_idle`` says whether nothing is being taken in, ``requests`` how many requests there ever were.
    """

    def __init__(self, night: Night, zone: str, is_idle: Callable[[], bool], requests: Callable[[], int]) -> None:
        self._night = night
        self._zone = ZoneInfo(zone)
        self._is_idle = is_idle
        self._requests = requests
        self._counted, self._used_at = requests(), 0.0
        self._asked_at, self._on_battery, self._load = float("-inf"), False, 0.0

    @property
    def manners(self) -> Manners:
        return Manners(self._busy, self._over)

    def is_open(self) -> bool:
        """Whether it is the time for passes, by the wall clock of the house."""
        window = self._night.window
        return window is None or window.contains(datetime.now(self._zone).time())

    def _busy(self, is_asked: bool) -> str | None:
        if not self._is_idle():
            return "Files are being taken in."
        self._look()
        if self._night.max_load and self._load > self._night.max_load:
            return f"The machine has {self._load:.1f} times as much to do as it can."
        if is_asked:
            # who asked for it and looks how it is going would keep it waiting
            return None
        now, counted = time.monotonic(), self._requests()
        if counted != self._counted:
            self._counted, self._used_at = counted, now
        return "Somebody is using the library." if now - self._used_at < IN_USE_SECONDS else None

    def _over(self) -> str | None:
        if not self.is_open():
            return f"The time for it is over; it goes on after {self._night.window} has begun again."
        self._look()
        if self._on_battery and not self._night.on_battery:
            return "The machine is on its battery."
        return None

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._asked_at < BELIEVED_SECONDS:
            return
        self._asked_at = now
        battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
        self._on_battery = battery is not None and battery.power_plugged is False
        self._load = psutil.getloadavg()[0] / (psutil.cpu_count() or 1)


class NightWatch:
    """Looks for passes that are due: after the start, when the window opens, and every hour."""

    def __init__(self, night: Night, database: Database, runner: Runner, consideration: Consideration) -> None:
        self._night = night
        self._database = database
        self._runner = runner
        self._consideration = consideration

    def schedule(self, schedule: Schedule, zone: str) -> None:
        """Lets it be looked for."""
        schedule.once("look for passes that are late", self._night.start_delay, self.look)
        schedule.every("look for passes that are due", LOOK_SECONDS, self.look)
        if self._night.window is not None:
            schedule.daily("the time for passes begins", self._night.window.begins, zone, self.look)

    async def look(self) -> None:
        """Requests what is due now."""
        passes = list(self._runner.passes.values())
        try:
            await self._runner.take_stock()
            async with self._database.read() as connection:
                wanted = await due(connection, passes, self._night, utc_now(), is_open=self._consideration.is_open())
        except (SQLAlchemyError, OSError):
            log.exception("it could not be looked for passes that are due; that is done again in an hour")
            return
        for each in wanted:
            self._runner.request(each)
