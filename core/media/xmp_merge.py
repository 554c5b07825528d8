"""How do what somebody else wrote into an XMP packet and what we want to write become one packet?

A three-way merge, property by property: ``base`` is what we wrote last, ``theirs`` what is there now, ``ours`` what we
want to write. What only one side changed is taken; lists are merged by their items, people's regions by their places.
Everything else of theirs stays as it is: properties and namespaces that we do not know, comments, processing
instructions, CDATA, white space, other languages, and the prefixes in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from enum import StrEnum
from math import isclose

import msgspec
from lxml import etree

from core.media import xmp
from core.media.written_time import written_time
from core.media.xmp import NAMESPACES, Node
from core.media.xmp_metadata import degrees
from core.media.xmp_region_merge import merge_region_lists
from core.media.xmp_value import Kind, Value, is_property, rdf, value_of

_REGIONS = f"{{{NAMESPACES['mwg-rs']}}}Regions"
_LATITUDE, _LONGITUDE = f"{{{NAMESPACES['exif']}}}GPSLatitude", f"{{{NAMESPACES['exif']}}}GPSLongitude"
_OWN = f"{{{NAMESPACES['pictallion']}}}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_SAME_DEGREES = 2e-6
"""Positions that differ by less, 20 cm, are one that two programs have rounded."""

_BEFORE_ROOT = re.compile(rb"\s*(?:\xef\xbb\xbf)?(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")


class Side(StrEnum):
    """Whose value is taken where both have changed one."""

    THEIRS = "theirs"
    OURS = "ours"


class Merged(msgspec.Struct, frozen=True):
    """The merged ``packet``, ``None`` where theirs says it all already; names of properties that both had changed."""

    packet: bytes | None
    conflicts: tuple[str, ...] = ()


def merge_packets(theirs: bytes, base: bytes | None, ours: bytes, prefer: Side = Side.THEIRS) -> Merged:
    """Merges packets; without ``base``, whatever theirs says is taken for a change of theirs.

    Raises ``ValueError`` where theirs cannot be changed without a risk for what else it says: it is no XMP, not UTF-8,
    has a document type or a node that is no ``rdf:Description``, says twice what we want to write, or uses one of our
    prefixes for something else.
    """
    if theirs == base:
        # nobody has touched it
        return Merged(None if ours == base else ours)
    tree = _Packet(theirs)
    mine, before = _properties(ours), _properties(base) if base is not None else {}
    conflicts, missing, changed = [], [], False
    for name in dict.fromkeys((*mine, *before)):
        outcome = tree.merge(name, before.get(name), mine.get(name), prefer)
        changed |= outcome.changed
        if outcome.conflict:
            conflicts.append(_readable(name))
        if outcome.missing is not None:
            missing.append(outcome.missing)
    if missing:
        tree.add(missing)
    return Merged(tree.packet() if changed or missing else None, tuple(conflicts))


class _Outcome(msgspec.Struct, frozen=True):
    changed: bool = False
    missing: Node | None = None
    conflict: bool = False


class _Packet:
    """The packet of somebody else, as a tree whose bytes around the root are kept."""

    def __init__(self, data: bytes) -> None:
        xmp.read_packet(data)  # refuses what is no XMP
        start = _BEFORE_ROOT.match(data)
        self._head = data[: start.end()] if start else b""
        declared = _ENCODING.search(self._head)
        if declared is not None and declared[1].upper() not in (b"UTF-8", b"UTF8", b"ASCII", b"US-ASCII"):
            raise ValueError(f"The packet is written in {declared[1].decode('ascii', 'replace')}, not in UTF-8.")
        if b"\x00" in data:
            raise ValueError("The packet is not written in UTF-8.")
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, strip_cdata=False)
        self._root = etree.fromstring(data, parser)
        end = data.rfind(b">", 0, data.rfind(b"<?xpacket end") if b"<?xpacket end" in data else len(data))
        self._tail = data[end + 1 :] if data[:end].rstrip().endswith(_end_of(self._root)) else b"\n"
        nodes = [self._root] if self._root.tag == rdf("RDF") else list(self._root.iter(rdf("RDF")))
        if len(nodes) != 1:
            raise ValueError(f"The packet has {len(nodes)} rdf:RDF nodes.")
        self._rdf = nodes[0]
        if any(isinstance(node.tag, str) and node.tag != rdf("Description") for node in self._rdf):
            raise ValueError("The packet has a node that is no rdf:Description.")
        self._prefixes: dict[str, str] = {}
        for node in self._root.iter(etree.Element):
            for prefix, uri in node.nsmap.items():
                if prefix is not None and self._prefixes.setdefault(prefix, uri) != uri:
                    raise ValueError(f"The packet uses the prefix {prefix} for several namespaces.")

    def packet(self) -> bytes:
        xml: bytes = etree.tostring(self._root, encoding="UTF-8", xml_declaration=False, with_tail=False)
        return self._head + xml + self._tail

    def merge(self, name: str, before: Node | None, mine: Node | None, prefer: Side) -> _Outcome:
        """Merges one property, given as the nodes of base and ours."""
        found = list(self._places(name))
        if len(found) > 1:
            raise ValueError(f"The packet says {_readable(name)} {len(found)} times.")
        if name.startswith(_OWN):
            prefer = Side.OURS
        was, wanted = _maybe_value(before), _maybe_value(mine)
        if not found:
            return self._absent(name, before, mine, prefer)
        place = found[0]
        there = place.value()
        if name == _REGIONS and mine is not None and place.node is not None:
            merged = merge_region_lists(place.node, before, mine, keep_theirs=prefer is Side.THEIRS)
            if merged is not None:
                for region in merged.missing:
                    self._copy(merged.into, region)
                return _Outcome(changed=merged.changed or bool(merged.missing))
        if _same(name, there, wanted):
            return _Outcome()
        if there.kind is Kind.LIST and (wanted is None or wanted.kind is Kind.LIST) and (was or wanted) is not None:
            return _Outcome(changed=self._merge_list(place, there, was, wanted))
        if not _same(name, there, was):
            if _same(name, was, wanted):
                return _Outcome()
            if prefer is Side.THEIRS:
                return _Outcome(conflict=True)
            self._set(place, there, wanted, mine)
            return _Outcome(changed=True, conflict=before is not None)
        self._set(place, there, wanted, mine)
        return _Outcome(changed=True)

    @staticmethod
    def _absent(name: str, before: Node | None, mine: Node | None, prefer: Side) -> _Outcome:
        """What they have removed, or never had."""
        was, wanted = _maybe_value(before), _maybe_value(mine)
        if wanted is None or was is None or _same(name, was, wanted):
            return _Outcome(missing=mine if was is None else None)
        if was.kind is Kind.LIST and wanted.kind is Kind.LIST and not was.nested:
            rest = deepcopy(mine)
            for item in list(rest[0]) if rest is not None else ():
                if value_of(item).text in was.items:
                    item.getparent().remove(item)
            return _Outcome(missing=rest if rest is not None and len(rest[0]) else None)
        return _Outcome(missing=mine if prefer is Side.OURS else None, conflict=True)

    def add(self, properties: Iterable[Node]) -> None:
        """Adds properties that are not there, to a Description that knows their prefixes, or to one of their own."""
        nodes = list(properties)
        needed = {etree.QName(each.tag).namespace for node in nodes for each in node.iter(etree.Element)}
        needed |= {etree.QName(key).namespace for node in nodes for each in node.iter() for key in each.attrib}
        needed -= {None, "http://www.w3.org/XML/1998/namespace"}
        descriptions = self._rdf.findall(rdf("Description"))
        home = next((node for node in descriptions if needed <= set(node.nsmap.values())), None)
        if home is None:
            about = descriptions[0].get(rdf("about"), "") if descriptions else ""
            self._indent(self._rdf)
            home = etree.SubElement(self._rdf, rdf("Description"), nsmap=self._bindings(needed))
            home.set(rdf("about"), about)
            home.tail = "\n"
        for node in nodes:
            self._copy(home, node)

    def _bindings(self, needed: set[str]) -> dict[str, str]:
        in_use = {uri: prefix for prefix, uri in reversed(self._prefixes.items())}
        bindings = {}
        for uri in needed:
            prefix = in_use.get(uri) or _PREFIXES[uri]
            if self._prefixes.get(prefix, uri) != uri:
                raise ValueError(f"The packet uses the prefix {prefix} for {self._prefixes[prefix]}.")
            bindings[prefix] = uri
        return dict(sorted(bindings.items()))

    def _places(self, name: str) -> Iterator[_Place]:
        for description in self._rdf.findall(rdf("Description")):
            if description.get(name) is not None:
                yield _Place(description, name, None)
            for node in description.findall(name):
                yield _Place(description, name, node)

    def _set(self, place: _Place, there: Value, wanted: Value | None, mine: Node | None) -> None:
        if wanted is None or mine is None:
            place.remove()
        elif wanted.kind is Kind.TEXT and there.kind is Kind.TEXT:
            place.set_text(wanted.text)
        elif wanted.kind is Kind.ALTERNATIVE and there.kind is Kind.ALTERNATIVE and place.node is not None:
            _set_default(place.node, wanted.text)
        else:
            place.remove()
            self.add([mine])

    def _merge_list(self, place: _Place, there: Value, was: Value | None, wanted: Value | None) -> bool:
        before, mine = (set(value.items) if value is not None else set() for value in (was, wanted))
        unwanted, new = before - mine, [item for item in (wanted.items if wanted else ()) if item not in before]
        gone = unwanted & set(there.items)
        added = [item for item in new if item not in there.items]
        if not gone and not added:
            return False
        assert place.node is not None
        container = next(iter(place.node))
        for item in list(container):
            if isinstance(item.tag, str) and value_of(item).text in gone:
                _remove(item)
        for text in added:
            self._indent(container)
            item = etree.SubElement(container, rdf("li"))
            item.text, item.tail = text, "\n"
        if not len(container):
            place.remove()
        return True

    def _copy(self, parent: Node, node: Node) -> None:
        """Copies below ``parent`` with the prefixes that are known there."""
        missing = {
            uri
            for each in node.iter(etree.Element)
            for uri in (etree.QName(each.tag).namespace, *(etree.QName(key).namespace for key in each.attrib))
            if uri and uri not in parent.nsmap.values() and uri != "http://www.w3.org/XML/1998/namespace"
        }
        self._indent(parent)
        copy = etree.SubElement(parent, node.tag, nsmap=self._bindings(missing))
        _fill(copy, node)
        copy.tail = "\n"

    @staticmethod
    def _indent(parent: Node) -> None:
        if len(parent) == 0 and not parent.text:
            parent.text = "\n"


class _Place:
    """Where a property stands: an attribute of a Description (``node`` is ``None``) or an element in it."""

    def __init__(self, description: Node, name: str, node: Node | None) -> None:
        self._description = description
        self._name = name
        self.node = node

    def value(self) -> Value:
        if self.node is None:
            return Value(Kind.TEXT, str(self._description.get(self._name)).strip())
        return value_of(self.node)

    def set_text(self, text: str) -> None:
        if self.node is None:
            self._description.set(self._name, text)
        else:
            for child in list(self.node):
                self.node.remove(child)
            self.node.text = text

    def remove(self) -> None:
        if self.node is None:
            del self._description.attrib[self._name]
        else:
            _remove(self.node)


def _end_of(root: Node) -> bytes:
    name = f"{root.prefix}:{etree.QName(root.tag).localname}" if root.prefix else etree.QName(root.tag).localname
    return f"</{name}".encode()


def _remove(node: Node) -> None:
    """Takes a node out and leaves the white space around it."""
    parent, tail = node.getparent(), node.tail
    before = node.getprevious()
    if tail and tail.strip():
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(node)


def _fill(copy: Node, node: Node) -> None:
    copy.text, copy.tail = node.text, node.tail
    for key, value in node.attrib.items():
        copy.set(key, value)
    for child in node:
        _fill(etree.SubElement(copy, child.tag), child)


def _set_default(node: Node, text: str) -> None:
    container = next(iter(node))
    for item in container:
        if item.get(_LANGUAGE) == "x-default":
            item.text = text
            return
    item = etree.Element(rdf("li"))
    item.set(_LANGUAGE, "x-default")
    item.text = text
    container.insert(0, item)


def _properties(packet: bytes) -> dict[str, Node]:
    """The property elements of a packet that we built."""
    return {
        child.tag: child
        for description in xmp.read_packet(packet)
        for child in description
        if isinstance(child.tag, str) and is_property(child.tag)
    }


def _maybe_value(node: Node | None) -> Value | None:
    return None if node is None else value_of(node)


def _same(name: str, one: Value | None, other: Value | None) -> bool:
    """Whether two values mean the same, however they are written."""
    if one is None or other is None:
        return one is other
    if one == other:
        return True
    if {one.kind, other.kind} == {Kind.TEXT, Kind.ALTERNATIVE}:
        return one.text == other.text
    if one.kind is Kind.LIST and other.kind is Kind.LIST:
        return not one.nested and not other.nested and set(one.items) == set(other.items)
    if {one.kind, other.kind} != {Kind.TEXT}:
        return False
    letters = "NS" if name == _LATITUDE else "EW" if name == _LONGITUDE else None
    if letters is not None:
        left, right = degrees(one.text, letters), degrees(other.text, letters)
        return left is not None and right is not None and abs(left - right) < _SAME_DEGREES
    return _same_number(one.text, other.text) or _same_moment(one.text, other.text)


def _same_number(one: str, other: str) -> bool:
    try:
        return isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    except ValueError:
        return False


def _same_moment(one: str, other: str) -> bool:
    left, right = written_time(one), written_time(other)
    return left is not None and right is not None and left == right


def _readable(name: str) -> str:
    qualified = etree.QName(name)
    return f"{_PREFIXES.get(qualified.namespace, qualified.namespace)}:{qualified.localname}"
