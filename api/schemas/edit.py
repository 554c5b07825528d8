"""What a person may say of a photo."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from api.schemas.metadata import CombinedMetadata
from api.schemas.tag import TagName
from core.errors import BadRequest
from core.library.edits import MOST_STARS, Edit

Words: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$", max_length=10_000)]
"""PostgreSQL stores no zero byte."""

Tags: TypeAlias = Annotated[list[TagName], Meta(max_length=1_000)]

Stars: TypeAlias = Annotated[int, Meta(ge=0, le=MOST_STARS)]


class PhotoEdit(Struct, rename="camel"):
    """Everything is optional; other keys are passed over.

    ``metadata`` is merged at its top level, where ``null`` takes a key away. ``aiTags`` and ``aiDescription`` are kept
    in ``metadata.ai``; an empty ``aiDescription`` changes nothing.
    """

    keywords: Tags | UnsetType = UNSET
    location: Words | UnsetType | None = UNSET
    event_type: Words | UnsetType | None = UNSET
    event_name: Words | UnsetType | None = UNSET
    rating: Stars | UnsetType = UNSET
    is_reviewed: bool | UnsetType = UNSET
    is_favorite: bool | UnsetType = UNSET
    ai_tags: Tags | UnsetType = UNSET
    ai_description: Words | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class Rating(Struct):
    """Stars; 0 is none."""

    rating: Stars


class Favorite(Struct, rename="camel"):
    """Whether it is one of a person's favourites."""

    is_favorite: bool


class FavoriteSet(Struct, rename="camel"):
    """It is done."""

    success: bool
    is_favorite: bool


class TagEdit(Struct):
    """``add`` joins, ``remove`` takes away, any other ``action``, or none, replaces."""

    tags: Tags
    action: str = "replace"


class TagsSet(Struct):
    """The tags of the photo as they are now."""

    success: bool
    tags: list[str]


def edit_of(body: PhotoEdit) -> Edit:
    """What the service is told. Raises :class:`BadRequest` where ``metadata`` is not of the shape that photos have."""
    if not isinstance(body.metadata, UnsetType):
        _refuse_misshapen(body.metadata)
    return Edit(**{name: getattr(body, name) for name in body.__struct_fields__})


def _refuse_misshapen(metadata: dict[str, Any]) -> None:
    if b"\\u0000" in msgspec.json.encode(metadata):
        raise BadRequest("metadata has a zero byte in it, which no database stores.")
    try:
        msgspec.convert({key: value for key, value in metadata.items() if value is not None}, CombinedMetadata)
    except msgspec.ValidationError as error:
        raise BadRequest(f"metadata is not of the shape that photos have: {error}.") from error
