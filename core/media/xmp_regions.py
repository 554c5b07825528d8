"""Where does an XMP packet say that people are in the picture?

Two forms: the Metadata Working Group's regions (Guidelines 2.0, 5.9: centre and size), which most programs write, and
Microsoft's (``MP:RegionInfo``: left, top, width, height), which Windows does. Both in shares of the stored picture.
"""

from __future__ import annotations

from math import isfinite

from core.media import xmp
from core.media.metadata import PeopleRegions, PersonRegion
from core.media.metadata_text import clean
from core.media.xmp import Node

_MOST_REGIONS = 1000
_PEOPLE = ("face", "")
"""Types of region that are people; pets, focus points and bar codes are not. Old files of digiKam have no type."""


def people_regions(nodes: list[Node], name: str) -> PeopleRegions | None:
    """The people of property ``name``, ``mwg-rs:Regions`` or ``MP:RegionInfo``; ``None`` where it has none."""
    found = _working_group(nodes) if name == "mwg-rs:Regions" else _microsoft(nodes)
    return found if found is not None and found.regions else None


def _working_group(nodes: list[Node]) -> PeopleRegions | None:
    info = xmp.structure_of(nodes, "mwg-rs:Regions")
    size = xmp.structure_of(info, "mwg-rs:AppliedToDimensions")
    width, height = _number(xmp.text_of(size, "stDim:w")), _number(xmp.text_of(size, "stDim:h"))
    regions = []
    for region in xmp.structures_of(info, "mwg-rs:RegionList")[:_MOST_REGIONS]:
        area = xmp.structure_of([region], "mwg-rs:Area")
        numbers = [_number(xmp.text_of(area, f"stArea:{field}")) for field in ("x", "y", "w", "h")]
        if (xmp.text_of([region], "mwg-rs:Type") or "").lower() not in _PEOPLE:
            continue
        if (xmp.text_of(area, "stArea:unit") or "").lower() == "pixel":
            numbers = [
                None if number is None or not side else number / side
                for number, side in zip(numbers, (width, height, width, height), strict=True)
            ]
        x, y, wide, high = numbers
        if x is None or y is None or wide is None or high is None or wide <= 0 or high <= 0:
            continue
        regions.append(PersonRegion(x, y, wide, high, _name(region, "mwg-rs:Name")))
    return PeopleRegions(tuple(regions), _pixels(width), _pixels(height))


def _microsoft(nodes: list[Node]) -> PeopleRegions | None:
    info = xmp.structure_of(nodes, "MP:RegionInfo")
    regions = []
    for region in xmp.structures_of(info, "MPRI:Regions")[:_MOST_REGIONS]:
        numbers = [_number(part) for part in (xmp.text_of([region], "MPReg:Rectangle") or "").split(",")]
        known = [number for number in numbers if number is not None]
        if len(numbers) != 4 or len(known) != 4 or known[2] <= 0 or known[3] <= 0:
            continue
        left, top, wide, high = known
        regions.append(
            PersonRegion(left + wide / 2, top + high / 2, wide, high, _name(region, "MPReg:PersonDisplayName"))
        )
    return PeopleRegions(tuple(regions))


def _name(region: Node, field: str) -> str | None:
    return clean(xmp.text_of([region], field) or "")


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


def _pixels(number: float | None) -> int | None:
    return int(number) if number is not None and number > 0 else None
