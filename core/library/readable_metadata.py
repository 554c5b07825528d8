"""What of a photo's stored ``metadata`` can be read? Clients may have stored anything in it, before it was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.ai.provider import Confidences, Coordinates
from core.library import described

_WORDS: Final = ("shortDescription", "longDescription", "provider", "version")

_SHAPES: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("title", "label", "embeddedDescription"), str),
    "isRejected": bool,
    "people": list[str],
    "keywordPaths": list[list[str]],
    "place": {**dict.fromkeys(("name", "region", "country", "countryCode"), str), "isGivenByPerson": bool},
    "ai": {
        **dict.fromkeys((*_WORDS, described.MODEL, described.PROMPT_VERSION, described.DESCRIBED_AT), str),
        described.TAGS: list[str],
        "aiConfidenceScores": Confidences,
        "gpsCoordinates": Coordinates,
    },
    "exif": {"orientation": str},
    "faceDetection": {"timestamp": str, "method": str},
}
"""What sidecars, Gold files and providers are told of, and of what type it is."""


def readable(metadata: Any) -> dict[str, Any]:
    """``metadata`` without those values of known keys that are of another type than they have to be.

    What is unknown stays as it is, and so does ``None``; an object that is none is an empty one.
    """
    return _of_shape(metadata, _SHAPES)


def _of_shape(found: Any, shapes: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        return {}
    kept: dict[str, Any] = {}
    for key, value in found.items():
        shape = shapes.get(key, Any)
        if isinstance(shape, Mapping):
            kept[key] = _of_shape(value, shape)
        elif value is None or _is_of_type(value, shape):
            kept[key] = value
    return kept


def _is_of_type(value: Any, shape: Any) -> bool:
    try:
        msgspec.convert(value, shape, strict=False)
    except msgspec.ValidationError:
        return False
    return True
