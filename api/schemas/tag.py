"""The tag library on the wire; its rows are the contract's one exception from camelCase."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from api.schemas.timestamp import Timestamp

TagName: TypeAlias = Annotated[str, Meta(pattern=r"^[^\0]*$")]
"""PostgreSQL stores no zero byte."""


class LibraryTag(Struct):
    """A tag and how often photos were given it."""

    tag: str
    usage_count: int
    created_at: Timestamp


class NewTags(Struct):
    """One tag or several."""

    tags: list[TagName] | TagName


class TagsAdded(Struct):
    """The tags that were counted, as one text for a single one."""

    success: bool
    message: str
    added: list[str] | str


class Done(Struct):
    """It is done."""

    success: bool
