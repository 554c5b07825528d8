"""Which settings have a meaning, and what are they while nobody has set them?"""

from __future__ import annotations

from typing import Final

SILVER_NAMING: Final = "silver_naming_pattern"
GOLD_NAMING: Final = "gold_naming_pattern"
CUSTOM_NAMING: Final = "custom_naming_pattern"
ENABLED_HOLIDAYS: Final = "enabled_holidays"

DEFAULT_HOLIDAYS: Final = '["US"]'
"""JSON: codes of holiday sets (contract, behaviour §5)."""

GENERAL: Final = "general"
AI: Final = "ai"
"""Category of what belongs to language models; its values are set and told by ``/api/ai/config`` only."""

_CATEGORIES: Final = {
    SILVER_NAMING: "naming",
    GOLD_NAMING: "naming",
    CUSTOM_NAMING: "naming",
    ENABLED_HOLIDAYS: "events",
}


def category_of(key: str) -> str:
    """The category of a key that comes without one."""
    return _CATEGORIES.get(key, GENERAL)
