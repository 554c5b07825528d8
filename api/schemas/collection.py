"""Collections on the wire."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from api.schemas.photo import Photo
from api.schemas.tag import TagName
from api.schemas.texts import Name, Text
from api.schemas.timestamp import Timestamp, timestamp
from core.collections.smart import SmartView, last_updated


class Collection(Struct, rename="camel", kw_only=True):
    """A collection. ``smartRules`` of a smart one hold its rules and what it looks like."""

    id: str
    name: str
    description: str | None
    is_public: bool | None
    cover_photo: str | None
    is_smart_collection: bool | None
    smart_rules: Any
    created_at: Timestamp
    updated_at: Timestamp
    photo_count: int | UnsetType = UNSET
    photos: list[Photo] | UnsetType = UNSET


class SmartCollection(Collection, rename="camel", kw_only=True):
    """A smart collection as the client shows it."""

    type: str
    rules: Any
    is_active: bool
    last_updated: Timestamp
    icon: str | None
    color: str | None


class NewCollection(Struct, rename="camel"):
    """A collection to make."""

    name: Name
    description: Text | None = None
    is_public: bool = False
    cover_photo: Text | None = None
    is_smart_collection: bool = False
    smart_rules: dict[str, Any] | list[Any] | None = None


class CollectionChange(Struct, rename="camel"):
    """What is to be different."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    is_public: bool | UnsetType = UNSET
    cover_photo: Text | UnsetType | None = UNSET
    smart_rules: dict[str, Any] | list[Any] | UnsetType | None = UNSET


class NewSmartCollection(Struct):
    """A smart collection to make, or to change where there is one of that name: then what is not sent stays."""

    name: Name
    rules: dict[str, Any] | list[Any]
    description: Text | UnsetType | None = UNSET
    type: Literal["auto", "manual"] | UnsetType = UNSET
    icon: Name | UnsetType | None = UNSET
    color: Name | UnsetType | None = UNSET


class Members(Struct, rename="camel"):
    """Photos to put in, or to take out."""

    photo_ids: list[TagName]


class Added(Struct):
    """How many were not in it before."""

    success: bool
    added: int


class Removed(Struct):
    """How many were in it."""

    success: bool
    removed: int


class Told(Struct):
    """What was done, for people."""

    success: bool
    message: str


class Done(Struct):
    """It was done."""

    success: bool


class Toggle(Struct, rename="camel"):
    """Whether the rules are to be followed."""

    is_active: bool


class Toggled(Struct, rename="camel"):
    """Whether they are."""

    success: bool
    is_active: bool


class OrganizedCollection(Struct, rename="camel"):
    """How many photos are new in a collection."""

    id: str
    name: str
    photos_added: int


class Organized(Struct):
    """``organized`` is the sum of what is new."""

    message: str
    organized: int
    collections: list[OrganizedCollection]


class CollectionStats(Struct, rename="camel"):
    """What a collection is made of. ``avgRating`` is of the photos that are rated, with two decimals."""

    total_photos: int
    last_added: Timestamp | None
    file_types: dict[str, int]
    tier_distribution: dict[str, int]
    avg_rating: float | None


def collection_of(row: Row[*tuple[Any, ...]], cover: str | None = None, count: int | UnsetType = UNSET) -> Collection:
    """A row of :mod:`core.collections.store` as it goes over the wire."""
    return Collection(**_columns(row) | {"cover_photo": cover or row.cover_photo}, photo_count=count)


def smart_of(view: SmartView) -> SmartCollection:
    """A smart collection as it goes over the wire."""
    return SmartCollection(
        **_columns(view.row),
        photo_count=view.photo_count,
        type=view.kind,
        rules=view.rules,
        is_active=view.is_active,
        last_updated=timestamp(view.last_updated),
        icon=view.icon,
        color=view.color,
    )


def _columns(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    plain = ("id", "name", "description", "is_public", "cover_photo", "is_smart_collection", "smart_rules")
    moments = {name: timestamp(getattr(row, name)) for name in ("created_at", "updated_at")}
    columns = {name: getattr(row, name) for name in plain} | moments
    if (last := last_updated(row.smart_rules)) is not None:
        columns["smart_rules"] = {**row.smart_rules, "lastUpdated": timestamp(last)}
    return columns
