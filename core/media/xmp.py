"""How are properties laid out in an XMP packet?

The shapes of ISO 16684-1 (XMP part 1): texts, lists, language alternatives and structures in RDF. This module knows the
grammar; which properties a sidecar has is the business of :mod:`core.library.sidecar`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from lxml import etree

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "pictallion": "https://pictallion.app/ns/1.0/",
    # read, not written
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "MP": "http://ns.microsoft.com/photo/1.2/",
    "MPRI": "http://ns.microsoft.com/photo/1.2/t/RegionInfo#",
    "MPReg": "http://ns.microsoft.com/photo/1.2/t/Region#",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "apple-fi": "http://ns.apple.com/faceinfo/1.0/",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
}

MAX_PACKET_BYTES = 16 * 1024 * 1024
"""Larger than any sidecar met: those of raw developers, with their masks, have a few megabytes."""

Node = Any
"""An lxml element; lxml has no types of its own."""

_ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKET_START = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode()
_PACKET_END = b'<?xpacket end="w"?>\n'
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def new_packet() -> tuple[Node, Node]:
    """Return the root of an empty packet and the node that takes its properties."""
    root = etree.Element(_tag("x:xmpmeta"), nsmap={"x": NAMESPACES["x"]})
    root.set(_tag("x:xmptk"), "Pictallion")
    rdf = etree.SubElement(root, _tag("rdf:RDF"), nsmap={"rdf": NAMESPACES["rdf"]})
    properties = {prefix: uri for prefix, uri in NAMESPACES.items() if prefix not in {"x", "rdf"}}
    description = etree.SubElement(rdf, _tag("rdf:Description"), nsmap=properties)
    description.set(_tag("rdf:about"), "")
    return root, description


def packet_bytes(root: Node) -> bytes:
    """Return the packet as UTF-8, without the namespaces it does not use; the same tree gives the same bytes."""
    etree.cleanup_namespaces(root)
    xml: bytes = etree.tostring(root, encoding="UTF-8", pretty_print=True, xml_declaration=False)
    return _PACKET_START + xml + _PACKET_END


def clean(text: str | None) -> str:
    """Return the text without white space around it and without characters that XML 1.0 cannot hold."""
    return _ILLEGAL_IN_XML.sub("", text or "").strip()


def add_text(parent: Node, name: str, text: str | None) -> None:
    """Add a simple property (``xmp:Rating``); an empty text adds nothing."""
    if cleaned := clean(text):
        etree.SubElement(parent, _tag(name)).text = cleaned


def add_list(parent: Node, name: str, texts: Iterable[str], shape: Literal["Bag", "Seq"] = "Bag") -> None:
    """Add a list, unordered (``Bag``) or ordered (``Seq``), each text once; an empty list adds nothing."""
    if cleaned := dict.fromkeys(filter(None, map(clean, texts))):
        items = etree.SubElement(etree.SubElement(parent, _tag(name)), _tag(f"rdf:{shape}"))
        for text in cleaned:
            etree.SubElement(items, _tag("rdf:li")).text = text


def add_alternative(parent: Node, name: str, text: str | None) -> None:
    """Add a language alternative with its default language only; an empty text adds nothing."""
    if cleaned := clean(text):
        items = etree.SubElement(etree.SubElement(parent, _tag(name)), _tag("rdf:Alt"))
        item = etree.SubElement(items, _tag("rdf:li"))
        item.set(_LANGUAGE, "x-default")
        item.text = cleaned


def add_structure(parent: Node, name: str) -> Node:
    """Add a structure and return the node that takes its fields."""
    structure = etree.SubElement(parent, _tag(name))
    structure.set(_tag("rdf:parseType"), "Resource")
    return structure


def add_structure_list(parent: Node, name: str) -> Node:
    """Add an unordered list and return the node that takes structures named ``rdf:li``."""
    return etree.SubElement(etree.SubElement(parent, _tag(name)), _tag("rdf:Bag"))


def read_packet(data: bytes) -> list[Node]:
    """Return the nodes that hold the properties of a packet. No entity is expanded and nothing is fetched.

    Raises:
        ValueError: the bytes are no XMP, too many, or declare a document type.
    """
    if len(data) > MAX_PACKET_BYTES:
        raise ValueError(f"The sidecar has {len(data)} bytes; more than {MAX_PACKET_BYTES} are not read.")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"The sidecar is no well-formed XML: {error}") from error
    if root.getroottree().docinfo.doctype:
        raise ValueError("The sidecar declares a document type, which XMP never does; it is not read.")
    rdf = root if root.tag == _tag("rdf:RDF") else root.find(_tag("rdf:RDF"))
    if rdf is None:
        raise ValueError("The sidecar is XML, but holds no RDF.")
    return list(rdf.findall(_tag("rdf:Description")))


def text_of(nodes: Iterable[Node], name: str) -> str | None:
    """Return a simple property, written as an element or as an attribute, or the default of a language alternative."""
    for found in _values(nodes, name):
        text = found if isinstance(found, str) else next(iter(_items(found)), found).text
        if text and text.strip():
            return str(text).strip()
    return None


def texts_of(nodes: Iterable[Node], name: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    lists = (found for found in _values(nodes, name) if not isinstance(found, str))
    return tuple(text for found in lists for item in _items(found) if (text := (item.text or "").strip()))


def structure_of(nodes: Iterable[Node], name: str) -> list[Node]:
    """Return the nodes that hold the fields of a structure; none if it is not there."""
    return [_fields(found) for found in _values(nodes, name) if not isinstance(found, str)]


def structures_of(nodes: Iterable[Node], name: str) -> list[Node]:
    """Return, for each structure in a list, the node that holds its fields."""
    lists = (found for found in _values(nodes, name) if not isinstance(found, str))
    return [_fields(item) for found in lists for item in _items(found)]


def _tag(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _values(nodes: Iterable[Node], name: str) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        attribute = node.get(_tag(name))
        found.extend(node.findall(_tag(name)) if attribute is None else [attribute])
    return found


def _items(node: Node) -> list[Node]:
    """Return the items of a Bag, Seq or Alt, the one in the default language first."""
    items = [
        item for shape in ("Bag", "Seq", "Alt") for item in node.findall(f"{_tag(f'rdf:{shape}')}/{_tag('rdf:li')}")
    ]
    return sorted(items, key=lambda item: item.get(_LANGUAGE) not in {None, "x-default"})


def _fields(node: Node) -> Node:
    """Fields are children, attributes, or children or attributes of a Description within."""
    inner = node.find(_tag("rdf:Description"))
    return node if inner is None else inner
