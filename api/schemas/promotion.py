"""Promotion and demotion on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from api.schemas.photo import Photo
from api.schemas.tag import TagName


class PhotoIds(Struct, rename="camel"):
    """The photos that something is to be done with; at least one."""

    photo_ids: Annotated[list[TagName], Meta(min_length=1)]


class PhotoFault(Struct, rename="camel"):
    """Why it could not be done with one of them."""

    photo_id: str
    error: str


class BatchPromoted(Struct):
    """How many photos became Gold."""

    promoted: int
    errors: list[PhotoFault]


class Embedded(Struct, rename="camel"):
    """The Gold version with the metadata in its file."""

    success: bool
    gold_version: Photo


class Demoted(Struct, rename="camel"):
    """The version that is the photo now."""

    success: bool
    message: str
    active_version: Photo
