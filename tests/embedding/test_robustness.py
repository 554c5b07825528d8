"""Whatever a file holds, embedding decides, and what it returns has lost nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.library.embedding.checks import check
from core.library.embedding.embed import Way
from core.library.embedding.part import BOTH
from core.library.embedding.refusal import NotEmbeddable
from core.library.embedding.tiff_append import Changes, Value, append_update, new_block, restored
from core.library.embedding.tiff_directory import read_tree, value_of
from core.library.embedding.wanted import Wanted
from core.library.sidecar import build_sidecar
from core.library.sidecar_facts import SidecarFacts
from core.media.facts import Format
from core.media.formats import JPEG, PNG, TIFF, WEBP
from tests.embedding.media import WANTED, chunk, exif_block, exif_segment, gold, jpeg, packet, png, segment, xmp_segment
from tests.embedding.test_other_formats import tiff, webp

SAMPLES = (
    (JPEG, jpeg(exif_segment(exif_block()), xmp_segment(packet("", padding=50)), segment(0xE2, b"ICC_PROFILE\0x"))),
    (JPEG, jpeg(exif_segment(exif_block(">")), trailer=b"\0\0\xff\xd8\xff\xe0 behind")),
    (PNG, png(chunk(b"eXIf", exif_block()))),
    (WEBP, webp(exif=exif_block(), xmp=packet(""))),
    (TIFF, tiff(pages=2)),
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(max_size=40)


@quick
@given(
    description=words, keywords=st.lists(words, max_size=5), rating=st.integers(0, 5), sample=st.sampled_from(SAMPLES)
)
def test_any_words_can_be_written(
    description: str, keywords: list[str], rating: int, sample: tuple[Format, bytes]
) -> None:
    known, before = sample
    facts = SidecarFacts(description=description, keywords=tuple(keywords), rating=rating)
    wanted = Wanted(
        description=description, keywords=tuple(keywords), rating=rating, comment=description, xmp=build_sidecar(facts)
    )
    made, after = gold(before, known, wanted)
    if b"behind" not in before:
        assert made.way is Way.FULL, made.reasons
    _, again = gold(after, known, wanted)
    assert len(again) <= len(after) + 200


@quick
@given(data=st.data(), sample=st.sampled_from(SAMPLES))
def test_damaged_files_are_written_into_without_loss_or_left_alone(
    data: st.DataObject, sample: tuple[Format, bytes]
) -> None:
    known, before = sample
    damaged = bytearray(before)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(damaged) - 1, 900)))
        damaged[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]))
    cut = data.draw(st.sampled_from([len(damaged)] * 3 + [len(damaged) // 2]))
    source = bytes(damaged[:cut])
    made, after = gold(source, known)
    if made.way is Way.SIDECAR_ONLY:
        assert after == source
        assert made.reasons


values = st.builds(
    lambda kind, data: Value(kind, len(data), data), st.sampled_from([1, 2, 7]), st.binary(min_size=1, max_size=60)
)
tags = st.dictionaries(st.integers(0x9C00, 0x9CFF), values, min_size=1, max_size=6)


@quick
@given(main=tags, exif=st.dictionaries(st.integers(0x9200, 0x9250), values, max_size=4), order=st.sampled_from("<>"))
def test_every_tag_comes_back_and_every_old_byte_stays(
    main: dict[int, Value], exif: dict[int, Value], order: str
) -> None:
    block = exif_block(order)
    changed = append_update(block, Changes(main, exif), 1 << 20)
    assert (changed[:4], changed[8 : len(block)]) == (block[:4], block[8:])
    assert restored(changed) == block
    old, new = read_tree(block), read_tree(changed)
    for name, written in (("IFD0", main), ("Exif", exif)):
        there = {entry.tag: value_of(changed, entry) for entry in new.all[name].entries}
        assert {tag: value.data for tag, value in written.items()}.items() <= there.items()
        assert {entry.tag for entry in old.all[name].entries} <= there.keys()
        assert list(there) == sorted(there)
    again = append_update(restored(changed), Changes(main, exif), 1 << 20)
    assert again == changed


@quick
@given(main=tags, exif=tags, gps=tags)
def test_a_new_block_has_what_it_was_given(
    main: dict[int, Value], exif: dict[int, Value], gps: dict[int, Value]
) -> None:
    block = new_block(Changes(main, exif, gps))
    tree = read_tree(block)
    for name, written in (("IFD0", main), ("Exif", exif), ("GPS", gps)):
        there = {entry.tag: value_of(block, entry) for entry in tree.all[name].entries}
        assert {tag: value.data for tag, value in written.items()}.items() <= there.items()


@given(at=st.integers(1, 28), change=st.integers(1, 255))
def test_a_mark_that_is_not_whole_restores_nothing(at: int, change: int) -> None:
    changed = bytearray(append_update(exif_block(), Changes({0x4746: Value(3, 1, b"\4\0")}), 1 << 16))
    changed[-at] ^= change
    assert restored(bytes(changed)) == bytes(changed)


def _swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def damage(after: bytes) -> bytes:
        assert old in after
        return after.replace(old, new)

    return damage


@dataclasses.dataclass(frozen=True)
class Loss:
    known: Format
    before: bytes
    damage: Callable[[bytes], bytes]
    says: str


CAMERA = jpeg(
    exif_segment(exif_block()),
    xmp_segment(packet("<o:a>kept</o:a>", 'xmlns:o="https://example.org/"')),
    segment(0xFE, b"a comment"),
    trailer=b"a trailer",
)
LOSSES = {
    "pixels": Loss(JPEG, CAMERA, lambda after: after[:-20] + bytes([after[-20] ^ 1]) + after[-19:], "pixels"),
    "a trailer": Loss(JPEG, CAMERA, _swap(b"a trailer", b"b trailer"), "what follows"),
    "a segment": Loss(JPEG, CAMERA, _swap(b"a comment", b"b comment"), "a segment"),
    "a value": Loss(JPEG, CAMERA, _swap(b"Firmware 1.0", b"Firmware 2.0"), "tag 0x0131"),
    "the maker note": Loss(JPEG, CAMERA, _swap(b"a serial number", b"b number serial"), "maker note"),
    "the thumbnail": Loss(JPEG, CAMERA, _swap(b"thumb-", b"thumb+"), "thumbnail"),
    "interoperability": Loss(JPEG, CAMERA, _swap(b"R98\0", b"R99\0"), "tag 0x0001 of Interop"),
    "a property": Loss(JPEG, CAMERA, _swap(b">kept<", b">lost<"), "property"),
    "a chunk": Loss(
        PNG, png(chunk(b"prVt", b"private")), _swap(chunk(b"prVt", b"private"), chunk(b"prVt", b"publics")), "chunk"
    ),
    "a flag": Loss(
        WEBP, webp(icc_profile=b"p" * 200), lambda after: after[:20] + bytes([after[20] & ~0x20]) + after[21:], "flag"
    ),
    "a byte": Loss(TIFF, tiff(), lambda after: after[:9] + bytes([after[9] ^ 1]) + after[10:], "byte"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_every_loss_is_seen_by_the_check(loss: Loss) -> None:
    made, after = gold(loss.before, loss.known)
    assert made.way is Way.FULL
    check(loss.before, after, loss.known, WANTED, BOTH)
    with pytest.raises(NotEmbeddable, match=loss.says):
        check(loss.before, loss.damage(after), loss.known, WANTED, BOTH)


def test_what_was_not_written_is_seen_by_the_check() -> None:
    _, after = gold(CAMERA, JPEG)
    other = msgspec.structs.replace(WANTED, rating=1)
    with pytest.raises(NotEmbeddable, match="rating"):
        check(CAMERA, after, JPEG, other, BOTH)
    other = msgspec.structs.replace(WANTED, keywords=("another",))
    with pytest.raises(NotEmbeddable, match="keyword"):
        check(CAMERA, after, JPEG, other, BOTH)
