"""What is at a position, to the street and the house? Asked of a Nominatim server, where the owner has named one.

Off unless the configuration switches it on: then positions that a person names are sent there, and nothing else;
none where a photo was taken that is to stay on this machine. The
public server of OpenStreetMap asks for at most one request a second, a User-Agent of one's own and that answers are
kept (https://operations.osmfoundation.org/policies/nominatim/); its data are under the ODbL, © OpenStreetMap
contributors.
"""

from __future__ import annotations

import asyncio
import http.client
import math
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
import structlog
from sqlalchemy import select

from core import __version__
from core.ai.privacy import some_stay
from core.db.engine import Database
from core.db.tables import FileVersion, GeocodedPlace, utc_now
from core.db.upsert import insert_on_conflict
from core.outgoing import get
from core.places.clusters import EARTH_RADIUS, HOTSPOT_RADIUS

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 4.0
"""So long does a request wait for a name at most, its turn included."""

PACE_SECONDS: Final = 1.0
"""Between two questions (contract, behaviour §11)."""

PAUSE_SECONDS: Final = 60.0
"""After a failure nobody is asked for so long: who names ten places need not wait ten times."""

SECRET_METRES: Final = 2 * HOTSPOT_RADIUS
"""Around a photo that stays on this machine no position is sent: a hotspot's centre is not where its photos are."""

DECIMALS: Final = 5
"""Of the degrees that are sent, and that answers are kept under: a metre."""

_LONGEST: Final = 500
"""Letters of a name."""

MOST_BYTES: Final = 256 * 1024
"""Of an answer; those of Nominatim have a few thousand."""

_USER_AGENT: Final = f"Pictallion/{__version__}"


class NamedPlace(msgspec.Struct, frozen=True):
    """What a place is called, and the contract's word for what it is."""

    name: str
    type: str


class Geocoder:
    """Asks one server, at most once a second; what it has answered before is read from the database."""

    def __init__(
        self,
        database: Database,
        url: str,
        language: str,
        roots: Mapping[str, bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``url`` is where the server is, without ``/reverse``; ``language`` a list as in HTTP (``de, en``).

        ``roots`` tells of the configured roots whether their photos stay on this machine.
        """
        self._database = database
        self._roots = roots
        self._url = url.rstrip("/")
        self._language = language
        self._clock = clock
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    async def name_of(self, latitude: float, longitude: float) -> NamedPlace | None:
        """What is at a position in decimal degrees; ``None`` where the server knows nothing, or does not answer.

        ``None`` also where a photo was taken that stays on this machine: nobody is told of its place.
        """
        place = f"{latitude:.{DECIMALS}f},{longitude:.{DECIMALS}f}"
        key = f"{self._url} {self._language} {place}"
        if (known := await self._kept(key)) is not None:
            return known[0]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._turn:
                # who waited for the same place finds it here
                if (known := await self._kept(key)) is not None:
                    return known[0]
                wait = self._not_before - self._clock()
                if wait > PACE_SECONDS:
                    return None
                await asyncio.sleep(max(0.0, wait))
                if await self._is_secret(latitude, longitude):
                    return None
                self._not_before = self._clock() + PAUSE_SECONDS
                found = await self._ask(latitude, longitude)
                self._not_before = self._clock() + PACE_SECONDS
                await self._keep(key, found)
        except TimeoutError:
            log.warning("the geocoding server did not answer in time", url=self._url)
            return None
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.warning("the geocoding server gave no name", url=self._url, reason=str(error))
            return None
        return found

    async def _is_secret(self, latitude: float, longitude: float) -> bool:
        """Whether a photo that stays on this machine was taken there."""
        north = math.degrees(SECRET_METRES / EARTH_RADIUS)
        near = [FileVersion.gps_latitude.between(latitude - north, latitude + north)]
        east = north / max(math.cos(math.radians(latitude)), 1e-6)
        if abs(longitude) + east < 180:
            near.append(FileVersion.gps_longitude.between(longitude - east, longitude + east))
        async with self._database.read() as connection:
            return await some_stay(connection, select(FileVersion.media_asset_id).where(*near), self._roots)

    async def _ask(self, latitude: float, longitude: float) -> NamedPlace | None:
        asked = {
            "format": "jsonv2",
            "lat": f"{latitude:.{DECIMALS}f}",
            "lon": f"{longitude:.{DECIMALS}f}",
            "zoom": "18",
            "addressdetails": "1",
        }
        headers = {"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Language": self._language}
        url = f"{self._url}/reverse?{urlencode(asked)}"
        answer = await asyncio.to_thread(get, url, headers, timeout=PATIENCE_SECONDS, most=MOST_BYTES)
        return named_place(answer)

    async def _kept(self, key: str) -> tuple[NamedPlace | None] | None:
        """What was answered, if anything was."""
        async with self._database.read() as connection:
            row = (await connection.execute(_KNOWN.where(GeocodedPlace.key == key))).first()
        return None if row is None else (None if row.name is None else NamedPlace(row.name, row.type),)

    async def _keep(self, key: str, found: NamedPlace | None) -> None:
        name, kind = (None, None) if found is None else (found.name, found.type)
        kept = (
            insert_on_conflict(self._database.dialect, GeocodedPlace)
            .values(key=key, name=name, type=kind, asked_at=utc_now())
            .on_conflict_do_nothing()
        )
        async with self._database.write() as connection:
            await connection.execute(kept)


class _Answer(msgspec.Struct):
    error: str | None = None
    display_name: str | None = None
    address: Mapping[str, str] = {}


def named_place(answer: bytes) -> NamedPlace | None:
    """The name and the type in an answer of ``/reverse``; ``None`` where it says that nothing is there.

    Raises :class:`ValueError` for what is no such answer.
    """
    told = msgspec.json.decode(answer, type=_Answer)
    if told.error is not None:
        return None
    for key, kind in _PARTS:
        value = _cleaned(told.address.get(key, ""))
        if value and key == "road":
            number = _cleaned(told.address.get("house_number", ""))
            return NamedPlace(f"{number} {value}" if number else value, kind)
        if value:
            return NamedPlace(value, kind)
    name = _cleaned(told.display_name or "")
    return NamedPlace(name, "location") if name else None


def _cleaned(text: str) -> str:
    """What can be stored and shown in a line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:_LONGEST]


_PARTS: Final = (
    ("amenity", "business"),
    ("shop", "retail"),
    ("tourism", "attraction"),
    ("leisure", "recreation"),
    ("building", "building"),
    ("house", "address"),
    ("road", "address"),
    ("neighbourhood", "residential"),
    ("suburb", "residential"),
    ("village", "municipal"),
    ("town", "municipal"),
    ("city", "municipal"),
    ("county", "location"),
)
"""The parts of an address, the first that is there first, and what a place is that is called after it (contract,
behaviour §11)."""

_KNOWN: Final = select(GeocodedPlace.name, GeocodedPlace.type)
