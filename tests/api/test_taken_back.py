"""What a person has taken back does not go out with the Gold file, whoever reads it; nothing else is lost."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from typing import Any

import exiv2  # type: ignore[import-untyped]
import piexif

from tests.api.conftest import Library
from tests.api.test_promotion import add_silver, jpeg

SAID = {
    "Xmp.xmp.Rating": "5",
    "Xmp.MicrosoftPhoto.Rating": "99",
    "Xmp.iptc.Location": "OldPlace",
    "Xmp.iptc.IntellectualGenre": "untouched genre",
    "Xmp.photoshop.City": "Aarhus",
}
LISTS = {
    "Xmp.dc.subject": ("private", "keepme"),
    "Xmp.lr.hierarchicalSubject": ("secret|private", "keepme"),
    "Xmp.digiKam.TagsList": ("secret/private", "keepme"),
}
IPTC = (
    ("Iptc.Envelope.CharacterSet", "\x1b%G"),
    ("Iptc.Application2.ObjectName", "untouched title"),
    ("Iptc.Application2.Keywords", "private"),
    ("Iptc.Application2.Keywords", "keepme"),
    ("Iptc.Application2.SubLocation", "OldPlace"),
    ("Iptc.Application2.Byline", "Untouched Ærø"),
    ("Iptc.Application2.Caption", "OldIPTC"),
)


def written() -> bytes:
    """A JPEG with a rating, keywords, a place and a caption in EXIF, XMP and IPTC, as an editor writes them."""
    plain, with_exif = jpeg(), io.BytesIO()
    exif = piexif.load(plain)
    exif["0th"] |= {
        piexif.ImageIFD.Rating: 5,
        piexif.ImageIFD.RatingPercent: 99,
        piexif.ImageIFD.ImageDescription: "OldIPTC",
        piexif.ImageIFD.XPKeywords: "private;keepme\0".encode("utf-16-le"),
        piexif.ImageIFD.XPComment: "OldIPTC\0".encode("utf-16-le"),
    }
    piexif.insert(piexif.dump(exif), plain, with_exif)
    picture = exiv2.ImageFactory.open(with_exif.getvalue())
    picture.readMetadata()
    for key, value in SAID.items():
        picture.xmpData()[key] = value
    for key, words in LISTS.items():
        bag = exiv2.XmpArrayValue(exiv2.TypeId.xmpBag)
        for word in words:
            bag.read(word)
        picture.xmpData()[key] = bag
    picture.xmpData()["Xmp.dc.description"] = "lang=x-default OldIPTC"
    picture.xmpData()["Xmp.tiff.ImageDescription"] = "lang=x-default OldIPTC"
    for key, value in IPTC:
        picture.iptcData().add(exiv2.IptcKey(key), exiv2.StringValue(value))
    picture.writeMetadata()
    return bytes(picture.io().mmap())


def said(content: bytes) -> dict[str, list[str]]:
    """Every text of XMP and IPTC, by its name."""
    picture = exiv2.ImageFactory.open(content)
    picture.readMetadata()
    found: dict[str, list[str]] = {}
    for datum in (*picture.xmpData(), *picture.iptcData()):
        found.setdefault(datum.key(), []).append(str(datum.value()))
    return found


def told_by_exiftool(content: bytes) -> dict[str, Any]:
    """What exiftool reads, where there is one."""
    if (exiftool := shutil.which("exiftool")) is None:
        return {}
    command = [exiftool, "-j", "-G1", "-a", "-n", "-"]
    read = subprocess.run(command, input=content, capture_output=True, check=True)
    answer: list[dict[str, Any]] = json.loads(read.stdout)
    return answer[0]


async def add(library: Library) -> str:
    """The photo as it is when it has been taken in."""
    return await add_silver(
        library,
        written(),
        rating=5,
        keywords=["private", "keepme"],
        location="OldPlace",
        combined_metadata={"embeddedDescription": "OldIPTC", "ai": {"longDescription": "A machine's words."}},
    )


async def promoted(library: Library, photo_id: str) -> tuple[str, bytes]:
    """The id of the Gold version, and its file."""
    answer = await library.http.post(f"/api/photos/{photo_id}/promote")
    assert answer.status_code == 200, answer.text
    gold = answer.json()
    return gold["id"], library.bench.layout.absolute(gold["filePath"]).read_bytes()


async def edit(library: Library, photo_id: str, **body: Any) -> None:
    answer = await library.http.patch(f"/api/photos/{photo_id}/metadata", json=body)
    assert answer.status_code == 200, answer.text


async def test_what_a_person_has_taken_back_is_not_in_the_gold_file(library: Library) -> None:
    silver_id = await add(library)
    await edit(library, silver_id, rating=0, keywords=["keepme"], location="NewPlace", aiDescription="NewWords")
    gold_id, content = await promoted(library, silver_id)
    for old in ("private", "OldPlace", "OldIPTC", "secret"):
        for encoded in (old.encode(), old.encode("utf-16-le")):
            assert encoded not in content, f"{old} is still in the file, if only where no program looks"
    told = said(content)
    assert told["Xmp.dc.subject"] == ["keepme"]
    assert told["Iptc.Application2.Keywords"] == ["keepme"]
    assert (told["Xmp.iptc.Location"], told["Iptc.Application2.SubLocation"]) == (["NewPlace"], ["NewPlace"])
    assert told["Iptc.Application2.Caption"] == ["NewWords"]
    assert not {"Xmp.xmp.Rating", "Xmp.MicrosoftPhoto.Rating", "Xmp.tiff.ImageDescription"} & told.keys()
    exif = piexif.load(content)
    assert not {piexif.ImageIFD.Rating, piexif.ImageIFD.RatingPercent} & exif["0th"].keys()
    assert bytes(exif["0th"][piexif.ImageIFD.XPKeywords]).decode("utf-16-le").strip("\0") == "keepme"
    assert exif["0th"][piexif.ImageIFD.ImageDescription] == b"NewWords"
    # what nobody has touched
    assert told["Xmp.iptc.IntellectualGenre"] == ["untouched genre"]
    assert told["Xmp.photoshop.City"] == ["Aarhus"]
    assert told["Iptc.Application2.ObjectName"] == ["untouched title"]
    assert told["Iptc.Application2.Byline"] == ["Untouched Ærø"]
    assert exif["0th"][piexif.ImageIFD.Model] == b"X1"
    assert exif["Exif"][piexif.ExifIFD.DateTimeOriginal] == b"2023:05:06 07:08:09"

    if read := told_by_exiftool(content):
        assert not [key for key in read if key.endswith((":Rating", ":RatingPercent", ":SharedRating"))]
        assert read["XMP-dc:Subject"] == read["IPTC:Keywords"] == read["IFD0:XPKeywords"] == "keepme"
        assert read["XMP-iptcCore:Location"] == read["IPTC:Sub-location"] == "NewPlace"
        assert read["XMP-dc:Description"] == read["IPTC:Caption-Abstract"] == "NewWords"
        complaints = ("ExifTool:Warning", "ExifTool:Error")
        assert [read.get(key) for key in complaints] == [told_by_exiftool(written()).get(key) for key in complaints]

    await edit(library, gold_id, keywords=[], location="")
    _, content = await promoted(library, silver_id)
    told = said(content)
    assert not {"Xmp.dc.subject", "Iptc.Application2.Keywords", "Xmp.iptc.Location"} & told.keys()
    assert not {"Xmp.lr.hierarchicalSubject", "Iptc.Application2.SubLocation"} & told.keys()
    assert piexif.ImageIFD.XPKeywords not in piexif.load(content)["0th"]
    for old in ("keepme", "NewPlace", "OldPlace"):
        assert old.encode() not in content
        assert old.encode("utf-16-le") not in content
    assert told["Iptc.Application2.ObjectName"] == ["untouched title"]


async def test_what_nobody_has_taken_back_stays(library: Library) -> None:
    before = written()
    _, content = await promoted(library, await add(library))
    told, was = said(content), said(before)
    assert {key: told[key] for key in was if key not in LISTS} == {key: was[key] for key in was if key not in LISTS}
    for key, words in LISTS.items():
        assert set(words) <= set(", ".join(told[key]).split(", ")), key
    assert piexif.load(content)["0th"][piexif.ImageIFD.ImageDescription] == b"OldIPTC"


async def test_other_stars_take_the_place_of_the_old_ones_everywhere(library: Library) -> None:
    silver_id = await add(library)
    await edit(library, silver_id, rating=3)
    _, content = await promoted(library, silver_id)
    told, exif = said(content), piexif.load(content)["0th"]
    assert told["Xmp.xmp.Rating"] == ["3"]
    assert "Xmp.MicrosoftPhoto.Rating" not in told
    assert (exif[piexif.ImageIFD.Rating], exif[piexif.ImageIFD.RatingPercent]) == (3, 50)
    assert told["Xmp.dc.subject"] == said(written())["Xmp.dc.subject"]
