"""HEIC without an HEVC encoder: every block of the picture is stored as plain samples (I-PCM), which HEVC allows.

No library that may be installed here writes HEIC, and no photo of one is needed: a still picture of 16 × 16 blocks,
each with two coded decisions before its samples, is a valid stream (ITU-T H.265, 7.3). Only CABAC's arithmetic has to
be right (9.3.4).
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import piexif
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.errors import Undecodable
from core.media.decode import decode
from core.media.formats import HEIC, sniff

BLOCK = 16
WIDTH, HEIGHT = 96, 64

LEAST_PROBABLE_RANGE = (
    *(240, 227, 216, 205, 195, 185, 175, 166, 158, 150, 142, 135),
    *(128, 122, 116, 110, 104, 99, 94, 89, 85, 80, 76, 72),
)
"""H.265 table 9-52 (rangeTabLps) for states 0–23 and the range that CABAC has at the start of a block."""


class Bits:
    """A string of bits as the syntax tables of H.265 write them."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, width: int, *values: int) -> Bits:
        self.text += "".join(f"{value:0{width}b}" for value in values)
        return self

    def ue(self, *values: int) -> Bits:
        """Exponential Golomb codes; a signed 0 is written the same way."""
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code
        return self

    def stopped(self) -> bytes:
        """With the stop bit and zeros up to a whole byte."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def nal(kind: int, payload: bytes) -> bytes:
    """A NAL unit; no three bytes in it may look like a start code."""
    escaped, zeros = bytearray([kind << 1, 1]), 0
    for byte in payload:
        if zeros == 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)


PROFILE = f"{'00'}{'0'}{3:05b}{0x70000000:032b}1001{'0' * 44}{93:08b}"  # Main Still Picture, level 3.1


def parameter_sets() -> dict[int, bytes]:
    video = Bits().u(4, 0).u(1, 1, 1).u(6, 0).u(3, 0).u(1, 1).u(16, 0xFFFF)
    video.text += PROFILE
    video.u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(1, 0, 0)

    sequence = Bits().u(4, 0).u(3, 0).u(1, 1)
    sequence.text += PROFILE
    sequence.ue(0, 1, WIDTH, HEIGHT).u(1, 0).ue(0, 0, 0).u(1, 1).ue(0, 0, 0)
    sequence.ue(1, 0, 0, 2, 0, 0)  # coding blocks of 16 only, transforms of 4 to 16
    sequence.u(1, 0, 0, 0)
    sequence.u(1, 1).u(4, 7, 7).ue(1, 0).u(1, 1)  # I-PCM of 8 bits in blocks of 16, not filtered
    sequence.ue(0).u(1, 0, 0, 0, 0, 0)

    picture = Bits().ue(0, 0).u(1, 0, 0).u(3, 0).u(1, 0, 0).ue(0, 0, 0).u(1, 0, 0, 0).ue(0, 0)
    picture.u(1, 0, 0, 0, 0, 0, 0, 0)
    picture.u(1, 1, 0, 1)  # no deblocking
    picture.u(1, 0, 0).ue(0).u(1, 0, 0)
    return {32: video.stopped(), 33: sequence.stopped(), 34: picture.stopped()}


class Arithmetic:
    """CABAC's encoder (H.265, 9.3.4.3, seen from the other side) for the few decisions that are needed here."""

    def __init__(self, bits: Bits) -> None:
        self.bits, self.low, self.range, self.outstanding, self.first = bits, 0, 510, 0, True

    def put(self, bit: int) -> None:
        if self.first:
            self.first = False
        else:
            self.bits.u(1, bit)
        self.bits.u(1, *[1 - bit] * self.outstanding)
        self.outstanding = 0

    def renormalise(self) -> None:
        while self.range < 256:
            if self.low < 256:
                self.put(0)
            elif self.low >= 512:
                self.low -= 512
                self.put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range, self.low = self.range * 2, self.low * 2

    def more_probable(self, state: int) -> None:
        self.range -= LEAST_PROBABLE_RANGE[state]
        self.renormalise()

    def go_on(self) -> None:
        self.range -= 2
        self.renormalise()

    def end(self) -> None:
        self.low += self.range - 2
        self.range = 2
        self.renormalise()
        self.put(self.low >> 9 & 1)
        self.bits.u(2, self.low >> 7 & 3 | 1)


def slice_data(y: NDArray[np.uint8], cb: NDArray[np.uint8], cr: NDArray[np.uint8]) -> bytes:
    bits = Bits().u(1, 1, 0).ue(0, 2, 0).u(1, 1)  # first slice of the picture, I slice
    bits.text += "0" * (-len(bits.text) % 8)
    corners = [(top, left) for top in range(0, HEIGHT, BLOCK) for left in range(0, WIDTH, BLOCK)]
    for block, (top, left) in enumerate(corners):
        arithmetic = Arithmetic(bits)
        if block:
            arithmetic.go_on()  # end_of_slice_segment_flag = 0
        arithmetic.more_probable(block)  # part_mode = 1: not divided; one state surer with each block
        arithmetic.end()  # pcm_flag = 1
        bits.text += "0" * (-len(bits.text) % 8)
        bits.u(8, *y[top : top + BLOCK, left : left + BLOCK].flatten())
        for chroma in (cb, cr):
            bits.u(8, *chroma[top // 2 : (top + BLOCK) // 2, left // 2 : (left + BLOCK) // 2].flatten())
    Arithmetic(bits).end()  # end_of_slice_segment_flag = 1; its last bit is the stop bit
    bits.text += "0" * (-len(bits.text) % 8)
    return int(bits.text, 2).to_bytes(len(bits.text) // 8, "big")


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def heic(image: Image.Image, turns: int = 0, exif: bytes = b"") -> bytes:
    """One picture in the boxes of ISO/IEC 23008-12.

    ``turns``: quarter turns against the clock that a viewer is to make; ``exif``: a TIFF structure.
    """
    y, cb, cr = (np.asarray(plane) for plane in image.convert("YCbCr").split())
    cb, cr = (plane.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)).astype(np.uint8) for plane in (cb, cr))
    picture = nal(19, slice_data(y, cb, cr))
    coded, metadata = struct.pack(">I", len(picture)) + picture, bytes(4) + exif

    sets = {kind: nal(kind, payload) for kind, payload in parameter_sets().items()}
    arrays = b"".join(struct.pack(">BHH", 0x80 | kind, 1, len(unit)) + unit for kind, unit in sets.items())
    configuration = struct.pack(
        ">BBIHIBHBBBBHBB", 1, 3, 0x70000000, 0x9000, 0, 93, 0xF000, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0x0F, 3
    )
    properties = box(
        b"ipco",
        box(b"hvcC", configuration, arrays),
        full_box(b"ispe", 0, struct.pack(">II", WIDTH, HEIGHT)),
        box(b"colr", b"nclx", struct.pack(">HHHB", 1, 13, 6, 0x80)),
        box(b"irot", bytes([turns])),
    )
    association = full_box(b"ipma", 0, struct.pack(">IHB4B", 1, 1, 4, 0x81, 2, 3, 0x84))
    items = [
        full_box(b"infe", 2, struct.pack(">HH4s", number, 0, kind), b"\0")
        for number, kind in ((1, b"hvc1"), (2, b"Exif"))
    ]

    def meta(data_at: int) -> bytes:
        extents = ((1, data_at, len(coded)), (2, data_at + len(coded), len(metadata)))
        locations = b"".join(struct.pack(">HHHII", number, 0, 1, at, length) for number, at, length in extents)
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", 1)),
            full_box(b"iloc", 0, struct.pack(">BBH", 0x44, 0, 2), locations),
            full_box(b"iinf", 0, struct.pack(">H", 2), *items),
            full_box(b"iref", 0, box(b"cdsc", struct.pack(">HHH", 2, 1, 1))),
            box(b"iprp", properties, association),
        )

    start = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    return start + meta(len(start) + len(meta(0)) + 8) + box(b"mdat", coded, metadata)


def corners(rgb: NDArray[np.uint8]) -> list[str]:
    height, width = rgb.shape[:2]
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    places = [
        (height // 4, width // 4),
        (height // 4, width * 3 // 4),
        (height * 3 // 4, width // 4),
        (height * 3 // 4, width * 3 // 4),
    ]
    return [names[tuple(int(value > 127) for value in rgb[place])] for place in places]


@pytest.fixture
def picture(quarters: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(quarters).resize((WIDTH, HEIGHT), Image.Resampling.NEAREST)


def test_a_heic_is_decoded(tmp_path: Path, picture: Image.Image) -> None:
    path = tmp_path / "photo.heic"
    path.write_bytes(heic(picture))
    assert sniff(path.read_bytes()) == HEIC
    decoded = decode(str(path), HEIC)
    assert (decoded.full_width, decoded.full_height) == (WIDTH, HEIGHT)
    assert corners(decoded.rgb) == ["red", "green", "blue", "white"]


def test_a_heic_that_turns_itself_is_not_turned_again_by_its_exif(tmp_path: Path, picture: Image.Image) -> None:
    """Phones write both: the rotation for the decoder, and the same for programs that only know EXIF."""
    exif = piexif.dump({"0th": {piexif.ImageIFD.Orientation: 6}})[6:]
    path = tmp_path / "turned.heic"
    path.write_bytes(heic(picture, turns=3, exif=exif))
    decoded = decode(str(path), HEIC)
    assert (decoded.full_width, decoded.full_height) == (HEIGHT, WIDTH)
    assert corners(decoded.rgb) == ["blue", "red", "white", "green"]


def test_a_heic_cut_in_half_is_refused(tmp_path: Path, picture: Image.Image) -> None:
    path = tmp_path / "half.heic"
    whole = heic(picture)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Undecodable, match=r"half\.heic cannot be decoded"):
        decode(str(path), HEIC)
