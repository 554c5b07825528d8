"""Two files that look the same: are they one picture twice, and which of them is worth keeping?"""

from __future__ import annotations

from core.duplicates.same_moment import Shot, is_burst
from core.duplicates.suggestion import Action, Suggestion, suggest

__all__ = ["Action", "Shot", "Suggestion", "is_burst", "suggest"]
