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
    "garden": "in a garden",
    "greenhouse": "in a greenhouse",
    "harbour": "at the harbour",
    "interior": "indoors",
    "kitchen": "in the kitchen",
    "lake": "by a lake",
    "lakeside": "by a lake",
    "landscape": "in the countryside",
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
    "snow": "in the snow",
    "stage": "on a stage",
    "street": "in the street",
    "swimming": "by the water",
    "valley": "in a valley",
    "volcano": "at a volcano",
    "wedding": "at a wedding",
}
"""Where a picture plays, for the names of the classifier's groups and classes that say so. Every other name is a thing
in it."""

ALONE = {
    "garden": "a garden",
    "interior": "a room",
    "kitchen": "a kitchen",
    "landscape": "a landscape",
    "monument": "a monument",
    "mountain": "mountains",
    "office": "an office",
    "place of worship": "a place of worship",
    "restaurant": "a restaurant",
    "shop": "a shop",
    "snow": "a snowy landscape",
    "sport": "sport",
    "stage": "a stage",
    "street": "a street",
    "wedding": "a wedding",
}
"""The same where there is nobody and nothing in it."""

WORN = frozenset({"bag", "clothing", "costume", "jewellery", "shoes"})
"""Groups that say nothing of a picture of people."""

_PHRASES = {
    "baby": "baby things",
    "clothing": "clothes",
    "costume": "a costume",
    "household item": "household items",
    "medicine": "medical equipment",
    "music": "musical instruments",
    "office": "office things",
    "plant": "plants",
    "tool": "tools",
    "toy": "toys",
}
"""Groups of things that are said otherwise than they are called."""

MANY = frozenset({"books", "flowers", "food", "fruit", "music", "office", "plant", "shoes", "tool", "vegetables"})
"""Groups of which there is rarely one thing alone, or one that the picture is of."""

UNCOUNTABLE = frozenset(
    {
        "carbonara",
        "chocolate sauce",
        "clothing",
        "dough",
        "food",
        "fruit",
        "electronics",
        "guacamole",
        "hay",
        "ice cream",
        "jewellery",
        "maize",
        "medicine",
        "music",
        "red wine",
        "sea life",
        "sport",
        "toilet paper",
        "velvet",
        "wool",
    }
)
"""Names that take no article although they are no plurals."""

_OF_COMPANIES = re.compile(
    r"\b(?:co|company|computer|corp|corporation|eastman|electric|electronics|imaging|inc|ltd|optical|techwin)\b\.?",
    re.IGNORECASE,
)

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def with_article(name: str) -> str:
    """Return ``a dog``, ``an elephant``, ``flowers``, ``food``."""
    plural = name.endswith("s") and not name.endswith(("ss", "us"))
    if plural or name in UNCOUNTABLE:
        return name
    return f"{article(name)} {name}"


def phrase(name: str) -> str:
    """Return what a thing is called in a sentence: ``a dog``, ``musical instruments``."""
    return _PHRASES.get(name) or with_article(name)


def article(name: str) -> str:
    """Return ``a`` or ``an``, by the first letter."""
    return "an" if name[:1].lower() in tuple("aeiou") else "a"


def people(count: int) -> str:
    """Return ``a person``, ``two people``, ``a group of 12 people``."""
    if count >= len(_NUMBERS):
        return f"a group of {count} people"
    return "a person" if count == 1 else f"{_NUMBERS[count]} people"


def camera(name: str) -> str:
    """Return ``Nikon Z 6`` for ``NIKON CORPORATION NIKON Z 6``: what a person calls the camera."""
    words = [word for word in re.split(r"[\s,]+", _OF_COMPANIES.sub(" ", name)) if word]
    if words and any(words[0].lower() in word.lower() for word in words[1:]):
        words = words[1:]
    return " ".join(_in_lower_case(word, is_first=place == 0) for place, word in enumerate(words))


def _in_lower_case(word: str, *, is_first: bool) -> str:
    is_shouted = word.isupper() and word.isalpha() and len(word) > 3
    return word.capitalize() if is_shouted or (is_first and word.islower() and word.isalpha()) else word


def others(count: int) -> str:
    """Return ``one other``, ``two others``, ``12 others``."""
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} other{'' if count == 1 else 's'}"


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


def capitalised(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Return the text with a capital first letter and a full stop."""
    return f"{capitalised(text)}."


def shortened(text: str, limit: int) -> str:
    """Return the text, cut at a word and with an ellipsis if it has more than ``limit`` characters."""
    if len(text) <= limit:
        return text
    return (text[:limit].rpartition(" ")[0] or text[: limit - 1])[: limit - 1].rstrip(" ,") + "…"
