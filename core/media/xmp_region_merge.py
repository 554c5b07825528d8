"""How do two programs share the people's regions of one packet (``mwg-rs:Regions``)?

Regions have no names of their own: two are one where they cover the same place. Those of pets, focus points and bar
codes are left alone, as is everything else that somebody else wrote into a region.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from lxml import etree

from core.media.metadata import PersonRegion
from core.media.xmp import NAMESPACES, Node
from core.media.xmp_value import rdf

_MWG = f"{{{NAMESPACES['mwg-rs']}}}"
_AREA = f"{{{NAMESPACES['stArea']}}}"

SAME_PLACE = 0.5
"""Of two regions, what they share of the area that they cover together, from which on they are one."""

_SAME_CENTRE = 0.005
"""Points and slivers are compared by their centre; this is half a percent of the picture."""


class RegionMerge(msgspec.Struct, frozen=True):
    """Whether theirs were changed, and the regions of ours that have yet to be copied ``into`` their list."""

    changed: bool
    into: Node
    missing: tuple[Node, ...]


def merge_region_lists(theirs: Node, base: Node | None, ours: Node, *, keep_theirs: bool) -> RegionMerge | None:
    """Changes ``theirs`` (the property's element) to what ours has changed since base.

    Where both gave a name to one region, ours is taken unless ``keep_theirs``. ``None`` where theirs has no list.
    """
    container = _list_of(theirs)
    if container is None:
        return None
    there = _regions(container)
    mine = _regions(_list_of(ours))
    before = _regions(_list_of(base)) if base is not None else []
    changed, missing = False, []
    for _, region in before:
        match = find_region(region, there)
        if match is not None and find_region(region, mine) is None and match[1].name == region.name:
            container.remove(match[0])
            there.remove(match)
            changed = True
    for node, region in mine:
        match, was = find_region(region, there), find_region(region, before)
        if match is None:
            # one that they have removed is not brought back, unless it says something new
            if was is None or (was[1].name != region.name and not keep_theirs):
                missing.append(node)
        elif match[1].name != region.name and (was is None or was[1].name != region.name):
            is_free = match[1].name is None or (was is not None and was[1].name == match[1].name)
            if is_free or not keep_theirs:
                _rename(match[0], region.name)
                changed = True
    return RegionMerge(changed, container, tuple(missing))


def find_region(region: PersonRegion, others: Iterable[tuple[Node, PersonRegion]]) -> tuple[Node, PersonRegion] | None:
    """The one of ``others`` that covers the same place best."""
    best, most = None, 0.0
    for other in others:
        shared = shared_area(region, other[1])
        if shared > most:
            best, most = other, shared
    return best if most >= SAME_PLACE else None


def shared_area(one: PersonRegion, other: PersonRegion) -> float:
    """Intersection over union, 0 to 1; 1 for regions without an area whose centres are one."""
    if abs(one.x - other.x) < _SAME_CENTRE and abs(one.y - other.y) < _SAME_CENTRE:
        small = min(one.width, other.width) * min(one.height, other.height)
        if small == 0 or (abs(one.width - other.width) < 1e-6 and abs(one.height - other.height) < 1e-6):
            return 1.0
    width = min(one.x + one.width / 2, other.x + other.width / 2) - max(
        one.x - one.width / 2, other.x - other.width / 2
    )
    height = min(one.y + one.height / 2, other.y + other.height / 2) - max(
        one.y - one.height / 2, other.y - other.height / 2
    )
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + other.width * other.height - both)


def _list_of(regions: Node | None) -> Node | None:
    if regions is None:
        return None
    found = regions.find(f".//{_MWG}RegionList")
    return None if found is None else next((child for child in found if child.tag in (rdf("Bag"), rdf("Seq"))), None)


def _regions(container: Node | None) -> list[tuple[Node, PersonRegion]]:
    found = []
    for item in () if container is None else container.findall(rdf("li")):
        inner = item.find(rdf("Description"))
        fields = item if inner is None else inner
        area = fields.find(f"{_MWG}Area")
        if area is None or (_field(fields, f"{_MWG}Type") or "face").lower() != "face":
            continue
        nested = area.find(rdf("Description"))
        numbers = [_number(_field(area if nested is None else nested, f"{_AREA}{name}")) for name in "xywh"]
        x, y, width, height = numbers
        if x is not None and y is not None and width is not None and height is not None:
            found.append((item, PersonRegion(x, y, width, height, _field(fields, f"{_MWG}Name"))))
    return found


def _field(node: Node, name: str) -> str | None:
    text = node.get(name) if node.get(name) is not None else node.findtext(name)
    return (text or "").strip() or None


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _rename(item: Node, name: str | None) -> None:
    inner = item.find(rdf("Description"))
    fields = item if inner is None else inner
    key = f"{_MWG}Name"
    element = fields.find(key)
    if fields.get(key) is not None:
        if name is None:
            del fields.attrib[key]
        else:
            fields.set(key, name)
    elif element is not None:
        if name is None:
            fields.remove(element)
        else:
            element.text = name
    elif name is not None:
        etree.SubElement(fields, key).text = name
