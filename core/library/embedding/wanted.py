"""What is to be written into a Gold file?"""

from __future__ import annotations

import msgspec


class TakenBack(msgspec.Struct, frozen=True):
    """What a file says of itself and a person does not say any more.

    Words as the readers of the library give them: keywords that are not to be there, and locations and captions to
    which ``Wanted.location`` and ``Wanted.description``, or nothing, have come after. ``is_rating`` is whether the
    stars in the file are others than those in the library.
    """

    keywords: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    is_rating: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self != TakenBack()


class Wanted(msgspec.Struct, frozen=True):
    """The words of a photo as EXIF has places for them, and a whole XMP packet of our own.

    A description of a machine's gives way to a caption that the file has; one of a person's does not.
    What of the file's own words is to give way is in ``taken_back``; whatever else it says stays.
    ``rating`` is -1 (rejected), 0 (none) or 1 to 5. ``latitude`` and ``longitude`` are decimal degrees, given together.
    ``comment`` is the JSON of contract, behaviour §14; ``xmp`` what :func:`core.library.sidecar.build_sidecar` returns.
    """

    description: str | None = None
    is_described_by_person: bool = False
    short_description: str | None = None
    keywords: tuple[str, ...] = ()
    rating: int = 0
    location: str | None = None
    people: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    comment: str | None = None
    software: str = "Pictallion"
    xmp: bytes = b""
    taken_back: TakenBack = TakenBack()


class PictureFacts(msgspec.Struct, frozen=True):
    """What a new EXIF block has to tell of the picture it is put into: pixels before orientation, dots per inch.

    ``width`` and ``height`` are ``None`` in a TIFF, which tells its size by tags of its own.
    """

    width: int | None = None
    height: int | None = None
    dots_per_inch: int = 72
    has_profile: bool = False
