"""How is a thing said in a sentence?"""

from __future__ import annotations

import re

SETTINGS = {
    "alp": "in the mountains",
    "bathroom": "in the bathroom",
    "bridge": "at a bridge",
    "camping": "at a campsite",
    "castle": "at a castle",
    "church": "at a church",
    "cliff": "on a cliff",
    "coast": "by the sea",
    "coral reef": "at a coral reef",
    "dock": "at the dock",
    "farm": "on a farm",
    "fountain": "at a fountain",
    "garden": "in the garden",
    "geyser": "at a geyser",
    "greenhouse": "in a greenhouse",
    "harbour": "at the harbour",
    "interior": "indoors",
    "kitchen": "in the kitchen",
    "lake": "by a lake",
    "lakeside": "by a lake",
    "library": "in a library",
    "monument": "at a monument",
    "mosque": "at a mosque",
    "mountain": "in the mountains",
    "office": "in an office",
    "palace": "at a palace",
    "patio": "on the patio",
    "place of worship": "at a place of worship",
    "playground": "at the playground",
    "restaurant": "at a restaurant",
    "sandbar": "on a sandbar",
    "seashore": "by the sea",
    "shop": "in a shop",
    "sport": "doing sport",
    "stage": "on a stage",
    "street": "in the street",
    "swimming": "at the water",
    "valley": "in a valley",
    "volcano": "at a volcano",
    "wedding": "at a wedding",
    "winter sport": "in the snow",
}
"""Where a picture plays, for the names of the classifier's groups and classes that say so. Every other name is a thing
in it."""

UNCOUNTABLE = frozenset(
    {
        "carbonara",
        "chocolate sauce",
        "clothing",
        "dough",
        "food",
        "fruit",
        "guacamole",
        "hay",
        "ice cream",
        "jewellery",
        "maize",
        "medicine",
        "music",
        "red wine",
        "sea life",
        "toilet paper",
        "velvet",
        "wool",
    }
)
"""Names that take no article although they are no plurals."""

DOCUMENTS = frozenset({"document"})
"""Names of groups that mean written matter rather than a scene."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def with_article(name: str) -> str:
    """Return ``a dog``, ``an elephant``, ``flowers``, ``food``."""
    plural = name.endswith("s") and not name.endswith(("ss", "us"))
    if plural or name in UNCOUNTABLE:
        return name
    return f"{article(name)} {name}"


def article(name: str) -> str:
    """Return ``a`` or ``an``, by the first letter."""
    return "an" if name[:1].lower() in tuple("aeiou") else "a"


def people(count: int) -> str:
    """Return ``one person``, ``two people``, ``a group of 12 people``."""
    if count >= len(_NUMBERS):
        return f"a group of {count} people"
    return "one person" if count == 1 else f"{_NUMBERS[count]} people"


def enumeration(parts: list[str]) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def length(seconds: float) -> str:
    """Return ``1 second``, ``2 minutes and 5 seconds``, ``1 hour and 3 minutes``."""
    whole = max(1, round(seconds))
    hours, minutes, seconds_left = whole // 3600, whole // 60 % 60, whole % 60
    units = ((hours, "hour"), (minutes, "minute"), (0 if hours else seconds_left, "second"))
    return enumeration([f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in units if number])


def pascal_case(text: str) -> str:
    """Return ``NewYorkCity`` for ``New York City``; what is neither letter nor digit goes."""
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[^\W_]+", text))


def sentence(text: str) -> str:
    """Return the text with a capital first letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def shortened(text: str, limit: int) -> str:
    """Return the text, cut at a word and with an ellipsis if it has more than ``limit`` characters."""
    if len(text) <= limit:
        return text
    return (text[:limit].rpartition(" ")[0] or text[: limit - 1])[: limit - 1].rstrip(" ,") + "…"
