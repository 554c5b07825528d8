"""Several programs share one sidecar: nobody's words are lost, and who changed something is heard."""

from __future__ import annotations

import re
from datetime import datetime

import exiv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.library.sidecar import build_sidecar, read_sidecar
from core.library.sidecar_facts import FaceRegion, SidecarFacts
from core.media.xmp_merge import Merged, Side, merge_packets
from tests.sidecar.facts import facts_of_a_photo
from tests.sidecar.foreign import ALL, DARKTABLE, DIGIKAM, LIGHTROOM

OURS = SidecarFacts(
    title="At the sea",
    description="Two children on a beach",
    keywords=("beach", "people"),
    rating=2,
    captured=datetime(2024, 7, 26, 14, 30, 25),
    captured_offset_minutes=120,
    latitude=48.1,
    longitude=2.2,
    faces=(FaceRegion(0.5, 0.5, 0.25, 0.25, "Grace"), FaceRegion(0.9, 0.9, 0.1, 0.1)),
    stored_width=96,
    stored_height=64,
    sha256="ab" * 32,
)


def merged(theirs: str | bytes, base: SidecarFacts | None, ours: SidecarFacts, prefer: Side = Side.THEIRS) -> Merged:
    data = theirs.encode() if isinstance(theirs, str) else theirs
    return merge_packets(data, None if base is None else build_sidecar(base), build_sidecar(ours), prefer)


def foreign_lines(packet: str) -> list[str]:
    """What is of no concern to us, line by line."""
    wanted = r"darktable:|crs:|digiKam:(Pick|Color)|MicrosoftPhoto:|tagged at home|xmpMM|Rex|fr-FR|x:xmptk|MetadataDate"
    return [line.strip().rstrip("/>") for line in packet.splitlines() if re.search(wanted, line)]


@pytest.mark.parametrize("program", ALL)
def test_what_other_programs_keep_there_stays_and_all_that_we_know_is_added(program: str) -> None:
    theirs = ALL[program]
    packet = merged(theirs, None, OURS).packet
    assert packet is not None
    text = packet.decode()
    for line in foreign_lines(theirs):
        assert line in text
    found = read_sidecar(packet)
    assert found.sha256 == OURS.sha256
    assert {"beach", "people"} <= set(found.keywords) >= set(read_sidecar(theirs.encode()).keywords)
    assert found.rating == read_sidecar(theirs.encode()).rating != 0
    image = exiv2.ImageFactory.open(packet)
    image.readMetadata()
    assert len(image.xmpData()) > 20
    assert merged(packet, None, OURS).packet is None, "a second time there is nothing to do"
    assert merged(packet, OURS, OURS).packet is None


def test_a_prefix_that_is_in_use_is_used_and_one_that_means_something_else_is_refused() -> None:
    packet = merged(DIGIKAM, None, OURS).packet or b""
    assert b"xap:CreateDate" in packet
    assert b"xmlns:xmp=" not in packet
    clash = DARKTABLE.replace("http://darktable.sf.net/", "http://purl.org/dc/elements/1.1/x").replace(
        "darktable:", "digiKam:"
    )
    clash = clash.replace("xmlns:darktable", "xmlns:digiKam")
    with pytest.raises(ValueError, match="prefix digiKam"):
        merged(clash, None, OURS)


def test_only_one_side_has_changed_something() -> None:
    base = build_sidecar(OURS)
    theirs = base.replace(b"At the sea", b"At the lake").replace(b"<xmp:Rating>2", b"<xmp:Rating>5")
    ours = SidecarFacts(**{**{f: getattr(OURS, f) for f in OURS.__struct_fields__}, "description": "Three children"})
    for prefer in Side:
        result = merge_packets(theirs, base, build_sidecar(ours), prefer)
        found = read_sidecar(result.packet or b"")
        assert (found.title, found.rating, found.description) == ("At the lake", 5, "Three children")
        assert result.conflicts == ()


def test_both_have_changed_something() -> None:
    base = build_sidecar(OURS)
    theirs = base.replace(b"At the sea", b"At the lake")
    ours = base.replace(b"At the sea", b"In the sea")
    assert merge_packets(theirs, base, ours) == Merged(None, ("dc:title",))
    result = merge_packets(theirs, base, ours, Side.OURS)
    assert read_sidecar(result.packet or b"").title == "In the sea"
    assert result.conflicts == ("dc:title",)


def test_words_that_were_taken_away_by_either_side_do_not_come_back() -> None:
    base = build_sidecar(SidecarFacts(keywords=("a", "b", "c")))
    theirs = build_sidecar(SidecarFacts(keywords=("b", "c", "theirs")))
    ours = build_sidecar(SidecarFacts(keywords=("a", "c", "ours")))
    assert set(read_sidecar(merge_packets(theirs, base, ours).packet or b"").keywords) == {"c", "theirs", "ours"}


def test_a_face_that_somebody_named_keeps_that_name_and_a_pet_stays_a_pet() -> None:
    nobody = SidecarFacts(faces=(FaceRegion(0.51, 0.5, 0.25, 0.25),), stored_width=96, stored_height=64)
    packet = merged(DIGIKAM, nobody, nobody).packet
    assert packet is None or b"Ada" in packet
    named = SidecarFacts(faces=(FaceRegion(0.51, 0.5, 0.25, 0.25, "Grace"),), stored_width=96, stored_height=64)
    assert [face.name for face in read_sidecar(merged(DIGIKAM, nobody, named).packet or b"").faces] == ["Ada"]
    packet = merged(DIGIKAM, nobody, named, Side.OURS).packet or b""
    assert [face.name for face in read_sidecar(packet).faces] == ["Grace"]
    assert b"Rex" in packet


def test_only_the_default_of_several_languages_changes() -> None:
    base = SidecarFacts(description="Seen from <below>")
    packet = merged(LIGHTROOM, base, SidecarFacts(description="From below")).packet or b""
    assert read_sidecar(packet).description == "From below"
    assert "Vue d'en bas" in packet.decode()


def test_the_same_in_other_words_is_no_change() -> None:
    ours = SidecarFacts(latitude=48.8584, longitude=2.2945, captured=datetime(2024, 7, 26, 14, 30, 25, 500000))
    packet = merged(LIGHTROOM, None, ours, Side.OURS).packet or b""
    assert b'exif:GPSLatitude="48,51.504N"' in packet
    assert b'photoshop:DateCreated="2024-07-26T14:30:25.50"' in packet


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ("<a/>", "no RDF"),
        ("not xml", "well-formed"),
        (DARKTABLE.replace('"UTF-8"', '"ISO-8859-1"'), "ISO-8859-1"),
        (DARKTABLE.replace('encoding="UTF-8"?>', 'encoding="UTF-8"?><!DOCTYPE x>'), "document type"),
        (DARKTABLE.replace("</rdf:RDF>", '<dc:x xmlns:dc="http://purl.org/dc/elements/1.1/"/></rdf:RDF>'), "rdf:Desc"),
        (DIGIKAM.replace("xap:Rating", "xap:Rating", 1).replace("<digiKam:TagsList>", "<xap:Rating>4</xap:Rating>"
         "<digiKam:TagsList>", 1), "2 times"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_safely_is_refused(theirs: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        merged(theirs, None, OURS)


def test_comments_and_cdata_stay() -> None:
    theirs = DARKTABLE.replace("</rdf:RDF>", "</rdf:RDF><!-- mine --><?app keep?>").replace(
        "<rdf:li>darktable|exported</rdf:li>", "<rdf:li><![CDATA[a<b]]></rdf:li>"
    )
    packet = (merged(theirs, None, OURS).packet or b"").decode()
    for part in ("<!-- mine -->", "<?app keep?>", "<![CDATA[a<b]]>"):
        assert part in packet
    assert packet.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<x:xmpmeta')


@settings(max_examples=300, deadline=None)
@given(facts_of_a_photo(), facts_of_a_photo(), facts_of_a_photo(), st.sampled_from(Side))
def test_merging_has_laws(base: SidecarFacts, theirs: SidecarFacts, ours: SidecarFacts, prefer: Side) -> None:
    b, t, o = map(build_sidecar, (base, theirs, ours))
    assert merge_packets(t, b, b, prefer).packet is None, "who changes nothing writes nothing"
    assert read_sidecar(merge_packets(b, b, o, prefer).packet or b) == read_sidecar(o), "nobody else changed anything"
    once = merge_packets(t, b, o, prefer).packet or t
    assert read_sidecar(merge_packets(once, o, o, prefer).packet or once) == read_sidecar(once), "once is enough"
    kept = read_sidecar(once)
    if theirs.title != base.title and prefer is Side.THEIRS:
        assert kept.title == theirs.title
    if theirs.title == base.title:
        assert kept.title == ours.title
    assert set(kept.keywords) == (set(theirs.keywords) - (set(base.keywords) - set(ours.keywords))) | (
        set(ours.keywords) - set(base.keywords)
    )


@settings(max_examples=100, deadline=None)
@given(facts_of_a_photo(), st.sampled_from(sorted(ALL)), st.sampled_from(Side))
def test_what_is_foreign_is_kept_whatever_we_write(ours: SidecarFacts, program: str, prefer: Side) -> None:
    text = (merged(ALL[program], None, ours, prefer).packet or ALL[program].encode()).decode()
    for line in foreign_lines(ALL[program]):
        assert line in text
