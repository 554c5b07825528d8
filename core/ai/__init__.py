"""Says what a photo shows: one interface, behind which a model on the network or none at all can stand."""

from __future__ import annotations

from core.ai.provider import (
    Answered,
    CameraSettings,
    Confidences,
    Description,
    DetectedEvent,
    DetectedObject,
    KnownPerson,
    PhotoFacts,
    Provider,
    Question,
    Usage,
)

__all__ = [
    "Answered",
    "CameraSettings",
    "Confidences",
    "Description",
    "DetectedEvent",
    "DetectedObject",
    "KnownPerson",
    "PhotoFacts",
    "Provider",
    "Question",
    "Usage",
]
