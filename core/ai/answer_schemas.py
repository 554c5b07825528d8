"""The shapes of answers as JSON schemas, for servers that hold models to them.

Every property is required and no other is allowed, which OpenAI's strict mode wants; what may be missing may be null.
"""

from __future__ import annotations

from typing import Any, Final


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_BOX_OR_NULL: Final = {"anyOf": [_list_of(_NUMBER), {"type": "null"}]}

ANALYSIS: Final = _object(
    aiTags=_list_of(_TEXT),
    shortDescription=_TEXT,
    longDescription=_TEXT,
    detectedObjects=_list_of(_object(name=_TEXT, confidence=_NUMBER, boundingBox=_BOX_OR_NULL)),
    detectedEvents=_list_of(_object(eventType=_TEXT, eventName=_TEXT, confidence=_NUMBER)),
    placeName=_TEXT_OR_NULL,
    gpsCoordinates={"anyOf": [_object(latitude=_NUMBER, longitude=_NUMBER), {"type": "null"}]},
    aiConfidenceScores=_object(
        tags=_NUMBER, description=_NUMBER, objects=_NUMBER, faces=_NUMBER, events=_NUMBER, place=_NUMBER
    ),
)

NAME: Final = _object(description=_TEXT)

LINES: Final = _object(shortDescription=_TEXT, longDescription=_TEXT)
