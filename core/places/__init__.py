"""Knows where a picture was taken: the name of the place and its time zone, without asking anybody.

Only light names are exported here. ``core.places.geonames`` needs numpy and belongs into worker processes.
"""

from __future__ import annotations

from core.places.place import Place
from core.places.time_zone import zone_at

__all__ = ["Place", "zone_at"]
