"""A word that a person has taken back goes, from wherever it stands, and takes nothing else with it."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.library.embedding.checks import check
from core.library.embedding.embed import Way
from core.library.embedding.iptc_records import records_without, section_without, untouched_records
from core.library.embedding.part import BOTH
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.taken_back import taken_back
from core.library.embedding.wanted import TakenBack, Wanted
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.facts import Format
from core.media.formats import JPEG, PNG, TIFF, WEBP
from core.media.identify import read_sources
from core.media.iptc import iptc_metadata
from core.media.metadata import value_of
from core.media.precedence import Source
from tests.embedding.media import chunk, exif_block, exif_segment, gold, jpeg, packet, png, segment, xmp_segment

XMP = packet(
    "<dc:subject><rdf:Bag><rdf:li>private</rdf:li><rdf:li>keepme</rdf:li></rdf:Bag></dc:subject>"
    "<lr:hierarchicalSubject><rdf:Bag><rdf:li>a|private|b</rdf:li></rdf:Bag></lr:hierarchicalSubject>"
    "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li rdf:parseType='Resource'>"
    "<Iptc4xmpExt:Sublocation>OldPlace</Iptc4xmpExt:Sublocation><Iptc4xmpExt:City>Aarhus</Iptc4xmpExt:City>"
    "</rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"
    "<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>Old\twords</rdf:li>"
    "<rdf:li xml:lang='de'>Andere Worte</rdf:li><rdf:li xml:lang='en'>Old words</rdf:li></rdf:Alt></dc:description>"
    "<tiff:ImageDescription><rdf:Alt><rdf:li xml:lang='x-default'>OLYMPUS DIGITAL CAMERA</rdf:li></rdf:Alt>"
    "</tiff:ImageDescription><exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>Old words</rdf:li></rdf:Alt>"
    "</exif:UserComment><!-- a comment -->",
    'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:xap="http://ns.adobe.com/xap/1.0/" xap:Rating="5" '
    'xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" Iptc4xmpCore:Location="OldPlace"',
)
EXIF = exif_block(
    ">",
    extra=[
        (0x4746, 3, b"\0\5"),
        (0x010E, 2, b"Old words\0"),
        (0x9C9C, 1, "Old words\0".encode("utf-16-le")),
        (0x9C9E, 1, "private;keepme\0".encode("utf-16-le")),
    ],
)
WORDS = ("private", "OldPlace", "Old words", "Old\twords")


def dataset(number: int, content: bytes, record: int = 2) -> bytes:
    return bytes([0x1C, record, number]) + len(content).to_bytes(2, "big") + content


RECORDS = b"".join(
    (
        *(dataset(25, b"private"), dataset(25, b"keepme"), dataset(92, b"OldPlace")),
        *(dataset(80, "Bj\xf8rn".encode("latin-1")), dataset(120, b"Old words"), dataset(55, b"20230506")),
    )
)


def resource(number: int, content: bytes) -> bytes:
    return (
        b"8BIM"
        + number.to_bytes(2, "big")
        + b"\0\0"
        + len(content).to_bytes(4, "big")
        + content
        + b"\0" * (len(content) % 2)
    )


SECTION = resource(0x03ED, b"resolution info ") + resource(0x0404, RECORDS)
SECTION += resource(0x0425, hashlib.md5(RECORDS).digest()) + resource(0x0BB7, b"foreign")


def tiff() -> bytes:
    buffer = io.BytesIO()
    picture = Image.radial_gradient("L").resize((24, 24))
    tags: dict[int, Any] = {0x010E: "Old words", 700: XMP, 33723: RECORDS, 34377: SECTION}
    picture.save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()


def webp() -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((24, 24)).save(buffer, "WEBP", exif=b"Exif\0\0" + EXIF, xmp=XMP)
    return buffer.getvalue()


FILES = {
    "JPEG": (JPEG, jpeg(exif_segment(EXIF), xmp_segment(XMP), segment(0xED, b"Photoshop 3.0\0" + SECTION))),
    "IPTC of a JPEG alone": (JPEG, jpeg(segment(0xED, b"Photoshop 3.0\0" + SECTION))),
    "PNG": (PNG, png(chunk(b"eXIf", EXIF), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP))),
    "WebP": (WEBP, webp()),
    "TIFF": (TIFF, tiff()),
}


def wanted_in(before: bytes, known: Format, **words: Any) -> Wanted:
    """What a person says now, of a file which said otherwise."""
    facts = SidecarFacts(**words)
    said, warnings = read_sources(io.BytesIO(before), len(before), known)
    assert not warnings
    wanted = Wanted(is_described_by_person=True, xmp=build_sidecar(facts), **words)
    return msgspec.structs.replace(wanted, taken_back=taken_back(said, wanted))


@pytest.mark.parametrize(
    "now",
    [
        {"keywords": ("keepme",), "rating": 2, "location": "Næstved", "description": "Neue Worte"},
        {},
    ],
    ids=["something else", "nothing"],
)
@pytest.mark.parametrize(("known", "before"), FILES.values(), ids=FILES.keys())
def test_no_part_of_a_file_says_it_any_more(known: Format, before: bytes, now: dict[str, Any]) -> None:
    assert any(word.encode() in before for word in WORDS)
    made, after = gold(before, known, wanted_in(before, known, **now))
    assert (made.way, made.reasons) == (Way.FULL, ())
    for word in WORDS:
        for encoded in (word.encode(), word.encode("utf-16-le")):
            assert encoded not in after, f"{word} is still in the file"
    old, _ = read_sources(io.BytesIO(before), len(before), known)
    new, _ = read_sources(io.BytesIO(after), len(after), known)
    for source, was in old.items():
        told = new[source]
        assert value_of(told.rating) in (None, now.get("rating")), source
        if was.keywords is not None:
            assert value_of(told.keywords) == now.get("keywords"), source
        assert value_of(told.location) in (None, now.get("location")), source
        assert value_of(told.creators) == value_of(was.creators), "nobody has touched it"
        assert told.taken == was.taken, "nobody has touched it"
    if b"Andere Worte" in before:
        assert b"Andere Worte" in after
        assert b"Aarhus" in after
        assert b"OLYMPUS DIGITAL CAMERA" in after
        assert b"<!-- a comment -->" in after


def test_what_cannot_be_taken_out_is_told() -> None:
    before = jpeg(exif_segment(EXIF), xmp_segment(XMP), xmp_segment(XMP), segment(0xED, b"Photoshop 3.0\0" + SECTION))
    wanted = Wanted(taken_back=TakenBack(keywords=("private",)), xmp=build_sidecar(SidecarFacts(title="Title")))
    made, after = gold(before, JPEG, wanted)
    assert made.way is Way.EXIF_ONLY
    assert "its XMP still says a keyword that was taken back" in made.reasons
    said, _ = read_sources(io.BytesIO(after), len(after), JPEG)
    assert [value_of(said[source].keywords) for source in (Source.EXIF, Source.IPTC)] == [("keepme",)] * 2


def test_the_check_asks_for_it() -> None:
    known, before = FILES["JPEG"]
    wanted = wanted_in(before, known, keywords=("keepme",))
    _, after = gold(before, known, msgspec.structs.replace(wanted, taken_back=TakenBack()))
    assert b"private" in after
    with pytest.raises(NotEmbeddable, match="a keyword that a person has taken back"):
        check(before, after, known, wanted, BOTH)


def test_the_digest_by_which_programs_compare_iptc_with_xmp_stays_right() -> None:
    wanted = Wanted(taken_back=TakenBack(keywords=("private",)))
    changed = section_without(SECTION, wanted)
    records = records_without(RECORDS, wanted)
    assert records in changed
    assert hashlib.md5(records).digest() in changed
    other = SECTION.replace(hashlib.md5(RECORDS).digest(), b"x" * 16)
    assert b"x" * 16 in section_without(other, wanted), "what was wrong before is not called right"


def test_what_iptc_has_no_room_for_stands_in_xmp_alone() -> None:
    wanted = Wanted(location="x" * 33, description="ø", taken_back=TakenBack((), ("OldPlace",), ("Old words",)))
    said = iptc_metadata(records_without(RECORDS, wanted))
    assert (said.location, said.description) == (None, None), "too long, and no letter that these records can hold"


def test_a_keyword_that_was_cut_goes_with_the_whole_one() -> None:
    word = "a keyword of many more letters than the sixty-four that there is room for"
    wanted = Wanted(taken_back=TakenBack(keywords=(word,)))
    assert records_without(dataset(25, word[:64].encode()), wanted) == b""


@given(
    st.lists(st.tuples(st.sampled_from((5, 25, 80, 92, 120)), st.text(max_size=8)), max_size=8),
    st.lists(st.text(max_size=8), max_size=3),
)
def test_only_what_is_taken_back_leaves_the_records(said: list[tuple[int, str]], gone: list[str]) -> None:
    records = dataset(90, b"\x1b%G", 1) + b"".join(dataset(number, text.encode()) for number, text in said)
    assert records_without(records, Wanted()) == records
    words = tuple(filter(None, (value.strip() for value in gone)))
    after = records_without(records, Wanted(taken_back=TakenBack(keywords=words)))
    assert untouched_records(after) == untouched_records(records)
    left = value_of(iptc_metadata(records).keywords) or ()
    assert value_of(iptc_metadata(after).keywords) == (tuple(word for word in left if word not in words) or None)
