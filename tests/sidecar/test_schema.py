"""Every packet that we write has the types that the schemas of XMP give to its properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.xmp_merge import Side, merge_packets
from tests.sidecar.facts import facts_of_a_photo
from tests.sidecar.foreign import ALL
from tests.sidecar.schema import violations


@settings(max_examples=200, deadline=None)
@given(facts_of_a_photo())
def test_what_we_write_and_what_we_merge_keeps_to_the_schemas(facts: SidecarFacts) -> None:
    own = build_sidecar(facts)
    assert violations(own) == []
    for theirs in ALL.values():
        assert violations(merge_packets(theirs.encode(), None, own, Side.OURS).packet or b"") == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [(b"<rdf:Bag>", b"<rdf:Alt>"), (b"<xmp:Rating>4", b"<xmp:Rating>9"), (b'xml:lang="x-default"', b"")],
)
def test_the_schema_finds_what_is_wrong(good: bytes, bad: bytes) -> None:
    packet = build_sidecar(SidecarFacts(description="a", keywords=("b",), rating=4))
    assert good in packet
    assert violations(packet.replace(good, bad).replace(good.replace(b"<", b"</"), bad.replace(b"<", b"</"))) != []
