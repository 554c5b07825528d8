"""Where was it taken? The notations of coordinates, and which of them are believed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

_DECIMALS = 6
"""0.1 m on the ground, and what the contract sends."""

# ISO 6709 annex H: latitude, longitude, optional height, each with its sign; degrees, or degrees and minutes, or
# degrees, minutes and seconds run together, told apart by the number of digits before the point.
_ISO_6709 = re.compile(r"([+-][0-9]{2,6}(?:\.[0-9]*)?)([+-][0-9]{3,7}(?:\.[0-9]*)?)([+-][0-9]+(?:\.[0-9]*)?)?")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Signed decimal degrees, rounded to 6 places, and metres above sea level."""

    latitude: float
    longitude: float
    altitude: float | None = None


def coordinates(latitude: float, longitude: float, altitude: float | None = None) -> Coordinates | None:
    """A place on earth, or ``None`` if it is out of range or (0, 0), which devices write before their first fix."""
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    if latitude == 0 and longitude == 0:
        return None
    return Coordinates(round(latitude, _DECIMALS), round(longitude, _DECIMALS), altitude)


def from_exif(
    latitude: Sequence[float], latitude_ref: str, longitude: Sequence[float], longitude_ref: str
) -> Coordinates | None:
    """Coordinates of an EXIF GPS directory: degrees, minutes, seconds, and the letter of the hemisphere.

    Accepted are three parts and a letter each, no part negative, minutes and seconds below 60.
    """
    north = _degrees(latitude, latitude_ref, "NS")
    east = _degrees(longitude, longitude_ref, "EW")
    return None if north is None or east is None else coordinates(north, east)


def _degrees(parts: Sequence[float], ref: str, letters: str) -> float | None:
    letter = ref.strip().upper()[:1]
    if (
        len(parts) != 3
        or not letter
        or letter not in letters
        or not all(isfinite(part) and part >= 0 for part in parts)
    ):
        return None
    degrees, minutes, seconds = parts
    if minutes >= 60 or seconds >= 60:
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return -value if letter in "SW" else value


def from_iso_6709(text: str) -> Coordinates | None:
    """Coordinates as QuickTime and Android write them: ``+52.3693+006.6761+010.530/``."""
    match = _ISO_6709.match(text.strip())
    if match is None:
        return None
    latitude, longitude, height = match.groups()
    north, east = _sexagesimal(latitude, 2), _sexagesimal(longitude, 3)
    if north is None or east is None:
        return None
    return coordinates(north, east, float(height) if height else None)


def _sexagesimal(text: str, degree_digits: int) -> float | None:
    whole, _, fraction = text[1:].partition(".")
    fields = [whole[:degree_digits], *(whole[at : at + 2] for at in range(degree_digits, len(whole), 2))]
    if len(fields) > 3 or any(len(field) != 2 for field in fields[1:]):
        return None
    fields[-1] += "." + fraction
    value = 0.0
    for field in reversed(fields):
        value = value / 60 + float(field)
    return -value if text[0] == "-" else value
