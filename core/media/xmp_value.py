"""What is the value of an XMP property, however it is written?

ISO 16684-1 (XMP part 1), 7.4 to 7.9: the same text may be an attribute or an element, the same structure have its
fields as elements, as attributes, or in a Description within.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from core.media.xmp import NAMESPACES, Node

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class Kind(StrEnum):
    """The shapes of a value."""

    TEXT = "text"
    LIST = "list"
    ALTERNATIVE = "alternative"
    STRUCTURE = "structure"


class Value(msgspec.Struct, frozen=True):
    """A value without regard to how it is written.

    ``text`` of a text, or of an alternative's default language. ``items`` are the texts of a list. ``nested`` are the
    fields of a structure, by name, or the items of a list that are no texts.
    """

    kind: Kind
    text: str = ""
    items: tuple[str, ...] = ()
    nested: tuple[tuple[str, Value], ...] = ()


def rdf(local: str) -> str:
    """A name of RDF as lxml writes it."""
    return f"{{{NAMESPACES['rdf']}}}{local}"


def is_property(tag: str) -> bool:
    """Whether a child of a Description is a property and no grammar."""
    return not tag.startswith(f"{{{NAMESPACES['rdf']}}}")


def value_of(node: Node) -> Value:
    """The value of a property's element, of a field, or of an item of a list."""
    children = [child for child in node if isinstance(child.tag, str)]
    if len(children) == 1 and children[0].tag == rdf("Alt"):
        return _alternative(children[0])
    if len(children) == 1 and children[0].tag in (rdf("Bag"), rdf("Seq")):
        return _list(children[0])
    if len(children) == 1 and children[0].tag == rdf("Description"):
        return _structure(children[0])
    fields = [key for key in node.attrib if is_property(key) and key != _LANGUAGE]
    if children or fields or node.get(rdf("parseType")) == "Resource":
        return _structure(node)
    return Value(Kind.TEXT, (node.get(rdf("resource")) or "".join(node.itertext())).strip())


def _alternative(container: Node) -> Value:
    items = [item for item in container if item.tag == rdf("li")]
    default = next((item for item in items if item.get(_LANGUAGE) == "x-default"), items[0] if items else None)
    return Value(Kind.ALTERNATIVE, "" if default is None else "".join(default.itertext()).strip())


def _list(container: Node) -> Value:
    values = [value_of(item) for item in container if item.tag == rdf("li")]
    return Value(
        Kind.LIST,
        items=tuple(value.text for value in values if value.kind is Kind.TEXT),
        nested=tuple(("", value) for value in values if value.kind is not Kind.TEXT),
    )


def _structure(node: Node) -> Value:
    fields = [
        (str(key), Value(Kind.TEXT, str(value).strip()))
        for key, value in node.attrib.items()
        if is_property(key) and key != _LANGUAGE
    ]
    fields += [(str(child.tag), value_of(child)) for child in node if isinstance(child.tag, str)]
    return Value(Kind.STRUCTURE, nested=tuple(sorted(fields, key=lambda field: field[0])))
