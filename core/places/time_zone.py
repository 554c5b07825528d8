"""Which clock hangs at a position?"""

from __future__ import annotations


def zone_at(latitude: float, longitude: float) -> str | None:
    """Return the IANA name of the time zone at a position in decimal degrees (``Europe/Paris``).

    ``None`` outside ±90 and ±180 degrees, and on the high seas: there the data hold ``Etc/GMT±n``, which follows from
    the longitude alone and says nothing about the clock that passengers of a ship or an aeroplane go by.
    """
    # The main process imports this module for its exports; the polygons (30 MB) load with the first question only.
    import tzfpy

    # tzfpy takes the longitude first, and answers "" for what is no position (not a number included).
    zone = tzfpy.get_tz(longitude, latitude)
    return None if not zone or zone.startswith("Etc/") else zone
