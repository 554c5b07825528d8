"""How is a word taken out of IPTC records, and out of the image resources of Photoshop in which they stand?

Nothing is added: what IPTC does not say yet stands in XMP. IPTC-NAA Information Interchange Model 4.2, and Adobe
Photoshop File Formats Specification, "Image Resources Section". Datasets and resources that nobody touched keep their
bytes and their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.wanted import Wanted
from core.media.iptc import dataset_data, dataset_text

PHOTOSHOP_ID = b"Photoshop 3.0\0"
"""Begins the APP13 segments of a JPEG that hold image resources."""

_RESOURCE = b"8BIM"
_IPTC, _DIGEST = 0x0404, 0x0425
"""The records, and the MD5 by which programs see whether XMP is as new as they are."""

_DATASET = 0x1C
_KEYWORD, _SUBLOCATION, _CAPTION = (2, 25), (2, 92), (2, 120)
_CHARACTER_SET, _UTF_8 = (1, 90), b"\x1b%G"
_MOST_BYTES = {_SUBLOCATION: 32, _CAPTION: 2000}
_MOST_OF_KEYWORD = 64


class _Dataset(msgspec.Struct, frozen=True):
    """A dataset: record and number, its content, and all its bytes."""

    name: tuple[int, int]
    content: bytes
    whole: bytes


def records_without(records: bytes, wanted: Wanted) -> bytes:
    """The records without what a person has taken back, and with what came after it where IPTC can hold that.

    Raises :class:`NotEmbeddable` for records that cannot be read to their end.
    """
    found, rest = _datasets(records)
    is_utf8 = any(each.name == _CHARACTER_SET and each.content == _UTF_8 for each in found)
    now = {_SUBLOCATION: wanted.location, _CAPTION: wanted.description}
    result = b""
    for each in found:
        if not _is_taken(each, is_utf8, wanted):
            result += each.whole
        elif text := now.pop(each.name, None):
            content = text.encode()
            if (is_utf8 or text.isascii()) and len(content) <= _MOST_BYTES[each.name]:
                result += bytes([_DATASET, *each.name]) + len(content).to_bytes(2, "big") + content
    return result + rest


def section_without(section: bytes, wanted: Wanted) -> bytes:
    """The same for a section of image resources; where its digest was right, it is right again."""
    records = [content for number, _, content, _ in _resources(section) if number == _IPTC]
    changed = [records_without(each, wanted) for each in records]
    if changed == records:
        return section
    left, result, done = iter(changed), b"", 0
    was, now = (hashlib.md5(each[0], usedforsecurity=False).digest() for each in (records, changed))
    for number, head, content, end in _resources(section):
        new = now if number == _DIGEST and content == was else content
        if number == _IPTC:
            new = next(left)
        result += head + len(new).to_bytes(4, "big") + new + b"\0" * (len(new) % 2)
        done = end
    return result + section[done:]


def untouched_records(records: bytes) -> list[bytes]:
    """The datasets that nothing is ever taken out of."""
    found, rest = _datasets(records)
    return [*(each.whole for each in found if each.name not in (_KEYWORD, _SUBLOCATION, _CAPTION)), rest]


def untouched_section(section: bytes) -> list[bytes]:
    """The resources, and of IPTC the datasets, that nothing is ever taken out of."""
    result, done = [], 0
    for number, head, content, end in _resources(section):
        done = end
        result.append(head)
        if number == _IPTC:
            result += untouched_records(content)
        elif number != _DIGEST:
            result.append(content)
    return [*result, section[done:]]


def _is_taken(dataset: _Dataset, is_utf8: bool, wanted: Wanted) -> bool:
    gone = wanted.taken_back
    text = dataset_text(dataset.content, is_utf8)
    if text is None:
        return False
    if dataset.name == _KEYWORD:
        # a longer one was cut here, and stands whole in XMP
        is_cut = len(dataset.content) > _MOST_OF_KEYWORD - 4
        return text in gone.keywords or (is_cut and any(word.startswith(text) for word in gone.keywords))
    if dataset.name == _SUBLOCATION:
        return text in gone.locations
    return dataset.name == _CAPTION and text in gone.descriptions


def _datasets(records: bytes) -> tuple[list[_Dataset], bytes]:
    """The datasets, and the padding behind them."""
    found, at = [], 0
    while at + 5 <= len(records) and records[at] == _DATASET:
        start, name = at, (records[at + 1], records[at + 2])
        data, at = dataset_data(records, start)
        if at > len(records):
            raise NotEmbeddable("its IPTC is cut off")
        found.append(_Dataset(name, records[data:at], records[start:at]))
    if records[at:].strip(b"\0"):
        raise NotEmbeddable("its IPTC cannot be read to its end")
    return found, records[at:]


def _resources(section: bytes) -> Iterator[tuple[int, bytes, bytes, int]]:
    """Of each resource its number, its bytes before the size, its content, and where it ends."""
    at = 0
    while section[at : at + 4] == _RESOURCE and at + 12 <= len(section):
        start, number = at, int.from_bytes(section[at + 4 : at + 6], "big")
        name = section[at + 6] + 1
        at += 6 + name + name % 2
        head, size = section[start:at], int.from_bytes(section[at : at + 4], "big")
        at += 4
        if at + size > len(section):
            raise NotEmbeddable("its image resources are cut off")
        content = section[at : at + size]
        # some leave out the byte that makes the last one even
        at = min(at + size + size % 2, len(section))
        yield number, head, content, at
