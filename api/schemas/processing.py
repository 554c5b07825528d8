"""Describing and processing photos anew."""

from __future__ import annotations

from msgspec import Struct

from api.schemas.metadata import Described
from api.schemas.photo import Photo


class DescribedPhoto(Struct, rename="camel"):
    """The description that the photo has now."""

    success: bool
    message: str
    ai_metadata: Described


class Reprocessed(Struct, rename="camel"):
    """The photo as it is now."""

    success: bool
    message: str
    updated_photo: Photo
