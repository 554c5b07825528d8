"""Which type does each property have that we write? XMP parts 1 and 2, IPTC Photo Metadata 2023, MWG Guidelines 2.0."""

from __future__ import annotations

import re

from lxml import etree

from core.media import xmp
from core.media.xmp import NAMESPACES
from core.media.xmp_value import rdf

TYPES = {
    "dc:title": "Alt",
    "dc:description": "Alt",
    "dc:subject": "Bag",
    "xmp:Rating": r"-1|[0-5](\.0+)?",
    "xmp:Label": ".+",
    "xmp:CreateDate": "date",
    "exif:DateTimeOriginal": "date",
    "photoshop:DateCreated": "date",
    "exif:GPSLatitude": r"\d{1,2},\d{1,2}(\.\d+|,\d+)[NS]",
    "exif:GPSLongitude": r"\d{1,3},\d{1,2}(\.\d+|,\d+)[EW]",
    "photoshop:City": ".+",
    "photoshop:State": ".+",
    "photoshop:Country": ".+",
    "lr:hierarchicalSubject": "Bag",
    "digiKam:TagsList": "Seq",
    "Iptc4xmpCore:Location": ".+",
    "Iptc4xmpCore:CountryCode": ".+",
    "Iptc4xmpExt:Event": "Alt",
    "Iptc4xmpExt:PersonInImage": "Bag",
    "Iptc4xmpExt:LocationCreated": "Bag of structures",
    "mwg-rs:Regions": "structure",
    "pictallion:AiTags": "Bag",
    "pictallion:TagsAddedByPerson": "Bag",
    "pictallion:TagsRemovedByPerson": "Bag",
    "pictallion:Favorite": "True",
    "pictallion:Reviewed": "True",
    "pictallion:Confidences": "structure",
    "pictallion:Provenance": "Bag of structures",
}
"""Property → array, structure, ``date`` or the pattern of its text; our own others are plain text."""

_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"
_FOREIGN = {"dc:subject": "Seq", "lr:hierarchicalSubject": "Seq", "exif:DateTimeOriginal": r"\d{4}:.*"}
"""As darktable writes them."""


def violations(packet: bytes) -> list[str]:
    """The properties of a packet that have another type than their schema says, and namespaces bound to two names."""
    prefixes = {uri: prefix for prefix, uri in NAMESPACES.items()}
    found = []
    for description in xmp.read_packet(packet):
        if description.get(rdf("about")) is None:
            found.append("a Description without rdf:about")
        for key, value in description.attrib.items():
            name = _name(key, prefixes)
            if name in TYPES and not _is_text(str(value), TYPES[name]) and not _is_foreign(name, str(value)):
                found.append(f"{name}={value!r}")
        for node in description:
            name = _name(node.tag, prefixes)
            expected = TYPES.get(name, ".+" if name.startswith("pictallion:") else None)
            if expected is not None and not _fits(node, expected) and not _fits(node, _FOREIGN.get(name, expected)):
                found.append(f"{name} is no {expected}")
    return found


def _name(tag: str, prefixes: dict[str, str]) -> str:
    qualified = etree.QName(tag)
    return f"{prefixes.get(str(qualified.namespace), '?')}:{qualified.localname}"


def _is_foreign(name: str, text: str) -> bool:
    return re.fullmatch(_FOREIGN.get(name, "(?!)"), text) is not None


def _is_text(text: str, pattern: str) -> bool:
    return re.fullmatch(_DATE if pattern == "date" else pattern, text, re.DOTALL) is not None


def _fits(node: etree._Element, expected: str) -> bool:
    children = list(node)
    if expected == "structure":
        return node.get(rdf("parseType")) == "Resource" or [child.tag for child in children] == [rdf("Description")]
    if expected in ("Alt", "Bag", "Seq", "Bag of structures"):
        kind = expected.partition(" ")[0]
        if [child.tag for child in children] != [rdf(kind)] or not len(children[0]):
            return False
        items = list(children[0])
        if any(item.tag != rdf("li") for item in items):
            return False
        if kind == "Alt":
            return all(item.get("{http://www.w3.org/XML/1998/namespace}lang") for item in items)
        return all(_fits(item, "structure") if "structures" in expected else not len(item) for item in items)
    return not children and _is_text(node.text or "", expected)
