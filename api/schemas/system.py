"""The state of the library and of this program."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from api.schemas.timestamp import Timestamp


class Stats(Struct, rename="camel"):
    """Assets, and versions of each tier; archived ones do not count."""

    total_photos: int
    bronze_count: int
    silver_count: int
    gold_count: int


class Providers(Struct):
    """Which describers beyond the built-in one can be reached."""

    ollama: bool
    openai: bool


class Healthy(Struct):
    """All is well."""

    status: Literal["healthy"]
    timestamp: Timestamp
    version: str
    database: Literal["connected"]
    ai: Providers


class Unhealthy(Struct):
    """The database does not answer; ``error`` and ``message`` say what it said."""

    status: Literal["unhealthy"]
    timestamp: Timestamp
    version: str
    error: str
    message: str
