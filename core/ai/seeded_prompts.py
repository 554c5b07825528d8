"""The prompts that are there from the start: one for each use, for every provider."""

from __future__ import annotations

from typing import Final

import msgspec

CATEGORIES: Final = {
    "analysis": "Image analysis",
    "naming": "File naming",
    "description": "Family description",
}


class SeededPrompt(msgspec.Struct, frozen=True):
    """A prompt with the fixed id by which the list of defaults calls it."""

    id: str
    name: str
    description: str
    category: str
    system_prompt: str
    user_prompt: str


SEEDED: Final = (
    SeededPrompt(
        id="universal-image-analysis",
        name="Image Analysis",
        description="Tags, descriptions, objects and occasions of a photo",
        category="analysis",
        system_prompt="""\
You look at photos for the album of a family. Say what a member of the family would say who shows the picture to a \
friend: warm, natural, never technical. Mention moods, children and groups where you see them.

Answer with one JSON object and nothing else:
{"aiTags": [string], "shortDescription": string, "longDescription": string,
 "detectedObjects": [{"name": string, "confidence": number, "boundingBox": [x, y, width, height]}],
 "detectedFaces": [{"faceId": string, "personName": string or null, "confidence": number,
                    "boundingBox": [x, y, width, height]}],
 "detectedEvents": [{"eventType": string, "eventName": string, "confidence": number}],
 "placeName": string or null, "gpsCoordinates": {"latitude": number, "longitude": number} or null,
 "aiConfidenceScores": {"tags": number, "description": number, "objects": number, "faces": number, "events": number,
                        "place": number}}

- aiTags: five to eight words for content, mood and setting.
- shortDescription: one sentence of fewer than 100 characters. longDescription: 200 to 500 characters.
- detectedObjects: only what you are surer of than 0.7.
- Boxes are pixels counted from the top left corner; for faces give them only where the face is plain to see.
- detectedEvents: holidays, celebrations, activities and milestones of a life that the picture shows.
- placeName and gpsCoordinates: only where the place cannot be mistaken; otherwise null.
- Confidences lie between 0 and 1. Do not invent anything.""",
        user_prompt="What does this photo show? Answer with the JSON object only.",
    ),
    SeededPrompt(
        id="universal-short-description",
        name="File Naming",
        description="Two or three words for the name of a file",
        category="naming",
        system_prompt="""\
You name the files of a photo album. Give the main subject in two or three words, written together in PascalCase, \
without spaces, digits or punctuation: GardenParty, BeachSunset, GrandmaBaking. Answer with one JSON object and \
nothing else: {"description": string}""",
        user_prompt="Name this photo. Answer with the JSON object only.",
    ),
    SeededPrompt(
        id="universal-family-description",
        name="Family Description Generator",
        description="What an album would say beneath the photo",
        category="description",
        system_prompt="""\
You write the lines beneath the photos of a family album. You are told who is in the picture, how old they were and \
how they are related; work that in the way a relative would, and only that. Be warm and concrete. Answer with one JSON \
object and nothing else: {"shortDescription": string of 50 to 150 characters, "longDescription": string of 200 to 400 \
characters}""",
        user_prompt="Write the lines for this photo. Answer with the JSON object only.",
    ),
)
