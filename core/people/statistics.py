"""How many people are there, and who is in most pictures?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.people.people import PersonRow

TOP = 10
"""People that are named (contract)."""


class PeopleStatistics(msgspec.Struct, frozen=True):
    """``average_photos`` for each person who is in any, to one decimal; ``top``: most photos first."""

    total: int
    with_faces: int
    average_photos: float
    top: tuple[PersonRow, ...]


def people_statistics(people: Sequence[PersonRow]) -> PeopleStatistics:
    """Counts the people of a list; those that are equal are ordered by their faces, their name and their id."""
    seen = [row for row in people if row.live_face_count]
    photos = sum(row.photo_count for row in seen)
    ordered = sorted(people, key=lambda row: (-row.photo_count, -row.live_face_count, row.name, row.id))
    average = round(photos / len(seen), 1) if seen else 0.0
    return PeopleStatistics(len(people), len(seen), average, tuple(ordered[:TOP]))
