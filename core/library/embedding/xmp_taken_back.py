"""How is a word taken out of an XMP packet that somebody else wrote? Wherever programs repeat it."""

from __future__ import annotations

from typing import Any, Final

from core.library.embedding.wanted import TakenBack
from core.media.metadata_text import clean
from core.media.xmp import NAMESPACES
from core.media.xmp_metadata import KEYWORD_PATHS

Node = Any


def qualified(name: str) -> str:
    """``dc:subject`` as lxml writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


SUBJECT: Final = qualified("dc:subject")
PATHS: Final = {qualified(name): separator for name, separator in KEYWORD_PATHS}
RATINGS: Final = tuple(map(qualified, ("xmp:Rating", "MicrosoftPhoto:Rating")))
DESCRIPTION: Final = qualified("dc:description")
CAPTIONS: Final = (DESCRIPTION, *map(qualified, ("tiff:ImageDescription", "exif:UserComment")))
LOCATION: Final = qualified("Iptc4xmpCore:Location")
PLACES: Final = tuple(map(qualified, ("Iptc4xmpExt:LocationShown", "Iptc4xmpExt:LocationCreated")))

_RDF: Final = f"{{{NAMESPACES['rdf']}}}"
_LISTS: Final = tuple(_RDF + name for name in ("Bag", "Seq", "Alt"))
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_SUBLOCATION: Final = qualified("Iptc4xmpExt:Sublocation")


def take_back(descriptions: list[Node], gone: TakenBack) -> None:
    """Removes from the ``descriptions`` of a packet what is in ``gone``; what comes after it is added by others."""
    for node in descriptions:
        for name in (SUBJECT, *PATHS):
            _take_words(node, name, gone)
        if gone.is_rating:
            for name in RATINGS:
                _take_texts(node, name, None)
        if gone.locations:
            _take_texts(node, LOCATION, gone.locations)
            for place in (place for name in PLACES for place in node.findall(name)):
                for each in list(place.iter()):
                    if isinstance(each.tag, str):
                        _take_texts(each, _SUBLOCATION, gone.locations)
        if gone.descriptions:
            for name in CAPTIONS:
                _take_captions(node, name, gone.descriptions)


def is_taken_word(name: str, text: str, gone: TakenBack) -> bool:
    """Whether a text of a property for keywords names one of those that are taken back, at whatever level."""
    levels = text.split(PATHS[name]) if name in PATHS else [text]
    return any(clean(level) in gone.keywords for level in (text, *levels))


def _take_words(node: Node, name: str, gone: TakenBack) -> None:
    if is_taken_word(name, node.get(name, ""), gone):
        del node.attrib[name]
    for found in node.findall(name):
        items = _items(found)
        taken = [item for item in items if is_taken_word(name, item.text or "", gone)]
        for item in taken:
            _drop(item)
        if taken and len(taken) == len(items):
            _drop(found)


def _take_texts(node: Node, name: str, texts: tuple[str, ...] | None) -> None:
    """Removes a property of one text; whatever the text where ``texts`` is ``None``."""
    if name in node.attrib and (texts is None or clean(node.get(name)) in texts):
        del node.attrib[name]
    for found in node.findall(name):
        items = _items(found)
        if texts is None or any(clean(item.text or "") in texts for item in items):
            _drop(found)


def _take_captions(node: Node, name: str, texts: tuple[str, ...]) -> None:
    """The old captions, in whichever language; of dc:description the one in the default language, whatever it is."""

    def is_taken(item: Node) -> bool:
        is_default = name == DESCRIPTION and item.get(_LANGUAGE, "x-default") == "x-default"
        return is_default or clean(item.text or "") in texts

    if name in node.attrib and (name == DESCRIPTION or clean(node.get(name)) in texts):
        del node.attrib[name]
    for found in node.findall(name):
        items = _items(found)
        taken = [item for item in items if is_taken(item)]
        if taken and len(taken) == len(items):
            _drop(found)
        else:
            for item in taken:
                _drop(item)


def _items(found: Node) -> list[Node]:
    """The texts of a property: those of its list, or itself."""
    lists = [each for each in found if each.tag in _LISTS]
    return [item for each in lists for item in each.findall(_RDF + "li")] if lists else [found]


def _drop(node: Node) -> None:
    """Removes a node, but not the text behind it, as lxml would."""
    parent, before = node.getparent(), node.getprevious()
    if parent is None:
        return
    if node.tail:
        if before is None:
            parent.text = (parent.text or "") + node.tail
        else:
            before.tail = (before.tail or "") + node.tail
    parent.remove(node)
