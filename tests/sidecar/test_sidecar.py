"""Other programs read from a sidecar what we meant; exiv2 is the referee."""

from __future__ import annotations

from datetime import UTC, datetime

import exiv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ai import Confidences
from core.library.sidecar import build_sidecar, read_sidecar
from core.library.sidecar_facts import FaceRegion, Provenance, SidecarFacts
from tests.sidecar.facts import facts_of_a_photo

HOLIDAY = SidecarFacts(
    title="Strand",
    label="Red",
    ai_tags=("beach",),
    event_type="holiday",
    event_name="Sommerferien",
    provenance=(
        Provenance("tags", "ollama", "llava 1a2b", 0.8, datetime(2023, 7, 16, tzinfo=UTC), "llava", "1a2b", "0f" * 8),
        Provenance("place", "geonames"),
    ),
    tier="silver",
    description='Zwei Kinder am Strand: "été" & <Sonne> 🏖',
    keywords=("beach", "Zoë & Co", "Nice"),
    keyword_paths=(("Places", "France", "Nice"), ("People", "Anna")),
    rating=4,
    captured=datetime(2023, 7, 15, 14, 3, 2),
    captured_offset_minutes=120,
    latitude=43.695,
    longitude=-7.265,
    location="Promenade des Anglais",
    city="Nice",
    state="Provence-Alpes-Côte d'Azur",
    country="France",
    country_code="FR",
    people=("Anna", "Bob"),
    faces=(
        FaceRegion(x=0.5, y=0.25, width=0.1, height=0.2, name="Anna"),
        FaceRegion(x=0.1, y=0.2, width=0.05, height=0.04),
    ),
    stored_width=4000,
    stored_height=3000,
    provider="builtin",
    provider_version="1",
    confidences=Confidences(tags=0.8, description=0.75, faces=0.9),
    perceptual_hash="01" * 32,
    original_filename="IMG_0042.jpg",
    sha256="ab" * 32,
    ingested_at=datetime(2023, 7, 16, 8, 0, 0, 123456, tzinfo=UTC),
)


def as_exiv2_reads_it(sidecar: bytes) -> dict[str, object]:
    image = exiv2.ImageFactory.open(sidecar)
    image.readMetadata()
    found: dict[str, object] = {}
    for datum in image.xmpData():
        value = datum.value()
        if isinstance(value, exiv2.LangAltValue):
            found[datum.key()] = dict(value)
        elif isinstance(value, exiv2.XmpArrayValue):
            found[datum.key()] = list(value)
        else:
            found[datum.key()] = datum.toString()
    return found


def test_every_field_reaches_another_program() -> None:
    found = as_exiv2_reads_it(build_sidecar(HOLIDAY))
    regions = "Xmp.mwg-rs.Regions/mwg-rs:"
    first, second = f"{regions}RegionList[1]/mwg-rs:", f"{regions}RegionList[2]/mwg-rs:"
    place, made = "Xmp.iptcExt.LocationCreated[1]/Iptc4xmpExt:", "Xmp.pictallion.Provenance"
    structures = {
        "Xmp.mwg-rs.Regions",
        f"{regions}AppliedToDimensions",
        f"{regions}RegionList",
        f"{regions}RegionList[1]",
        f"{first}Area",
        f"{regions}RegionList[2]",
        f"{second}Area",
        "Xmp.pictallion.Confidences",
        "Xmp.iptcExt.LocationCreated",
        "Xmp.iptcExt.LocationCreated[1]",
        "Xmp.pictallion.Provenance",
        "Xmp.pictallion.Provenance[1]",
        "Xmp.pictallion.Provenance[2]",
    }
    assert {key: value for key, value in found.items() if key not in structures} == {
        "Xmp.dc.title": {"x-default": "Strand"},
        "Xmp.xmp.Label": "Red",
        "Xmp.iptcExt.Event": {"x-default": "Sommerferien"},
        f"{place}Sublocation": "Promenade des Anglais",
        f"{place}City": "Nice",
        f"{place}ProvinceState": "Provence-Alpes-Côte d'Azur",
        f"{place}CountryName": "France",
        f"{place}CountryCode": "FR",
        "Xmp.pictallion.Tier": "silver",
        "Xmp.pictallion.EventType": "holiday",
        "Xmp.pictallion.AiTags": ["beach"],
        f"{made}[1]/pictallion:Value": "tags",
        f"{made}[1]/pictallion:Provider": "ollama",
        f"{made}[1]/pictallion:Version": "llava 1a2b",
        f"{made}[1]/pictallion:Model": "llava",
        f"{made}[1]/pictallion:PromptVersion": "1a2b",
        f"{made}[1]/pictallion:Digest": "0f0f0f0f0f0f0f0f",
        f"{made}[1]/pictallion:Confidence": "0.8000",
        f"{made}[1]/pictallion:Date": "2023-07-16T00:00:00+00:00",
        f"{made}[2]/pictallion:Value": "place",
        f"{made}[2]/pictallion:Provider": "geonames",
        "Xmp.dc.description": {"x-default": 'Zwei Kinder am Strand: "été" & <Sonne> 🏖'},
        "Xmp.dc.subject": ["beach", "Zoë & Co", "Nice"],
        "Xmp.lr.hierarchicalSubject": ["beach", "Zoë & Co", "Places|France|Nice", "People|Anna"],
        "Xmp.digiKam.TagsList": ["beach", "Zoë & Co", "Places/France/Nice", "People/Anna"],
        "Xmp.xmp.Rating": "4",
        "Xmp.exif.DateTimeOriginal": "2023-07-15T14:03:02+02:00",
        "Xmp.photoshop.DateCreated": "2023-07-15T14:03:02+02:00",
        "Xmp.xmp.CreateDate": "2023-07-15T14:03:02+02:00",
        "Xmp.exif.GPSLatitude": "43,41.700000N",
        "Xmp.exif.GPSLongitude": "7,15.900000W",
        "Xmp.iptc.Location": "Promenade des Anglais",
        "Xmp.photoshop.City": "Nice",
        "Xmp.photoshop.State": "Provence-Alpes-Côte d'Azur",
        "Xmp.photoshop.Country": "France",
        "Xmp.iptc.CountryCode": "FR",
        "Xmp.iptcExt.PersonInImage": ["Anna", "Bob"],
        f"{regions}AppliedToDimensions/stDim:w": "4000",
        f"{regions}AppliedToDimensions/stDim:h": "3000",
        f"{regions}AppliedToDimensions/stDim:unit": "pixel",
        f"{first}Name": "Anna",
        f"{first}Type": "Face",
        f"{first}Area/stArea:x": "0.500000",
        f"{first}Area/stArea:y": "0.250000",
        f"{first}Area/stArea:w": "0.100000",
        f"{first}Area/stArea:h": "0.200000",
        f"{first}Area/stArea:unit": "normalized",
        f"{second}Type": "Face",
        f"{second}Area/stArea:x": "0.100000",
        f"{second}Area/stArea:y": "0.200000",
        f"{second}Area/stArea:w": "0.050000",
        f"{second}Area/stArea:h": "0.040000",
        f"{second}Area/stArea:unit": "normalized",
        "Xmp.pictallion.IngestedAt": "2023-07-16T08:00:00.123456+00:00",
        "Xmp.pictallion.Provider": "builtin",
        "Xmp.pictallion.ProviderVersion": "1",
        "Xmp.pictallion.Confidences/pictallion:tags": "0.8000",
        "Xmp.pictallion.Confidences/pictallion:description": "0.7500",
        "Xmp.pictallion.Confidences/pictallion:objects": "0.0000",
        "Xmp.pictallion.Confidences/pictallion:faces": "0.9000",
        "Xmp.pictallion.Confidences/pictallion:events": "0.0000",
        "Xmp.pictallion.Confidences/pictallion:place": "0.0000",
        "Xmp.pictallion.PerceptualHash": "01" * 32,
        "Xmp.pictallion.OriginalFilename": "IMG_0042.jpg",
        "Xmp.pictallion.SHA256": "ab" * 32,
    }


def test_a_photo_about_which_nothing_is_known_has_an_empty_but_readable_sidecar() -> None:
    sidecar = build_sidecar(SidecarFacts())
    assert as_exiv2_reads_it(sidecar) == {}
    assert read_sidecar(sidecar) == SidecarFacts()
    assert b"mwg-rs" not in sidecar


def test_lists_have_the_shape_that_their_readers_expect() -> None:
    image = exiv2.ImageFactory.open(build_sidecar(HOLIDAY))
    image.readMetadata()
    shapes = {datum.key(): datum.typeName() for datum in image.xmpData()}
    assert shapes["Xmp.dc.subject"] == shapes["Xmp.lr.hierarchicalSubject"] == "XmpBag"
    assert shapes["Xmp.digiKam.TagsList"] == "XmpSeq"
    assert shapes["Xmp.iptcExt.PersonInImage"] == "XmpBag"


def test_no_rating_is_not_the_rating_zero() -> None:
    assert b"Rating" not in build_sidecar(SidecarFacts(rating=0))
    assert as_exiv2_reads_it(build_sidecar(SidecarFacts(rating=-1)))["Xmp.xmp.Rating"] == "-1"


def test_a_capture_time_whose_zone_nobody_knows_claims_none() -> None:
    found = as_exiv2_reads_it(build_sidecar(SidecarFacts(captured=datetime(2023, 7, 15, 14, 3, 2, 250000))))
    assert found["Xmp.exif.DateTimeOriginal"] == "2023-07-15T14:03:02.250000"


def test_a_keyword_with_a_slash_stays_one_keyword() -> None:
    found = as_exiv2_reads_it(build_sidecar(SidecarFacts(keywords=("AC/DC", "a|b"))))
    assert found["Xmp.dc.subject"] == ["AC/DC", "a|b"]
    assert found["Xmp.digiKam.TagsList"] == found["Xmp.lr.hierarchicalSubject"] == ["AC-DC", "a-b"]


def test_a_person_with_a_region_is_named_among_those_in_the_picture() -> None:
    face = FaceRegion(x=0.5, y=0.5, width=0.1, height=0.1, name="Anna")
    facts = SidecarFacts(people=("Bob",), faces=(face,), stored_width=10, stored_height=10)
    assert as_exiv2_reads_it(build_sidecar(facts))["Xmp.iptcExt.PersonInImage"] == ["Bob", "Anna"]


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    facts = SidecarFacts(description="a\x00b\x0bc\ud800d\uffffe", keywords=("\x01", "x\x02"))
    assert read_sidecar(build_sidecar(facts)) == SidecarFacts(description="abcde", keywords=("x",))


def test_sixty_minutes_are_a_degree() -> None:
    found = as_exiv2_reads_it(build_sidecar(SidecarFacts(latitude=48.99999999999, longitude=-0.0)))
    assert found["Xmp.exif.GPSLatitude"] == "49,0.000000N"
    assert found["Xmp.exif.GPSLongitude"] == "0,0.000000E"


@pytest.mark.parametrize(
    "facts",
    [
        SidecarFacts(latitude=90.5, longitude=0.0),
        SidecarFacts(latitude=0.0, longitude=float("nan")),
        SidecarFacts(rating=6),
    ],
)
def test_what_cannot_be_true_is_not_written(facts: SidecarFacts) -> None:
    with pytest.raises(ValueError, match=r"position|rating"):
        build_sidecar(facts)


@settings(max_examples=800, deadline=None)
@given(facts_of_a_photo())
def test_what_is_written_is_read_back(facts: SidecarFacts) -> None:
    sidecar = build_sidecar(facts)
    assert read_sidecar(sidecar) == facts
    assert build_sidecar(read_sidecar(sidecar)) == sidecar


def test_a_sidecar_of_another_program_is_understood() -> None:
    """Attributes instead of elements, nested Descriptions, several of them, and an older date."""
    packet = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
     <rdf:Description rdf:about="" xmlns:xap="http://ns.adobe.com/xap/1.0/" xap:Rating="3"
        xmlns:p="http://ns.adobe.com/photoshop/1.0/" p:DateCreated="2019-02-03T04:05:06-05:00" p:City=" Oslo "/>
     <rdf:Description rdf:about="" xmlns:mwg="http://www.metadataworkinggroup.com/schemas/regions/"
        xmlns:d="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:a="http://ns.adobe.com/xmp/sType/Area#"
        xmlns:dc="http://purl.org/dc/elements/1.1/">
      <dc:description><rdf:Alt><rdf:li xml:lang="no">Sommer</rdf:li>
       <rdf:li xml:lang="x-default">Summer</rdf:li></rdf:Alt>
      </dc:description>
      <mwg:Regions><rdf:Description><mwg:AppliedToDimensions d:w="640" d:h="480" d:unit="pixel"/>
       <mwg:RegionList><rdf:Bag>
        <rdf:li><rdf:Description mwg:Name="Anna" mwg:Type="Face"><mwg:Area a:x="0.5" a:y="0.25" a:w="0.1" a:h="0.2"/>
         </rdf:Description></rdf:li>
        <rdf:li><rdf:Description mwg:Name="Rex" mwg:Type="Pet"><mwg:Area a:x="0.5" a:y="0.25" a:w="0.1" a:h="0.2"/>
         </rdf:Description></rdf:li>
        <rdf:li><rdf:Description mwg:Type="Face"><mwg:Area a:x="middle"/></rdf:Description></rdf:li>
       </rdf:Bag></mwg:RegionList></rdf:Description></mwg:Regions>
     </rdf:Description></rdf:RDF></x:xmpmeta>"""
    assert read_sidecar(packet.encode()) == SidecarFacts(
        description="Summer",
        rating=3,
        captured=datetime(2019, 2, 3, 4, 5, 6),
        captured_offset_minutes=-300,
        city="Oslo",
        faces=(FaceRegion(x=0.5, y=0.25, width=0.1, height=0.2, name="Anna"),),
        stored_width=640,
        stored_height=480,
    )


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("48,51,30.24N", "2,17.67E", (48.8584, 2.2945)),
        ("48,51.504S", "2,17.67W", (-48.8584, -2.2945)),
        ("48.8584", "2,17.67E", (None, None)),
        ("48,51.504E", "2,17.67E", (None, None)),
        ("91,0.0N", "2,17.67E", (None, None)),
    ],
)
def test_coordinates_are_read_in_all_their_forms_or_not_at_all(
    latitude: str, longitude: str, expected: tuple[float | None, float | None]
) -> None:
    packet = build_sidecar(SidecarFacts(latitude=1.0, longitude=2.0)).decode()
    packet = packet.replace("1,0.000000N", latitude).replace("2,0.000000E", longitude)
    facts = read_sidecar(packet.encode())
    assert (facts.latitude, facts.longitude) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "well-formed"),
        (b"not xml", "well-formed"),
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "no RDF"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "document type"),
        (b"<a>" + b" " * 17_000_000 + b"</a>", "bytes"),
    ],
)
def test_what_is_no_xmp_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_sidecar(data)


def test_entities_that_multiply_are_not_expanded() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "{"x" * 100}">{entities}]><a b="&e9;">&e9;</a>'
    with pytest.raises(ValueError, match=r"well-formed|document type"):
        read_sidecar(bomb.encode())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_sidecar_is_refused_or_read_but_never_breaks_the_reader(data: st.DataObject) -> None:
    sidecar = bytearray(build_sidecar(HOLIDAY))
    for _ in range(data.draw(st.integers(1, 8))):
        sidecar[data.draw(st.integers(0, len(sidecar) - 1))] = data.draw(st.integers(0, 255))
    reason = ""
    try:
        read_sidecar(bytes(sidecar))
    except ValueError as error:
        reason = str(error)
    assert not reason or reason.startswith("The sidecar")
