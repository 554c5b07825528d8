"""Do positions get the name that people would say, how quickly, and in how much memory?

The positions are those of ``tests/places/landmarks.csv``: landmarks, villages, borders, islands, oceans and deserts,
with the places that they may be said to be in; where none may be named, it is empty.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.places.geonames import GAZETTEER_NAME, load_gazetteer, place_at

LANDMARKS = Path(__file__).parent.parent / "tests" / "places" / "landmarks.csv"


class Landmark(NamedTuple):
    """A position in decimal degrees, and the names and countries that are right."""

    what: str
    latitude: float
    longitude: float
    places: tuple[str, ...]
    countries: tuple[str, ...]


_MEMORY = """
import sys, pathlib, psutil
sizes = [psutil.Process().memory_info().rss]
import core.places.geonames as geonames
sizes.append(psutil.Process().memory_info().rss)
gazetteer = geonames.load_gazetteer(pathlib.Path(sys.argv[1]))
geonames.place_at(gazetteer, 48.8584, 2.2945)
sizes.append(psutil.Process().memory_info().rss)
print(sizes[1] - sizes[0], sizes[2] - sizes[1])
"""


def landmarks() -> list[Landmark]:
    """All of the list."""
    with LANDMARKS.open(encoding="utf-8", newline="") as file:
        return [
            Landmark(what, float(latitude), float(longitude), tuple(place.split("|")), tuple(country.split("|")))
            for what, latitude, longitude, place, country in list(csv.reader(file))[1:]
        ]


def places(cache: Path, report: Callable[..., None]) -> None:
    """Hit rate, time and memory of the gazetteer."""
    gazetteer = load_gazetteer(cache / GAZETTEER_NAME)
    wanted = landmarks()
    named, in_country = 0, 0
    for one in wanted:
        place = place_at(gazetteer, one.latitude, one.longitude)
        found = ("", "") if place is None else (place.name, place.country_code)
        in_country += found[1] in one.countries
        if found[0] in one.places and found[1] in one.countries:
            named += 1
        else:
            report(f"missed: {one.what}", f"{found[0]} {found[1]}", "|".join(one.places))
    report(f"{len(wanted)} positions, right place and country", f"{named / len(wanted) * 100:.1f} %", "≥ 95 %")
    report(f"{len(wanted)} positions, right country", f"{in_country / len(wanted) * 100:.1f} %", "≥ 99 %")
    asked = [sys.executable, "-c", _MEMORY, str(cache / GAZETTEER_NAME)]
    of_numpy, of_gazetteer = subprocess.run(asked, capture_output=True, check=True, text=True).stdout.split()
    report("memory of the gazetteer, in a new process", f"{int(of_gazetteer) / 2**20:.1f} MiB", "≤ 30 MiB")
    report("memory of numpy, which workers have anyway", f"{int(of_numpy) / 2**20:.1f} MiB")
    chance = random.Random(1)
    points = [(one.latitude, one.longitude) for one in wanted] * 5
    points += [(chance.uniform(-60, 70), chance.uniform(-180, 180)) for _ in range(1_000)]
    began = time.process_time()
    for point in points:
        place_at(gazetteer, *point)
    report("CPU time of a lookup", f"{(time.process_time() - began) / len(points) * 1000:.3f} ms", "≤ 0.1 ms")
