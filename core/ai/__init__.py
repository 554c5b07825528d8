"""Says what a photo shows: one interface, behind which a model on the network or none at all can stand."""

from __future__ import annotations

from core.ai.provider import Confidences, Description, DetectedEvent, DetectedObject, PhotoFacts, Provider

__all__ = ["Confidences", "Description", "DetectedEvent", "DetectedObject", "PhotoFacts", "Provider"]
