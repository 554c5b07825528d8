"""What is to be written into a Gold file?"""

from __future__ import annotations

import msgspec


class Wanted(msgspec.Struct, frozen=True):
    """The words of a photo as EXIF has places for them, and a whole XMP packet of our own.

    A description of a machine's gives way to a caption that the file has; one of a person's does not.
    ``rating`` is 0 (none) to 5. ``latitude`` and ``longitude`` are decimal degrees, given together. ``comment`` is the
    JSON of contract, behaviour §14; ``xmp`` what :func:`core.library.sidecar.build_sidecar` returns.
    """

    description: str | None = None
    is_described_by_person: bool = False
    short_description: str | None = None
    keywords: tuple[str, ...] = ()
    rating: int = 0
    people: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    comment: str | None = None
    software: str = "Pictallion"
    xmp: bytes = b""


class PictureFacts(msgspec.Struct, frozen=True):
    """What a new EXIF block has to tell of the picture it is put into: pixels before orientation, dots per inch.

    ``width`` and ``height`` are ``None`` in a TIFF, which tells its size by tags of its own.
    """

    width: int | None = None
    height: int | None = None
    dots_per_inch: int = 72
    has_profile: bool = False
