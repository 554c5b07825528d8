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


class DayCount(Struct):
    """How many photos came on a day."""

    date: str
    count: int


class TierShare(Struct):
    """``percentage`` is of all photos, rounded."""

    tier: Literal["Silver", "Gold"]
    count: int
    percentage: int


class TagCount(Struct):
    """How many photos have a keyword or AI tag."""

    tag: str
    count: int


class Analytics(Struct, rename="camel"):
    """Uploads of the last 30 days (UTC), the share of each tier, the ten most used tags."""

    upload_trends: list[DayCount]
    tier_distribution: list[TierShare]
    top_tags: list[TagCount]


class MediaUsage(Struct):
    """Bytes by tier; Bronze and Silver may share theirs on the disk."""

    bronze: int
    silver: int
    gold: int
    archive: int


class DiskUsage(Struct):
    """Bytes of the disk that the library lies on, and of what is in the library."""

    total: int
    used: int
    free: int
    media: MediaUsage


class MemoryUsage(Struct, rename="camel"):
    """Bytes of the daemon's own process: resident (``rss`` and ``heapUsed``) and reserved (``heapTotal``)."""

    rss: int
    heap_total: int
    heap_used: int
    external: int


class SystemStatus(Struct, rename="camel"):
    """``uptime`` is in seconds; ``nodeVersion`` names the runtime, which is Python."""

    stats: Stats
    disk_usage: DiskUsage
    uptime: float
    node_version: str
    memory_usage: MemoryUsage


class Application(Struct):
    """This program."""

    name: str
    version: str
    environment: str
    debug: bool


class Features(Struct, rename="camel"):
    """What is done with photos."""

    ai_processing: bool
    face_detection: bool
    duplicate_detection: bool
    burst_detection: bool


class Configuration(Struct, rename="camel"):
    """``maxFileSize`` in bytes, ``null`` where only the disk sets a limit."""

    ai_provider: str
    max_file_size: int | None
    allowed_file_types: list[str]
    features: Features


class SystemInfo(Struct):
    """The program and how it is set up; ``database`` is ``sqlite`` or ``postgresql``."""

    application: Application
    database: str
    configuration: Configuration


class AiServices(Struct, rename="camel"):
    """Which providers of descriptions are set up, and which is asked."""

    ollama_configured: bool
    openai_configured: bool
    preferred_provider: str


class Checks(Struct, rename="camel"):
    """What was looked at."""

    database: bool
    ai_services: AiServices


class Health(Struct):
    """For watchers outside ``/api``."""

    status: Literal["healthy", "unhealthy"]
    version: str
    environment: str
    timestamp: Timestamp
    checks: Checks
