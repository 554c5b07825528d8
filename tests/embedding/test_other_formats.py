"""PNG, WebP and TIFF get their metadata and lose nothing; the rest is never written into."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageSequence

from core.library.embedding.embed import Way
from core.library.embedding.png import read_png
from core.library.embedding.tiff_directory import read_tree
from core.library.embedding.webp import read_webp
from core.library.sidecar import read_sidecar
from core.media import formats
from core.media.contract_exif import contract_exif
from core.media.formats import PNG, TIFF, WEBP
from core.media.identify import read_sources
from core.media.precedence import Source
from tests.embedding.media import FACTS, WANTED, chunk, exif_block, gold, packet, pixels, png


def xmp_chunk(content: bytes, flags: bytes = b"\0\0") -> bytes:
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + flags + b"\0\0" + content)


def webp(**options: object) -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((24, 18)).convert("RGB").save(buffer, "WEBP", **options)
    return buffer.getvalue()


def animation() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return buffer.getvalue()


def tiff(pages: int = 1, **options: object) -> bytes:
    buffer = io.BytesIO()
    page = Image.radial_gradient("L").resize((24, 18))
    page.save(buffer, "TIFF", save_all=True, append_images=[page.rotate(90)] * (pages - 1), **options)
    return buffer.getvalue()


def opened(data: bytes) -> tuple[int | None, str | None, int]:
    """Rating and description that Pillow reads from EXIF, and how many frames there are."""
    with Image.open(io.BytesIO(data)) as picture:
        exif = picture.getexif()
        # Pillow takes all text for Latin-1
        return (
            exif.get(0x4746),
            exif[0x010E].encode("latin-1").decode() if 0x010E in exif else None,
            getattr(picture, "n_frames", 1),
        )


PNGS = {
    "plain": png(),
    "with EXIF": png(chunk(b"eXIf", exif_block())),
    "with EXIF and XMP": png(chunk(b"eXIf", exif_block(">")), xmp_chunk(packet("", padding=3000))),
    "with other chunks": png(chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"prVt", b"private")),
}


@pytest.mark.parametrize("before", PNGS.values(), ids=PNGS.keys())
def test_a_png_gets_exif_and_xmp(before: bytes) -> None:
    made, after = gold(before, PNG)
    assert (made.way, made.reasons) == (Way.FULL, ())
    assert pixels(after) == pixels(before)
    assert opened(after)[:2] == (4, WANTED.description)
    chunks = {each.kind: after[each.data : each.end - 4] for each in read_png(after)}
    assert read_sidecar(chunks[b"iTXt"].partition(b"\0\0\0\0\0")[2]).rating == FACTS.rating
    ours = (b"eXIf", b"iTXt")
    others = [
        [data[each.start : each.end] for each in read_png(data) if each.kind not in ours] for data in (before, after)
    ]
    assert others[0] == others[1]
    kinds = [each.kind for each in read_png(after)]
    assert kinds.index(b"eXIf") < kinds.index(b"IDAT")


PNGS_LEFT_ALONE = {
    "content credentials": png(chunk(b"caBX", b"signed")),
    "an older form": png(chunk(b"zTXt", b"Raw profile type exif\0\0x")),
    "no end": png()[:-12],
    "two packets": png(xmp_chunk(packet("")), xmp_chunk(packet("")), chunk(b"eXIf", b"broken")),
}


@pytest.mark.parametrize("before", PNGS_LEFT_ALONE.values(), ids=PNGS_LEFT_ALONE.keys())
def test_a_png_that_cannot_be_written_into_safely_is_left_alone(before: bytes) -> None:
    made, after = gold(before, PNG)
    assert (made.way, after) == (Way.SIDECAR_ONLY, before)
    assert made.reasons


WEBPS = {
    "lossy": webp(),
    "lossless": webp(lossless=True),
    "with EXIF": webp(exif=b"Exif\0\0" + exif_block()),
    "with both": webp(exif=exif_block(">"), xmp=packet("")),
    "with a profile": webp(icc_profile=bytes(200)),
    "with XMP only": webp(xmp=packet("")),
    "animation": animation(),
}


@pytest.mark.parametrize("before", WEBPS.values(), ids=WEBPS.keys())
def test_a_webp_gets_exif_and_xmp(before: bytes) -> None:
    made, after = gold(before, WEBP)
    assert (made.way, made.reasons) == (Way.FULL, ())
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert [frame.tobytes() for frame in ImageSequence.Iterator(old)] == [
            frame.tobytes() for frame in ImageSequence.Iterator(new)
        ]
    assert opened(after)[:2] == (4, WANTED.description)
    chunks, end = read_webp(after)
    assert end == len(after)
    kinds = [each.kind for each in chunks]
    assert kinds[0] == b"VP8X"
    assert kinds[-2:] == [b"EXIF", b"XMP "]
    assert after[chunks[0].data] & 0x0C == 0x0C


def test_a_broken_webp_is_left_alone() -> None:
    before = webp()[:-7]
    made, after = gold(before, WEBP)
    assert (made.way, after) == (Way.SIDECAR_ONLY, before)


TIFFS = {
    "one page": tiff(),
    "compressed": tiff(compression="tiff_lzw"),
    "many pages": tiff(pages=3),
    "with a profile": tiff(icc_profile=bytes(300)),
    "with XMP": tiff(tiffinfo={700: packet("")}),
}


@pytest.mark.parametrize("before", TIFFS.values(), ids=TIFFS.keys())
def test_a_tiff_gets_exif_and_xmp_behind_its_end(before: bytes) -> None:
    made, after = gold(before, TIFF)
    assert (made.way, made.reasons) == (Way.FULL, ())
    assert (after[:4], after[8 : len(before)]) == (before[:4], before[8:])
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert [frame.tobytes() for frame in ImageSequence.Iterator(old)] == [
            frame.tobytes() for frame in ImageSequence.Iterator(new)
        ]
    assert opened(after) == (4, WANTED.description, opened(before)[2])
    tree = read_tree(after)
    entry = tree.main.get(700)
    assert entry is not None
    assert read_sidecar(after[entry.at : entry.at + entry.count]).rating == 4
    _, again = gold(after, TIFF)
    assert again == after, "writing again does not let it grow"


def test_a_bigtiff_is_left_alone() -> None:
    before = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 0) + bytes(64)
    made, after = gold(before, TIFF)
    assert (made.way, after, made.reasons) == (Way.SIDECAR_ONLY, before, ("it is a BigTIFF",))


@pytest.mark.parametrize(
    "known",
    [each for each in formats.FORMATS if each.name not in ("JPEG", "PNG", "WebP", "TIFF")],
    ids=lambda f: f.name,
)
def test_other_formats_get_a_sidecar_only(known: formats.Format) -> None:
    made, after = gold(b"whatever it holds", known)
    assert (made.way, after) == (Way.SIDECAR_ONLY, b"whatever it holds")
    assert "never written into" in made.reasons[0]


def test_the_reader_that_takes_files_in_reads_the_same_as_before() -> None:
    for known, before in ((PNG, PNGS["with EXIF"]), (WEBP, WEBPS["with EXIF"])):
        _, after = gold(before, known)
        old = read_sources(io.BytesIO(before), len(before), known)[0][Source.EXIF]
        new = read_sources(io.BytesIO(after), len(after), known)[0][Source.EXIF]
        assert contract_exif(old).date_time_original == "2023-05-06T07:08:09"
        assert new.taken == old.taken
        assert (new.make, new.model) == (old.make, old.model)
