"""How are properties put into an XMP packet that somebody else wrote?

What is there stays: nodes, comments, processing instructions, CDATA, the bytes before and after the root, but for
what a person has taken back. Lists are
united, the rating is ours, and so is the description in the default language when a person has given it; everything
else is only added where it is absent. Where a packet is laid out in a way that a change might make unreadable to one
program or another, it is left alone.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.wanted import Wanted
from core.library.embedding.xmp_taken_back import take_back
from core.media.xmp import NAMESPACES, read_packet

Node = Any

_RDF: Final = f"{{{NAMESPACES['rdf']}}}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_XMP: Final = "{http://ns.adobe.com/xap/1.0/}"
_DESCRIPTION: Final = f"{{{NAMESPACES['dc']}}}description"
_RATING: Final = _XMP + "Rating"
_OURS: Final = f"{{{NAMESPACES['pictallion']}}}"
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:xmpmeta|xapmeta|RDF)[\s>]")
_PADDING = re.compile(rb"\s*(?=<\?xpacket\s+end)")
_LISTS = tuple(_RDF + name for name in ("Bag", "Seq"))


def merged_packet(packet: bytes, wanted: Wanted, extended: bytes = b"") -> bytes:
    """``packet`` with the properties of ``wanted.xmp``; of the same length where its padding allows.

    ``extended`` is the content of the extended XMP segments of a JPEG, if it has any. Raises :class:`NotEmbeddable`.
    """
    start, end, root = _parsed(packet)
    rdf = _only_rdf(root)
    descriptions = [child for child in rdf if isinstance(child.tag, str)]
    if any(node.tag != _RDF + "Description" for node in descriptions):
        raise NotEmbeddable("its XMP has nodes of a type")
    ours = _properties_of(wanted.xmp)
    _refuse_hidden(extended, ours)
    _refuse_prefixes(root, ours)
    about = {node.get(_RDF + "about", node.get("about", "")) for node in descriptions}
    if len(about) > 1:
        raise NotEmbeddable("its XMP describes more than one thing")
    take_back(descriptions, wanted.taken_back)
    missing = []
    for node in ours:
        found = [child for description in descriptions for child in description.findall(node.tag)]
        holders = [description for description in descriptions if description.get(node.tag) is not None]
        if len(found) + len(holders) > 1:
            raise NotEmbeddable(f"its XMP has {etree.QName(node).localname} twice")
        if holders:
            _change_attribute(holders[0], node)
        elif found:
            _change_element(found[0], node, wanted.is_described_by_person)
        else:
            missing.append(node)
    if missing:
        _add(rdf, missing, about.pop() if about else "")
    return _fitted(packet, start, end, etree.tostring(root, encoding="UTF-8", xml_declaration=False, with_tail=False))


def _parsed(packet: bytes) -> tuple[int, int, Node]:
    """Where the root begins and ends, and its tree."""
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff") or packet[:1] == b"\0" or packet[1:2] == b"\0":
        raise NotEmbeddable("its XMP is not in UTF-8")
    if b"<!DOCTYPE" in packet:
        raise NotEmbeddable("its XMP declares a document type")
    if len(re.findall(rb"<\?xpacket\s+begin", packet)) > 1:
        raise NotEmbeddable("it has several XMP packets")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, strip_cdata=False
    )
    found = _ROOT.search(packet)
    if found is None:
        raise NotEmbeddable("its XMP holds no RDF")
    start = found.start()
    name = packet[start + 1 : found.end() - 1]
    close = packet.rfind(b"</" + name)
    end = packet.find(b">", close) + 1
    if close < start or not end:
        raise NotEmbeddable("its XMP is not well-formed")
    try:
        root = etree.fromstring(packet[start:end], parser)
    except etree.XMLSyntaxError as error:
        raise NotEmbeddable("its XMP is not well-formed") from error
    if packet[end:].strip(b"\0 \t\r\n") and not re.match(rb"\s*<\?xpacket\s+end[^>]*\?>\s*\0*\s*$", packet[end:]):
        raise NotEmbeddable("its XMP goes on behind its root")
    return start, end, root


def _only_rdf(root: Node) -> Node:
    found = list(root.iter(_RDF + "RDF"))
    if len(found) != 1:
        raise NotEmbeddable("its XMP has not exactly one rdf:RDF")
    return found[0]


def _properties_of(ours: bytes) -> list[Node]:
    return [child for node in read_packet(ours) for child in node]


def _refuse_hidden(extended: bytes, wanted: list[Node]) -> None:
    if not extended:
        return
    try:
        nodes = read_packet(extended)
    except ValueError as error:
        raise NotEmbeddable("its extended XMP cannot be read") from error
    for node in wanted:
        if any(each.get(node.tag) is not None or each.find(node.tag) is not None for each in nodes):
            raise NotEmbeddable(f"its extended XMP has {etree.QName(node).localname}")


def _refuse_prefixes(root: Node, ours: list[Node]) -> None:
    """A prefix of ours that stands for something else would be declared twice with different meanings."""
    used = _namespaces_of(ours)
    for node in root.iter(etree.Element):
        for prefix, uri in node.nsmap.items():
            if NAMESPACES.get(prefix or "") in used and NAMESPACES[prefix] != uri:
                raise NotEmbeddable(f"its XMP uses the prefix {prefix} for something else")


def _change_attribute(holder: Node, node: Node) -> None:
    if node.tag == _RATING or node.tag.startswith(_OURS):
        if len(node):
            raise NotEmbeddable(f"its XMP has {etree.QName(node).localname} in another shape")
        holder.set(node.tag, node.text or "")


def _change_element(found: Node, node: Node, is_described_by_person: bool) -> None:
    if node.tag == _RATING:
        if len(found):
            raise NotEmbeddable("its XMP has Rating in another shape")
        found.text = node.text
    elif node.tag == _DESCRIPTION:
        _change_default(found, node, is_described_by_person)
    elif node.tag.startswith(_OURS):
        tail = found.tail
        found.getparent().replace(found, node)
        node.tail = tail
    else:
        _unite(found, node)


def _change_default(found: Node, node: Node, is_described_by_person: bool) -> None:
    text = node.find(f"{_RDF}Alt/{_RDF}li").text
    alternative = found.find(_RDF + "Alt")
    if alternative is None:
        raise NotEmbeddable("its XMP has description in another shape")
    items = [item for item in alternative.findall(_RDF + "li") if item.get(_LANGUAGE, "x-default") == "x-default"]
    if len(items) > 1:
        raise NotEmbeddable("its XMP has description twice")
    if items:
        if len(items[0]):
            raise NotEmbeddable("its XMP has description in another shape")
        if is_described_by_person or not (items[0].text or "").strip():
            items[0].text = text
    else:
        item = etree.Element(_RDF + "li")
        item.set(_LANGUAGE, "x-default")
        item.text = text
        alternative.insert(0, item)


def _unite(found: Node, node: Node) -> None:
    """Adds to a list of texts what it lacks; other shapes stay as they are."""
    ours = next((child for child in node if child.tag in _LISTS), None)
    theirs = next((child for child in found if child.tag in _LISTS), None)
    if ours is None or theirs is None or any(len(item) for item in ours):
        return
    there = {item.text for item in theirs.findall(_RDF + "li")}
    last = theirs[-1] if len(theirs) else None
    for item in ours.findall(_RDF + "li"):
        if item.text in there:
            continue
        added = etree.SubElement(theirs, _RDF + "li")
        added.text = item.text
        if last is not None:
            added.tail, last.tail = last.tail, (last.getprevious().tail if last.getprevious() is not None else None)
        last = added


def _add(rdf: Node, nodes: list[Node], about: str) -> None:
    # a prefix that any node of the packet has bound to a namespace is the one to use: exiv2 reads no other
    bound: dict[str, str] = {}
    for node in rdf.getroottree().getroot().iter(etree.Element):
        for prefix, uri in node.nsmap.items():
            if prefix is not None:
                bound.setdefault(uri, prefix)
    ours = {uri: prefix for prefix, uri in NAMESPACES.items()}
    nsmap = {bound.get(uri, ours[uri]): uri for uri in _namespaces_of(nodes) if uri != NAMESPACES["rdf"]}
    description = etree.SubElement(rdf, _RDF + "Description", nsmap=nsmap)
    description.set(_RDF + "about", about)
    for node in nodes:
        _copied(node, description)
    description.tail = "\n"


def _namespaces_of(nodes: list[Node]) -> set[str]:
    return {str(etree.QName(each).namespace) for node in nodes for each in node.iter(etree.Element)}


def _copied(node: Node, parent: Node) -> None:
    """Adds a copy without the prefixes of the packet it comes from."""
    copy = etree.SubElement(parent, node.tag)
    for name, value in node.attrib.items():
        copy.set(name, value)
    copy.text = node.text if node.text and node.text.strip() else None
    for child in node:
        _copied(child, copy)


def _fitted(packet: bytes, start: int, end: int, xml: bytes) -> bytes:
    """The new root in the old wrapping; what it has grown by is taken from the padding, as far as there is any."""
    before, after = packet[:start], packet[end:]
    padding = _PADDING.match(after)
    grown = len(xml) - (end - start)
    if padding is None or not 0 <= grown <= len(padding[0]) - 1:
        if padding is not None and grown < 0:
            after = b" " * -grown + after
        return before + xml + after
    return before + xml + after[grown:]
