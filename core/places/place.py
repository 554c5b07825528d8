"""What a place is: a populated place of GeoNames, as the rest of the program names it."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    """The populated place that a position belongs to.

    ``region`` is the first administrative division (state, province, Land), ``country_code`` ISO 3166-1 alpha-2.
    ``latitude`` and ``longitude`` are the centre of the place in degrees, ``distance_km`` is how far from it the
    position lies, ``population`` what GeoNames says (0 where it does not know).
    """

    name: str
    region: str | None
    country: str
    country_code: str
    latitude: float
    longitude: float
    distance_km: float
    population: int

    @property
    def label(self) -> str:
        """``Paris, France``; the name alone for city states (``Singapore``)."""
        return self.name if self.name == self.country else f"{self.name}, {self.country}"
