"""Work on many photos at once, and what became of it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.edit import Tags
from api.schemas.photo import Photo

PhotoId: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$", max_length=200)]


class ChosenPhotos(Struct, rename="camel"):
    """At least one photo."""

    photo_ids: Annotated[list[PhotoId], Meta(min_length=1)]


class PhotoError(Struct, rename="camel"):
    """Why nothing was done to a photo."""

    photo_id: str
    error: str


class BatchDone(Struct, rename="camel"):
    """How many photos were really changed; those that had no need of it are neither counted nor an error."""

    processed: int
    errors: list[PhotoError]


class BatchParams(Struct, rename="camel"):
    """What an operation needs to know: ``tags``, ``tier``, ``collectionId``, or ``format`` and ``quality``."""

    tags: Tags | None = None
    tier: Literal["silver", "gold"] | None = None
    collection_id: str | None = None
    format: Literal["zip", "tar"] | None = None
    quality: Literal["original", "high", "medium"] | None = None


class Batch(Struct, rename="camel"):
    """One operation on many photos."""

    operation: Literal["addTags", "delete", "promote", "addToCollection", "export"]
    photo_ids: list[PhotoId]
    params: BatchParams | None = None


class BatchAnswer(Struct, rename="camel"):
    """``processed`` counts the photos that were really changed; an export has a ``downloadUrl``."""

    success: bool
    processed: int
    errors: list[PhotoError]
    download_url: str | UnsetType = UNSET


class PutAway(Struct):
    """It is done; this is the photo now."""

    success: bool
    message: str
    photo: Photo


class Deleted(Struct):
    """It is gone from every list, if it was there."""

    success: bool
    message: str
