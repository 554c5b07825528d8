"""In which orders can photos be asked for? They are brought into them by :mod:`core.search.ordering`."""

from __future__ import annotations

from enum import StrEnum


class Order(StrEnum):
    """What photos may be sorted by; :attr:`RELEVANCE` is ours, and needs a query."""

    CREATED_AT = "createdAt"
    RATING = "rating"
    FILE_SIZE = "fileSize"
    CONFIDENCE = "confidence"
    EVENT_NAME = "eventName"
    RELEVANCE = "relevance"
