"""Has nothing been lost? Asked of every file that was written, before it gets its name, and never switched off.

The new file is read again from its bytes, by these readers and by the one that takes files into the library, and
compared with the old one: pixels, foreign parts, every EXIF tag, maker note, thumbnail, every XMP property.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from core.library.embedding.exif_values import (
    ARTIST,
    IMAGE_DESCRIPTION,
    RATING,
    RATING_PERCENT,
    SOFTWARE,
    USER_COMMENT,
    XMP_PACKET,
    XP_AUTHOR,
    XP_COMMENT,
    XP_KEYWORDS,
    XP_SUBJECT,
    is_taken_comment,
    keywords_in,
    keywords_to_write,
    may_change,
    taken_tags,
)
from core.library.embedding.iptc_records import PHOTOSHOP_ID, untouched_records, untouched_section
from core.library.embedding.jpeg_growth import pictures_led_to, without_offsets
from core.library.embedding.jpeg_segments import (
    APP1,
    APP2,
    APP13,
    EXIF_ID,
    MPF_ID,
    XMP_ID,
    Jpeg,
    Segment,
    has_id,
    read_jpeg,
)
from core.library.embedding.part import Part
from core.library.embedding.png import Chunk, is_xmp, packet_of, read_png
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.taken_back import is_still_said
from core.library.embedding.tiff import IMAGE_RESOURCES, IPTC_RECORDS
from core.library.embedding.tiff_append import restored
from core.library.embedding.tiff_directory import (
    EXIF_POINTER,
    GPS_POINTER,
    MAKER_NOTE,
    THUMBNAIL_LENGTH,
    THUMBNAIL_OFFSET,
    Tree,
    integers,
    read_tree,
    value_of,
)
from core.library.embedding.wanted import TakenBack, Wanted
from core.library.embedding.webp import read_webp
from core.library.embedding.xmp_taken_back import CAPTIONS, LOCATION, PATHS, PLACES, RATINGS, SUBJECT, is_taken_word
from core.media import formats
from core.media.contract_exif import contract_exif
from core.media.facts import Exif, Format
from core.media.identify import read_sources
from core.media.metadata import Metadata
from core.media.metadata import value_of as said
from core.media.metadata_text import clean
from core.media.precedence import Source

_WRITTEN = {
    *(("IFD0", tag) for tag in (IMAGE_DESCRIPTION, SOFTWARE, ARTIST, RATING, RATING_PERCENT)),
    *(("IFD0", tag) for tag in (XP_COMMENT, XP_AUTHOR, XP_SUBJECT)),
    ("Exif", USER_COMMENT),
}
_BLOTTED = {
    *_WRITTEN,
    *(("IFD0", tag) for tag in (XP_KEYWORDS, XMP_PACKET, IPTC_RECORDS, IMAGE_RESOURCES)),
}
"""What is blank where a person has taken it back."""

_WITH_IPTC = (formats.JPEG, formats.TIFF)

_POINTERS = (EXIF_POINTER, GPS_POINTER, XMP_PACKET)
"""What they lead to is compared, not where it lies."""

_XMP_RATING = "{http://ns.adobe.com/xap/1.0/}Rating"
_XMP_DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"
_PICTALLION = "{https://pictallion.app/"
_WEBP_OURS = (b"VP8X", b"EXIF", b"XMP ")


def check(before: bytes, after: bytes, known: Format, wanted: Wanted, parts: frozenset[Part]) -> None:
    """Raises :class:`NotEmbeddable` where the new file lacks anything of the old one or of what was to be written."""
    old, new = _blocks(before, known), _blocks(after, known)
    _check_foreign_parts(before, after, known, wanted)
    _check_exif(old[0], new[0], wanted)
    _check_xmp(old[1], new[1], wanted)
    _check_written(new, wanted, parts)
    _check_reader(before, after, known)
    _check_taken_back(before, after, known, wanted, parts)


def _blocks(data: bytes, known: Format) -> tuple[bytes | None, bytes | None]:
    """The EXIF block and the XMP packet of a file."""
    if known == formats.JPEG:
        jpeg = read_jpeg(data)
        exif = [data[each.payload + 6 : each.end] for each in jpeg.segments if has_id(data, each, APP1, EXIF_ID)]
        xmp = [
            data[each.payload + len(XMP_ID) : each.end] for each in jpeg.segments if has_id(data, each, APP1, XMP_ID)
        ]
    elif known == formats.PNG:
        chunks = read_png(data)
        exif = [data[chunk.data : chunk.end - 4] for chunk in chunks if chunk.kind == b"eXIf"]
        xmp = [packet_of(data, chunk) for chunk in chunks if is_xmp(data, chunk)]
    elif known == formats.WEBP:
        parts, _ = read_webp(data)
        exif = [data[each.data : each.data_end].removeprefix(EXIF_ID) for each in parts if each.kind == b"EXIF"]
        xmp = [data[each.data : each.data_end] for each in parts if each.kind == b"XMP "]
    else:
        tree = read_tree(data)
        packet = tree.main.get(XMP_PACKET)
        exif, xmp = [data], [value_of(data, packet)] if packet is not None else []
    # with several of a kind, that kind is not written, and its parts are compared as foreign ones
    return exif[0] if len(exif) == 1 else None, xmp[0] if len(xmp) == 1 else None


def _check_foreign_parts(before: bytes, after: bytes, known: Format, wanted: Wanted) -> None:
    if known == formats.JPEG:
        _check_jpeg(before, after, is_taken=bool(wanted.taken_back))
    elif known == formats.PNG:
        old, new = ([data[each.start : each.end] for each in _foreign(data)] for data in (before, after))
        end = read_png(before)[-1].end
        _same(old == new and before[end:] == after[read_png(after)[-1].end :], "the pixels or a foreign chunk")
    elif known == formats.WEBP:
        _check_webp(before, after)
    else:
        kept, now = restored(before), after
        if wanted.taken_back:
            kept, now = (_without_words(kept, data) for data in (kept, after))
        _same(now[:4] == kept[:4] and now[8 : len(kept)] == kept[8:], "a byte of the file")


def _without_words(block: bytes, data: bytes) -> bytes:
    """``data`` with blanks where ``block`` has what a person may take back."""
    tree, result = read_tree(block), bytearray(data)
    for name, directory in tree.all.items():
        for each in directory.entries:
            if (name, each.tag) in _BLOTTED:
                result[each.at : each.at + (each.size or 0)] = bytes(each.size or 0)
    return bytes(result)


def _check_jpeg(before: bytes, after: bytes, *, is_taken: bool) -> None:
    old, new = read_jpeg(before), read_jpeg(after)
    _same(before[old.scan :] == after[new.scan :], "the pixels or what follows them")
    parts = (_foreign_segments(data, jpeg, is_taken=is_taken) for data, jpeg in ((before, old), (after, new)))
    _same(next(parts) == next(parts), "a segment")
    _same(
        pictures_led_to(before, old) <= pictures_led_to(after, new),
        "the way to a second picture",
    )


def _foreign_segments(data: bytes, jpeg: Jpeg, *, is_taken: bool) -> list[bytes | list[bytes]]:
    """The segments in their order, without EXIF, XMP and what MPF says of lengths and offsets; and, if something
    ``is_taken`` away, without the words of IPTC.
    """
    exif = [each for each in jpeg.segments if has_id(data, each, APP1, EXIF_ID)]
    xmp = [each for each in jpeg.segments if has_id(data, each, APP1, XMP_ID)]
    ours = [each for kind in (exif, xmp) if len(kind) == 1 for each in kind]

    def foreign(each: Segment) -> bytes | list[bytes]:
        if has_id(data, each, APP2, MPF_ID):
            return without_offsets(data, each)
        if is_taken and has_id(data, each, APP13, PHOTOSHOP_ID):
            return untouched_section(data[each.payload + len(PHOTOSHOP_ID) : each.end])
        return data[each.start : each.end]

    return [foreign(each) for each in jpeg.segments if each not in ours]


def _foreign(data: bytes) -> list[Chunk]:
    chunks = read_png(data)
    exif = [chunk for chunk in chunks if chunk.kind == b"eXIf"]
    xmp = [chunk for chunk in chunks if is_xmp(data, chunk)]
    ours = [chunk for kind in (exif, xmp) if len(kind) == 1 for chunk in kind]
    return [chunk for chunk in chunks if chunk not in ours]


def _check_webp(before: bytes, after: bytes) -> None:
    (old, old_end), (new, new_end) = read_webp(before), read_webp(after)
    _same(
        [before[each.start : each.end] for each in old if each.kind not in _WEBP_OURS]
        == [after[each.start : each.end] for each in new if each.kind not in _WEBP_OURS]
        and before[old_end:] == after[new_end:],
        "the pixels or a foreign chunk",
    )
    header = next((before[each.data : each.data_end] for each in old if each.kind == b"VP8X"), None)
    if header is not None:
        changed = after[new[0].data : new[0].data_end]
        _same(changed[1:] == header[1:] and changed[0] & header[0] == header[0], "the size or a flag")


def _check_exif(before: bytes | None, after: bytes | None, wanted: Wanted) -> None:
    if before is None or before == after:
        return
    if after is None:
        raise NotEmbeddable("after writing, its EXIF could not be found")
    old, new = read_tree(before), read_tree(after)
    _same(old.order == new.order, "the byte order")
    taken = taken_tags(wanted, {each.tag: value_of(before, each) for each in old.main.entries})
    for name, directory in old.all.items():
        there = new.all.get(name)
        if there is None:
            raise NotEmbeddable(f"after writing, its directory {name} was gone")
        values = {each.tag: value_of(after, each) for each in there.entries}
        whole = {(each.tag, each.type, each.count, value_of(after, each)) for each in there.entries}
        for each in directory.entries:
            value = value_of(before, each)
            if name == "IFD0" and each.tag == XP_KEYWORDS:
                words = {word for word in keywords_in(value) if clean(word) not in wanted.taken_back.keywords}
                is_kept = words <= set(keywords_in(values.get(each.tag, b"")))
            elif name == "Exif" and each.tag == USER_COMMENT and is_taken_comment(value, wanted, old.order):
                is_kept = True
            elif (
                ((name, each.tag) in _WRITTEN and may_change(each.tag, value, wanted))
                or each.tag == MAKER_NOTE
                or (name == "IFD0" and each.tag in _POINTERS)
            ):
                is_kept = each.tag in values or (name == "IFD0" and each.tag in taken)
            elif name == "IFD0" and each.tag in (IPTC_RECORDS, IMAGE_RESOURCES) and wanted.taken_back:
                untouched = untouched_records if each.tag == IPTC_RECORDS else untouched_section
                is_kept = untouched(value) == untouched(values.get(each.tag, b""))
            else:
                is_kept = (each.tag, each.type, each.count, value) in whole
            _same(is_kept, f"tag 0x{each.tag:04X} of {name}")
    _check_maker_note(before, old, after, new)
    _same(_thumbnail(before, old) == _thumbnail(after, new), "the thumbnail")


def _check_maker_note(before: bytes, old: Tree, after: bytes, new: Tree) -> None:
    note = old.others["Exif"].get(MAKER_NOTE) if "Exif" in old.others else None
    if note is None:
        return
    kept = new.others["Exif"].get(MAKER_NOTE)
    if kept is None or (kept.at, kept.type, kept.count) != (note.at, note.type, note.count):
        raise NotEmbeddable("after writing, its maker note was not where it had been")
    pairs = zip(value_of(before, note), value_of(after, kept), strict=True)
    changed = [at for at, (one, other) in enumerate(pairs) if one != other]
    # one offset may have followed the growth of the file, of which the way to the second picture was checked
    _same(not changed or changed[-1] - changed[0] < 4, "the maker note")


def _thumbnail(block: bytes, tree: Tree) -> bytes:
    directory = tree.others.get("IFD1")
    if directory is None:
        return b""
    starts = integers(block, directory.get(THUMBNAIL_OFFSET), tree.order)
    lengths = integers(block, directory.get(THUMBNAIL_LENGTH), tree.order)
    return block[starts[0] : starts[0] + lengths[0]] if starts and lengths else b""


def _check_xmp(before: bytes | None, after: bytes | None, wanted: Wanted) -> None:
    if before is None or before == after:
        return
    if after is None:
        raise NotEmbeddable("after writing, its XMP could not be found")
    old, new = Counter(_leaves(before)), Counter(_leaves(after))
    for leaf, number in old.items():
        is_free = leaf[0] == _XMP_RATING or leaf[0].startswith(_PICTALLION) or _is_taken(leaf, wanted.taken_back)
        if leaf[0] == _XMP_DESCRIPTION and (wanted.is_described_by_person or not leaf[2]):
            is_free = True
        _same(is_free or new[leaf] >= number, "a property of its XMP")


def _is_taken(leaf: tuple[str, str, str], gone: TakenBack) -> bool:
    """Whether a leaf is a word that was taken back, or what held it."""
    name, path, text = leaf
    if name in (SUBJECT, *PATHS):
        return bool(gone.keywords) and (not text or is_taken_word(name, text, gone))
    if name in PLACES and "Sublocation" in path:
        return clean(text) in gone.locations
    if name in CAPTIONS:
        # with a text its language goes, too
        return bool(gone.descriptions) and (not text or clean(text) in gone.descriptions or "@" in path)
    return (name in RATINGS and gone.is_rating) or (name == LOCATION and bool(gone.locations))


def _leaves(packet: bytes) -> Iterator[tuple[str, str, str]]:
    """Every property, the path to each of its texts and attributes, and the text."""
    start = packet.find(b"<")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, recover=True)
    root = etree.fromstring(packet[start:].rstrip(b"\0 \r\n\t"), parser)
    if root is None:
        raise NotEmbeddable("after writing, its XMP could not be read")
    for description in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        for name, value in description.attrib.items():
            yield name, "", value
        for node in description:
            if not isinstance(node.tag, str):
                continue
            for each in node.iter(etree.Element):
                path = "/".join([each.tag, *(str(up.tag) for up in each.iterancestors() if up is not description)])
                yield node.tag, path, (each.text or "").strip()
                for name, value in each.attrib.items():
                    yield node.tag, f"{path}@{name}", value


def _check_written(new: tuple[bytes | None, bytes | None], wanted: Wanted, parts: frozenset[Part]) -> None:
    """What was to be written can be read back."""
    exif, xmp = new
    if Part.EXIF in parts:
        if exif is None:
            raise NotEmbeddable("after writing, its EXIF could not be found")
        tree = read_tree(exif)
        rating = integers(exif, tree.main.get(RATING), tree.order)
        _same(wanted.rating <= 0 or rating == [wanted.rating], "the rating")
        words = tree.main.get(XP_KEYWORDS)
        there = set(keywords_in(value_of(exif, words))) if words is not None else set()
        _same(set(keywords_to_write(wanted.keywords)) <= there, "a keyword")
    if Part.XMP in parts:
        if xmp is None:
            raise NotEmbeddable("after writing, its XMP could not be found")
        there_names = {leaf[0] for leaf in _leaves(xmp)}
        _same({leaf[0] for leaf in _leaves(wanted.xmp)} <= there_names, "what was to be told in XMP")


def _check_reader(before: bytes, after: bytes, known: Format) -> None:
    """What the library's own reader says of the new file."""
    old, trouble = _camera_exif(before, known)
    new, new_trouble = _camera_exif(after, known)
    _same(not new_trouble or bool(trouble), "the readability of its EXIF")
    for field in old.__struct_fields__:
        value = getattr(old, field)
        if value is not None and field not in ("image_description", "software"):
            _same(getattr(new, field) == value, f"the value of {field}")


def _check_taken_back(before: bytes, after: bytes, known: Format, wanted: Wanted, parts: frozenset[Part]) -> None:
    """What a person has taken back is not said any more, and nothing else was taken."""
    if not wanted.taken_back:
        return
    old, _ = read_sources(io.BytesIO(before), len(before), known)
    new, _ = read_sources(io.BytesIO(after), len(after), known)
    written = {Source.EXIF: Part.EXIF in parts, Source.XMP: Part.XMP in parts, Source.IPTC: known in _WITH_IPTC}
    for source in (source for source, is_written in written.items() if is_written):
        there = new.get(source, Metadata())
        _same((word := is_still_said(there, wanted)) is None, f"{word} that a person has taken back")
        words = set(said(old.get(source, Metadata()).keywords) or ()) - set(wanted.taken_back.keywords)
        _same(words <= set(said(there.keywords) or ()), "a keyword")


def _camera_exif(content: bytes, known: Format) -> tuple[Exif, bool]:
    """What the EXIF block alone says, and whether some of the file's metadata is broken."""
    sources, warnings = read_sources(io.BytesIO(content), len(content), known)
    return contract_exif(sources.get(Source.EXIF, Metadata())), bool(warnings)


def _same(is_same: bool, what: str) -> None:
    if not is_same:
        raise NotEmbeddable(f"after writing, {what} was not as before")
